import COvertileKernels
import NetworkGraph

extension TrainingRun {
    /// Gives a plane of a gradient to a map of the same size, or adds it to what is there.
    func pass(
        _ gradient: UnsafeMutablePointer<Float>, to map: Int, _ sample: Int, _ plane: Int, isAdding: Bool
    ) {
        let stored = maps[map]
        let to = self.gradient(map, sample) + plane * stored.plane
        if isAdding {
            kernels.gradients.add(
                stored.height, stored.width, overtile_plane(pixels: gradient, row: stored.row), to, stored.row)
        } else {
            to.update(from: gradient, count: stored.plane)
        }
    }
}

/// A function of each value for itself, with the derivative that its value and result give.
final class ActivationOperation: TrainingOperation, @unchecked Sendable {
    // @unchecked: planned before it runs.
    let result: Int
    private let source: Int
    private let map: StoredMap
    private let function: DifferentiableFunction
    private var isAdding = false

    init(_ function: DifferentiableFunction, from source: Int, to result: Int, maps: [StoredMap]) {
        self.function = function
        self.source = source
        self.result = result
        map = maps[source]
    }

    var sources: [Int] { [source] }
    var gradientReads: [Int] { [source, result] }
    var gradientWrites: [Int] { [source] }
    var scratchByteCount: Int { 0 }
    func plan(adding: Set<Int>) { isAdding = adding.contains(source) }

    func forward(_ run: TrainingRun) {
        run.workers.run(run.batch * map.planes) { part, _ in
            let at = part % self.map.planes * self.map.plane
            let sample = part / self.map.planes
            let (from, to) = (run.values(self.source, sample) + at, run.values(self.result, sample) + at)
            for index in 0..<self.map.plane { to[index] = self.function.value(from[index]) }
        }
    }

    func backward(_ run: TrainingRun) {
        let isShared = run.sharesGradient(source, result)
        run.workers.run(run.batch * map.planes) { part, _ in
            let (sample, plane) = (part / self.map.planes, part % self.map.planes)
            let at = plane * self.map.plane
            let (x, y) = (run.values(self.source, sample) + at, run.values(self.result, sample) + at)
            let gradient = run.gradient(self.result, sample) + at
            for index in 0..<self.map.plane { gradient[index] *= self.function.slope(x[index], y[index]) }
            if !isShared { run.pass(gradient, to: self.source, sample, plane, isAdding: self.isAdding) }
        }
    }
}

/// Max pooling, with windows that may reach beyond the map.
final class PoolingOperation: TrainingOperation, @unchecked Sendable {
    // @unchecked: planned before it runs.
    let result: Int
    private let source: Int
    private let (from, to): (StoredMap, StoredMap)
    private let (vertical, horizontal): (overtile_window, overtile_window)
    private var isAdding = false

    init(_ pooling: Pooling, from source: Int, to result: Int, maps: [StoredMap]) {
        self.source = source
        self.result = result
        (from, to) = (maps[source], maps[result])
        (vertical, horizontal) = (overtile_window(pooling.vertical), overtile_window(pooling.horizontal))
    }

    var sources: [Int] { [source] }
    var gradientReads: [Int] { [source, result] }
    var gradientWrites: [Int] { [source] }
    var scratchByteCount: Int { 0 }
    func plan(adding: Set<Int>) { isAdding = adding.contains(source) }

    func forward(_ run: TrainingRun) {
        run.workers.run(run.batch * from.planes) { part, _ in
            let (sample, plane) = (part / self.from.planes, part % self.from.planes)
            withUnsafePointer(to: self.vertical) { vertical in
                withUnsafePointer(to: self.horizontal) { horizontal in
                    run.kernels.gradients.pooling(
                        vertical, horizontal, self.from.height, self.from.width, self.to.height, self.to.width,
                        run.values(self.source, sample) + plane * self.from.plane,
                        run.values(self.result, sample) + plane * self.to.plane)
                }
            }
        }
    }

    func backward(_ run: TrainingRun) {
        run.workers.run(run.batch * from.planes) { part, _ in
            let (sample, plane) = (part / self.from.planes, part % self.from.planes)
            let gradient = run.gradient(self.source, sample) + plane * self.from.plane
            if !self.isAdding { gradient.update(repeating: 0, count: self.from.plane) }
            withUnsafePointer(to: self.vertical) { vertical in
                withUnsafePointer(to: self.horizontal) { horizontal in
                    run.kernels.gradients.pooling_gradient(
                        vertical, horizontal, self.from.height, self.from.width, self.to.height, self.to.width,
                        run.values(self.source, sample) + plane * self.from.plane,
                        run.values(self.result, sample) + plane * self.to.plane,
                        run.gradient(self.result, sample) + plane * self.to.plane, gradient)
                }
            }
        }
    }
}

extension overtile_window {
    fileprivate init(_ window: Pooling.Window) {
        self.init(
            taps: window.taps, stride: window.stride, dilation: window.dilation, before: window.before,
            after: window.after)
    }
}

/// A map whose pixels are samples of another's: upsampling, padding by the map's own pixels, and the copy of what a view
/// shows.
final class ResamplingOperation: TrainingOperation, @unchecked Sendable {
    // @unchecked: planned before it runs.
    let result: Int
    private let source: MapView
    private let maps: [StoredMap]
    private let (rows, columns): ([overtile_sample], [overtile_sample])
    /// The first row and column of the result that has a sample; the others are zeros.
    private let (top, left): (Int, Int)
    private let planes: [(part: MapPart, plane: Int)]
    private let wanted: Set<Int>
    private var adding: Set<Int> = []

    /// - Parameters:
    ///   - rows: where each row of the result samples the view's windows.
    ///   - columns: likewise.
    init(
        _ rows: [overtile_sample], _ columns: [overtile_sample], from source: MapView, to result: Int, top: Int = 0,
        left: Int = 0, maps: [StoredMap], wanted: Set<Int>
    ) {
        self.source = source
        self.result = result
        self.maps = maps
        self.rows = rows
        self.columns = columns
        self.wanted = wanted
        (self.top, self.left) = (top, left)
        planes = source.parts.flatMap { part in (0..<maps[part.map].planes).map { (part, $0) } }
    }

    var sources: [Int] { source.parts.map(\.map) }
    var gradientReads: [Int] { [] }
    var gradientWrites: [Int] { sources.filter(wanted.contains) }
    var scratchByteCount: Int { 0 }
    func plan(adding: Set<Int>) { self.adding = adding }

    func forward(_ run: TrainingRun) {
        let to = maps[result]
        let isWhole = rows.count == to.height && columns.count == to.width
        run.workers.run(run.batch * to.planes) { part, _ in
            let (sample, plane) = (part / to.planes, part % to.planes)
            let first = run.values(self.result, sample) + plane * to.plane
            if !isWhole { first.update(repeating: 0, count: to.plane) }
            run.kernels.gradients.resample(
                self.rows, self.columns, self.rows.count, self.columns.count,
                run.plane(self.planes[plane].plane, of: self.planes[plane].part, sample),
                first + self.top * to.row + self.left * StoredMap.block, to.row)
        }
    }

    func backward(_ run: TrainingRun) {
        let from = maps[result]
        run.workers.run(run.batch * from.planes) { part, _ in
            let (sample, plane) = (part / from.planes, part % from.planes)
            let (target, targetPlane) = self.planes[plane]
            guard self.wanted.contains(target.map) else { return }
            let map = self.maps[target.map]
            let first = run.gradient(target.map, sample) + targetPlane * map.plane
            if !self.adding.contains(target.map) { first.update(repeating: 0, count: map.plane) }
            var gradient = run.gradientPlane(plane, of: self.result, sample)
            gradient.pixels += self.top * from.row + self.left * StoredMap.block
            run.kernels.gradients.resample_gradient(
                self.rows, self.columns, self.rows.count, self.columns.count, gradient,
                first + target.top * map.row + target.left * StoredMap.block, map.row)
        }
    }
}

/// The sum of two maps.
final class AdditionOperation: TrainingOperation, @unchecked Sendable {
    // @unchecked: planned before it runs.
    let result: Int
    let sources: [Int]
    private let map: StoredMap
    private let wanted: Set<Int>
    private var adding: Set<Int> = []

    init(of sources: [Int], to result: Int, maps: [StoredMap], wanted: Set<Int>) {
        self.sources = sources
        self.result = result
        self.wanted = wanted
        map = maps[result]
    }

    var gradientReads: [Int] { [] }
    var gradientWrites: [Int] { sources.filter(wanted.contains) }
    var scratchByteCount: Int { 0 }
    func plan(adding: Set<Int>) { self.adding = adding }

    func forward(_ run: TrainingRun) {
        run.workers.run(run.batch * map.planes) { part, _ in
            let (sample, at) = (part / self.map.planes, part % self.map.planes * self.map.plane)
            let to = run.values(self.result, sample) + at
            to.update(from: run.values(self.sources[0], sample) + at, count: self.map.plane)
            run.kernels.gradients.add(
                self.map.height, self.map.width,
                overtile_plane(pixels: run.values(self.sources[1], sample) + at, row: self.map.row), to, self.map.row)
        }
    }

    func backward(_ run: TrainingRun) {
        run.workers.run(run.batch * map.planes) { part, _ in
            let (sample, plane) = (part / self.map.planes, part % self.map.planes)
            let gradient = run.gradient(self.result, sample) + plane * self.map.plane
            for (index, source) in self.sources.enumerated() where self.wanted.contains(source) {
                let isAgain = index > 0 && self.sources[0] == source
                run.pass(gradient, to: source, sample, plane, isAdding: isAgain || self.adding.contains(source))
            }
        }
    }
}
