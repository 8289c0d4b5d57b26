/// Joins the arcs of a piece into the rings of its polygon.
///
/// The piece lies on the left of every line of its boundary, as seen on the screen. At a corner where the piece touches
/// itself, the boundary turns to stay with the same pixel, and a ring that passes a corner twice is cut in two there.
/// So each ring passes a point once, and the rings make a valid polygon (OGC 06-103r4, 6.1.11) of any piece that is
/// connected by sides. The exterior is the ring that has the piece inside.
final class RingAssembler {
    private struct Departure: Hashable {
        var node: LatticePoint
        var heading: Heading
    }

    private let arcs: ArcTable
    /// The sides of arcs, ring by ring.
    private var sequence: [UInt32] = []
    private var rings: [Range<Int>] = []
    private var exterior = 0
    private var open: [UInt32] = []
    private var isUsed: [Bool] = []
    private var departures: [Departure: Int] = [:]
    private var path: [UInt32] = []
    private var points: [LatticePoint] = []
    private var pins: [Int] = []

    init(arcs: ArcTable) { self.arcs = arcs }

    /// - Parameters:
    ///   - list: the list of all sides of the piece.
    ///   - body: receives the exterior first and then each hole, without the first point repeated at the end. Exteriors
    ///     are counterclockwise on the screen, holes clockwise.
    func assemble(_ list: UInt32, _ body: ([LatticePoint]) -> Void) {
        sequence.removeAll(keepingCapacity: true)
        rings.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
        var side = list
        while side != 0 {
            if arcs.start(of: side) == arcs.end(of: side) { add([side]) } else { open.append(side) }
            side = arcs.next(after: side)
        }
        close()
        emit(rings[exterior], body)
        for (index, ring) in rings.enumerated() where index != exterior { emit(ring, body) }
        if points.capacity > Self.pointsKept { points = [] }
    }

    /// The most points for which memory is kept from one piece to the next.
    private static let pointsKept = 1 << 16

    private func add(_ ring: some Collection<UInt32>) {
        let first = sequence.count
        sequence.append(contentsOf: ring)
        var area = 0
        for side in ring { area += arcs.area(of: side) }
        // Rows are counted downwards: counterclockwise on the screen is negative.
        if area < 0 { exterior = rings.count }
        rings.append(first..<sequence.count)
    }

    /// Joins the arcs between nodes into rings.
    private func close() {
        guard !open.isEmpty else { return }
        isUsed.removeAll(keepingCapacity: true)
        isUsed.append(contentsOf: repeatElement(false, count: open.count))
        departures.removeAll(keepingCapacity: true)
        if open.count > 12 {
            for (index, side) in open.enumerated() {
                departures[Departure(node: arcs.start(of: side), heading: arcs.startHeading(of: side))] = index
            }
        }
        for first in open.indices where !isUsed[first] {
            path.removeAll(keepingCapacity: true)
            var index = first
            repeat {
                isUsed[index] = true
                path.append(open[index])
                index = next(after: open[index])
            } while index != first
            split()
        }
        if open.count >= 10000 { departures = [:] }
    }

    /// Returns the arc that continues where a side ends: the leftmost one, so that the ring stays with the same pixel.
    private func next(after side: UInt32) -> Int {
        let (node, heading) = (arcs.end(of: side), arcs.endHeading(of: side))
        for turned in [heading.left, heading, heading.right] {
            if open.count > 12 {
                if let index = departures[Departure(node: node, heading: turned)] { return index }
            } else {
                let index = open.firstIndex { arcs.start(of: $0) == node && arcs.startHeading(of: $0) == turned }
                if let index { return index }
            }
        }
        preconditionFailure("a boundary ends at column \(node.x), row \(node.y)")
    }

    /// Cuts a ring into rings that pass each node once.
    private func split() {
        var (stack, places): ([UInt32], [LatticePoint: Int]) = ([], [:])
        let hasRepeats =
            path.count > 12
            || path.indices.contains { index in
                path[..<index].contains { arcs.start(of: $0) == arcs.start(of: path[index]) }
            }
        guard hasRepeats else { return add(path) }
        places[arcs.start(of: path[0])] = 0
        for side in path {
            stack.append(side)
            let node = arcs.end(of: side)
            if let place = places[node] {
                add(stack[place...])
                for inner in stack[(place + 1)...] { places[arcs.start(of: inner)] = nil }
                stack.removeSubrange(place...)
            } else {
                places[node] = stack.count
            }
        }
    }

    private func emit(_ ring: Range<Int>, _ body: ([LatticePoint]) -> Void) {
        points.removeAll(keepingCapacity: true)
        pins.removeAll(keepingCapacity: true)
        for index in ring { arcs.take(sequence[index], into: &points, pins: &pins) }
        if !pins.isEmpty { straighten() }
        body(points)
    }

    /// Removes the memory-bounding cuts that lie on straight lines.
    private func straighten() {
        var isGone = [Int: Bool]()
        for pin in pins {
            let before = points[pin == 0 ? points.count - 1 : pin - 1]
            let after = points[pin == points.count - 1 ? 0 : pin + 1]
            let (x, y) = (points[pin].x, points[pin].y)
            let turn =
                Int(x - before.x) * Int(after.y - y) - Int(y - before.y) * Int(after.x - x)
            if turn == 0 { isGone[pin] = true }
        }
        guard !isGone.isEmpty else { return }
        points = points.indices.filter { isGone[$0] == nil }.map { points[$0] }
    }
}
