/// The unfinished boundaries, as far as the rows read until now show them.
///
/// As rows are read from top to bottom, a boundary appears in many places at once, as strands that run only east and
/// south. Two strands may begin at one corner, and two may end at one, which makes chains of strands. A chain becomes
/// an arc when both of its ends have reached a node, or each other. The number of a strand's end is `2 * strand` (its
/// origin) or `2 * strand + 1` (its tip).
final class StrandTable {
    struct Strand: BitwiseCopyable {
        var origin = LatticePoint(x: 0, y: 0)
        var tip = LatticePoint(x: 0, y: 0)
        /// The strand that begins at the same corner; 0 where a node is there.
        var originPartner: UInt32 = 0
        /// The strand that ends at the same corner; 0 as long as it grows, and where a node is there.
        var tipPartner: UInt32 = 0
        /// The other end of the chain, if this strand's tip is an end of one.
        var far: UInt32 = 0
        var beginsSouth = false
        var tipIsNode = false
        /// True if the node at the origin (or at the tip) is a cut that only bounds memory.
        var originIsPin = false
        var tipIsPin = false
        /// The lengths of the lines, in `VertexCode`, east and south in turn. The memory is reused by the next strand.
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: Int32 = 0
        var capacity: Int32 = 0
    }

    private let pool = Pool(blank: Strand())
    private var reversed: [LatticePoint] = []

    deinit { for number in pool.numbers { pool[number].bytes?.deallocate() } }

    func tip(_ strand: UInt32) -> LatticePoint { pool[strand].tip }

    /// Returns true if the strand has no line yet and begins at a node.
    func isNode(_ strand: UInt32) -> Bool { pool[strand].count == 0 && pool[strand].originPartner == 0 }

    /// Begins a strand at a node.
    func begin(at node: LatticePoint, south: Bool, pin: Bool = false) -> UInt32 {
        let strand = make(node, south)
        pool[strand].far = 2 * strand
        pool[strand].originIsPin = pin
        return strand
    }

    /// Begins two strands at a corner, one to the east and one to the south.
    func beginPair(at corner: LatticePoint) -> (east: UInt32, south: UInt32) {
        let (east, south) = (make(corner, false), make(corner, true))
        pool[east].originPartner = south
        pool[south].originPartner = east
        pool[east].far = 2 * south + 1
        pool[south].far = 2 * east + 1
        return (east, south)
    }

    private func make(_ point: LatticePoint, _ south: Bool) -> UInt32 {
        let number = pool.make()
        let (bytes, capacity) = (pool[number].bytes, pool[number].capacity)
        pool[number] = Strand(
            origin: point, tip: point, beginsSouth: south, bytes: bytes, count: 0, capacity: capacity)
        return number
    }

    /// Extends a strand in a straight line to a corner, where it turns or ends.
    @inline(__always)
    func extend(_ strand: UInt32, to corner: LatticePoint) {
        let length = corner.x - pool[strand].tip.x + corner.y - pool[strand].tip.y
        guard length > 0 else { return }
        pool[strand].tip = corner
        if Int(pool[strand].capacity) - Int(pool[strand].count) < VertexCode.longest { reserve(strand) }
        let count = Int(pool[strand].count)
        pool[strand].count += Int32(VertexCode.write(UInt32(length), to: pool[strand].bytes! + count))
    }

    private func reserve(_ strand: UInt32) {
        let capacity = max(16, 2 * pool[strand].capacity)
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: Int(capacity))
        if let old = pool[strand].bytes {
            bytes.update(from: old, count: Int(pool[strand].count))
            old.deallocate()
        }
        pool[strand].bytes = bytes
        pool[strand].capacity = capacity
    }

    /// Joins the tips of two strands that have met at a corner.
    ///
    /// - Returns: the end from which to follow the chain if it is now complete, else nil. The end is the far end of the
    ///   first strand's chain, or the first strand's tip if both strands belonged to one chain, which is then a loop.
    func join(_ first: UInt32, _ second: UInt32) -> (start: UInt32, isLoop: Bool)? {
        pool[first].tipPartner = second
        pool[second].tipPartner = first
        let (one, other) = (pool[first].far, pool[second].far)
        if one == 2 * second + 1 { return (2 * first + 1, true) }
        if one & 1 == 1 { pool[one >> 1].far = other }
        if other & 1 == 1 { pool[other >> 1].far = one }
        return isFixed(one) && isFixed(other) ? (one, false) : nil
    }

    /// Ends a strand at a node, its tip.
    ///
    /// - Returns: the other end of the chain if it is now complete, else nil.
    func end(_ strand: UInt32, pin: Bool) -> UInt32? {
        pool[strand].tipIsNode = true
        pool[strand].tipIsPin = pin
        let far = pool[strand].far
        if isFixed(far) { return far }
        pool[far >> 1].far = 2 * strand + 1
        return nil
    }

    private func isFixed(_ end: UInt32) -> Bool { end & 1 == 0 || pool[end >> 1].tipIsNode }

    /// Collects the corners of a complete chain from one end to the other, without repeats, and releases its strands. A
    /// loop ends with the corner that it began with.
    ///
    /// - Returns: for each end, true if it is a cut that only bounds memory.
    func take(from start: UInt32, into points: inout [LatticePoint]) -> (startIsPin: Bool, endIsPin: Bool) {
        points.removeAll(keepingCapacity: true)
        let startIsPin = start & 1 == 0 ? pool[start >> 1].originIsPin : pool[start >> 1].tipIsPin
        var endIsPin = false
        var (strand, atTip) = (start >> 1, start & 1 == 1)
        repeat {
            append(strand, reversed: atTip, to: &points)
            let next = atTip ? pool[strand].originPartner : pool[strand].tipPartner
            endIsPin = atTip ? pool[strand].originIsPin : pool[strand].tipIsPin
            pool.release(strand)
            (strand, atTip) = (next, !atTip)
            // The last strand of a loop leads back to the first.
        } while strand != 0 && strand != start >> 1
        return (startIsPin, endIsPin)
    }

    private func append(_ strand: UInt32, reversed isReversed: Bool, to points: inout [LatticePoint]) {
        let count = Int(pool[strand].count)
        var (point, goesSouth, offset) = (pool[strand].origin, pool[strand].beginsSouth, 0)
        if isReversed { reversed.removeAll(keepingCapacity: true) }
        func put(_ point: LatticePoint) {
            if isReversed {
                reversed.append(point)
            } else if points.last != point {
                points.append(point)
            }
        }
        put(point)
        while offset < count, let bytes = pool[strand].bytes {
            let length = Int32(VertexCode.read(bytes, &offset))
            if goesSouth { point.y += length } else { point.x += length }
            goesSouth.toggle()
            put(point)
        }
        guard isReversed else { return }
        for point in reversed.reversed() where points.last != point { points.append(point) }
    }
}
