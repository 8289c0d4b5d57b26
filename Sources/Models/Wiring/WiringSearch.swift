/// Looks for the ways in which units can follow each other as a U-Net: down with halvings, up with doublings that take the
/// skips back, and a head.
///
/// Channels decide what fits, and the order of registration and the likeness of names what is likely. The search is
/// bounded by a number of steps, whatever the list.
struct WiringSearch {
    /// The wirings that fit, the likeliest first; those that are equally likely all stand at the front.
    private(set) var wirings: [Wiring] = []
    /// The units of the longest beginning that fitted, for the error if none fits.
    private(set) var farthest: [Wiring.Step] = []
    /// True if the search ended before it was through.
    private(set) var isCutShort = false

    /// The most units that a search looks at, one time or another: it takes a second at most.
    private static let largestWork = 1_000_000
    private static let mostHalvings = 8
    /// Wirings that are this much odder than the likeliest are not kept.
    private static let tolerance = 2

    private let units: [WiringUnit]
    private let hasUpConvolutions: Bool
    /// For each unit but the first, how much its names differ from those of the one before it: 0 for the least alike of
    /// all neighbours, more for those that are more alike.
    private let closeness: [Int]
    private var work = 0
    /// The beginnings that are not carried on yet, by oddity.
    private var open = Array(repeating: [State](), count: 64)

    private struct State {
        var channels: Int
        var skips: [Int] = []
        var used: [Bool]
        var last = 0
        var isDown = true
        var steps: [Wiring.Step] = []
        var oddity = 0
        var count = 0
        /// The first unit that is left, and the first and last of those that may be up-convolutions, and of the others.
        var front: Int?
        var ends: [Bool: (first: Int, last: Int)] = [:]
    }

    init(_ units: [WiringUnit]) {
        self.units = units
        hasUpConvolutions = units.contains { $0.mayDouble }
        closeness = Self.closeness(units)
        for start in starts {
            var state = State(
                channels: units[start].inputs, used: Array(repeating: false, count: units.count))
            state.oddity = start == 0 ? 0 : 1
            take(start, &state)
            put(state)
        }
        // The likeliest beginnings are carried on first, so that the first wiring that is found is the likeliest.
        while work <= Self.largestWork, let oddity = open.firstIndex(where: { !$0.isEmpty }),
            oddity <= (wirings.first?.oddity ?? open.count) + Self.tolerance
        {
            extend(open[oddity].removeLast())
        }
        isCutShort = work > Self.largestWork
    }

    /// For each unit but the first, how much its name has in common with that of the one before it, next to what the names
    /// around them have: 0 where a level may well end, 2 where it hardly does. Names of blocks tell nothing of the kind.
    private static func closeness(_ units: [WiringUnit]) -> [Int] {
        let likeness = zip(units, units.dropFirst()).map { WiringUnit.likeness($0.last.name, $1.first.name) }
        return [0]
            + likeness.indices.map { index in
                guard units[index].isSingle, units[index + 1].isSingle else { return 0 }
                let around = [index - 1, index + 1].filter(likeness.indices.contains).map { likeness[$0] }
                if around.contains(where: { $0 < likeness[index] }) { return 2 }
                return around.contains { $0 > likeness[index] } ? 0 : 1
            }
    }

    private mutating func put(_ state: State) {
        work += 2 * units.count
        guard state.oddity < open.count else { return }
        open[state.oddity].append(state)
    }

    /// The units that may read the input: the first one, or the one that takes the fewest channels.
    private var starts: [Int] {
        let candidates = units.indices.filter { units[$0].mayConvolve }
        let fewest = candidates.min { units[$0].inputs < units[$1].inputs }
        return Array(Set([candidates.first, fewest].compactMap { $0 })).sorted()
    }

    private func take(_ index: Int, _ state: inout State) {
        state.used[index] = true
        state.channels = units[index].outputs
        state.last = index
        state.count += 1
        state.steps.append(.unit(index))
    }

    /// The oddity of a unit that is taken behind another one: nothing if it is the next, little if it is the first or last
    /// of those that are left of its kind.
    private func disorder(_ index: Int, _ state: State) -> Int {
        let next = state.last + 1
        if index == next || (index == state.front && (next >= units.count || state.used[next])) { return 0 }
        guard let ends = state.ends[units[index].mayDouble] else { return 4 }
        if index == ends.first || index == state.front { return 1 }
        return index == ends.last ? 2 : 4
    }

    /// Notes which units are left.
    private func survey(_ state: inout State) {
        state.front = nil
        state.ends = [:]
        for index in units.indices where !state.used[index] {
            state.front = state.front ?? index
            let kind = units[index].mayDouble
            state.ends[kind] = (state.ends[kind]?.first ?? index, index)
        }
    }

    private mutating func extend(_ reached: State) {
        var state = reached
        work += 4 * units.count
        if state.steps.count > farthest.count { farthest = state.steps }
        if state.count == units.count {
            if state.skips.isEmpty { wirings.append(Wiring(steps: state.steps, oddity: state.oddity)) }
            return
        }
        survey(&state)
        for index in units.indices where !state.used[index] && units[index].mayConvolve {
            if units[index].inputs == state.channels {
                if state.isDown { goDown(index, state) } else { chain(index, state) }
            }
        }
        if !state.skips.isEmpty { goUp(state) }
    }

    /// Takes a unit at the same level, on the way up or behind it.
    private mutating func chain(_ index: Int, _ state: State) {
        var next = state
        next.oddity += disorder(index, state)
        // Without up-convolutions, a single convolution to fewer channels stands behind an upsampling, not in front of it.
        if !hasUpConvolutions, !state.skips.isEmpty, units[index].isSingle, units[index].outputs < state.channels {
            next.oddity += 1
        }
        take(index, &next)
        put(next)
    }

    /// Takes a unit on the way down, at the same level and a level deeper.
    private mutating func goDown(_ index: Int, _ state: State) {
        let isNext = index == state.last + 1
        let disorder = disorder(index, state)
        guard isNext || disorder <= 2 else { return }
        let likeness = isNext ? closeness[index] : 0
        let grows = units[index].outputs > state.channels
        if state.skips.count < Self.mostHalvings {
            var deeper = state
            deeper.oddity += disorder + 2 * likeness + (grows ? 0 : 1)
            deeper.skips.append(state.channels)
            deeper.steps.append(.halve)
            take(index, &deeper)
            put(deeper)
        }
        var level = state
        level.oddity += disorder + (likeness == 0 ? 2 : 0) + (grows ? 2 : 0)
        take(index, &level)
        put(level)
    }

    /// Doubles the map, takes the last skip back, and takes the unit behind it.
    private mutating func goUp(_ state: State) {
        for index in units.indices where !state.used[index] && units[index].mayDouble {
            guard units[index].first.rows == state.channels else { continue }
            var next = state
            next.oddity += disorder(index, state)
            next.used[index] = true
            next.count += 1
            next.last = index
            next.channels = units[index].first.columns
            next.steps.append(.upConvolution(index))
            takeSkip(next)
        }
        var doubled = state
        doubled.oddity += hasUpConvolutions ? 4 : 0
        doubled.steps.append(.double)
        takeSkip(doubled)
        // A single convolution behind the upsampling, in front of the skip.
        for index in units.indices where !state.used[index] && units[index].isSingle && units[index].mayConvolve {
            guard units[index].inputs == state.channels, units[index].outputs < state.channels else { continue }
            var next = doubled
            next.oddity += disorder(index, state)
            take(index, &next)
            takeSkip(next)
        }
    }

    private mutating func takeSkip(_ state: State) {
        guard let skip = state.skips.last else { return }
        work += units.count
        for index in units.indices where !state.used[index] && units[index].mayConvolve {
            let inputs = units[index].inputs
            var ways: [(step: Wiring.Step, oddity: Int)] = []
            if inputs == state.channels + skip { ways.append((.concatenate, 0)) }
            if inputs == state.channels, skip == state.channels { ways.append((.add, 4)) }
            if inputs == state.channels { ways.append((.drop, 7)) }
            for (step, oddity) in ways {
                var next = state
                next.isDown = false
                next.skips.removeLast()
                next.oddity += oddity + disorder(index, state)
                next.steps.append(step)
                take(index, &next)
                put(next)
            }
        }
    }
}
