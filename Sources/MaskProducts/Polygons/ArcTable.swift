/// The finished pieces of boundary. Each runs between two nodes, or is a loop, and has one region on either side.
///
/// Both regions refer to the same arc, so their borders agree to the last vertex, simplified or not. A region follows
/// an arc in the direction that has the region on the left, as seen on the screen. The number of an arc's side is `2 *
/// arc` (left) or `2 * arc + 1` (right); 0 means none.
final class ArcTable {
    struct Arc: BitwiseCopyable {
        /// The steps from vertex to vertex, in `VertexCode`.
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: Int32 = 0
        var start = LatticePoint(x: 0, y: 0)
        var end = LatticePoint(x: 0, y: 0)
        /// The next sides in two lists: that of the region on the left, and that of the region on the right.
        var next: (left: UInt32, right: UInt32) = (0, 0)
        /// Twice the signed area that the arc sweeps around (0, 0), before simplification.
        var area = 0
        /// The directions in which the boundary on the lattice leaves the start and reaches the end.
        var startHeading = Heading.east
        var endHeading = Heading.east
        /// True if the boundary was cut at this end only to bound memory.
        var startsAtPin = false
        var endsAtPin = false
        var sides: UInt8 = 0
    }

    private let pool = Pool(blank: Arc())
    private var scratch: [UInt8] = []

    deinit { for number in pool.numbers { pool[number].bytes?.deallocate() } }

    /// - Parameters:
    ///   - corners: all corners of the boundary on the lattice.
    ///   - vertices: the corners that are kept.
    ///   - sides: the number of regions that will take the arc.
    func make(
        corners: [LatticePoint], vertices: [LatticePoint], pins: (start: Bool, end: Bool), sides: UInt8
    ) -> UInt32 {
        let (first, last) = (corners.first!, corners.last!)
        if scratch.count < vertices.count * 2 * VertexCode.longest {
            scratch = [UInt8](repeating: 0, count: vertices.count * 3 * VertexCode.longest)
        }
        let count = scratch.withUnsafeMutableBufferPointer { scratch in
            var (count, previous) = (0, first)
            for vertex in vertices.dropFirst() {
                count += VertexCode.write(VertexCode.zigzag(vertex.x &- previous.x), to: scratch.baseAddress! + count)
                count += VertexCode.write(VertexCode.zigzag(vertex.y &- previous.y), to: scratch.baseAddress! + count)
                previous = vertex
            }
            return count
        }
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        scratch.withUnsafeBufferPointer { bytes.initialize(from: $0.baseAddress!, count: count) }
        var area = 0
        for index in 1..<corners.count { area += corners[index - 1].cross(corners[index]) }
        let number = pool.make()
        pool[number] = Arc(
            bytes: bytes, count: Int32(count), start: first, end: last, area: area,
            startHeading: Heading(from: first, to: corners[1]),
            endHeading: Heading(from: corners[corners.count - 2], to: last), startsAtPin: pins.start,
            endsAtPin: pins.end, sides: sides)
        return number
    }

    /// Puts a side in front of a list of sides.
    func link(_ side: UInt32, before list: UInt32) {
        if side & 1 == 0 { pool[side >> 1].next.left = list } else { pool[side >> 1].next.right = list }
    }

    func next(after side: UInt32) -> UInt32 {
        side & 1 == 0 ? pool[side >> 1].next.left : pool[side >> 1].next.right
    }

    func start(of side: UInt32) -> LatticePoint { side & 1 == 0 ? pool[side >> 1].start : pool[side >> 1].end }
    func end(of side: UInt32) -> LatticePoint { side & 1 == 0 ? pool[side >> 1].end : pool[side >> 1].start }
    func area(of side: UInt32) -> Int { side & 1 == 0 ? pool[side >> 1].area : -pool[side >> 1].area }

    func startHeading(of side: UInt32) -> Heading {
        side & 1 == 0 ? pool[side >> 1].startHeading : pool[side >> 1].endHeading.opposite
    }

    func endHeading(of side: UInt32) -> Heading {
        side & 1 == 0 ? pool[side >> 1].endHeading : pool[side >> 1].startHeading.opposite
    }

    /// Appends the vertices of an arc except the last one, in the direction of a side, and releases the side.
    ///
    /// - Parameter pins: gets the indices in `points` of vertices at which the boundary was cut only to bound memory.
    func take(_ side: UInt32, into points: inout [LatticePoint], pins: inout [Int]) {
        let arc = pool[side >> 1]
        let isReversed = side & 1 == 1
        if isReversed ? arc.endsAtPin : arc.startsAtPin { pins.append(points.count) }
        let first = points.count
        var (point, offset) = (arc.start, 0)
        points.append(point)
        if let bytes = arc.bytes {
            while offset < Int(arc.count) {
                point.x &+= VertexCode.unzigzag(VertexCode.read(bytes, &offset))
                point.y &+= VertexCode.unzigzag(VertexCode.read(bytes, &offset))
                points.append(point)
            }
        }
        if isReversed { points[first...].reverse() }
        points.removeLast()
        release(side)
    }

    /// Frees the arc if the regions on both of its sides are finished with it.
    func release(_ side: UInt32) {
        let number = side >> 1
        pool[number].sides -= 1
        guard pool[number].sides == 0 else { return }
        pool[number].bytes?.deallocate()
        pool[number].bytes = nil
        pool.release(number)
    }
}
