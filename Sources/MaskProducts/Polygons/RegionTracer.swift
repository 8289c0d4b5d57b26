/// Traces the regions of a mask row by row. Its memory follows the width of the mask and the boundaries of regions that
/// may still grow, never the size of the mask.
///
/// Between two rows lies a line of the lattice of pixel corners. Where a run of either row begins, up to four boundary
/// lines meet. Two of them continue each other or make a turn; three or four make a node, where arcs begin and end. The
/// pixels of a piece are connected by their sides.
final class RegionTracer {
    /// Boundaries are cut into arcs after this many rows, so that no boundary stays unfinished for longer and
    /// simplification looks back no further. The cuts show only in simplified boundaries, as a vertex that would not be
    /// needed.
    static let pinInterval = 256

    private struct Completion {
        var start: UInt32
        var left: UInt32
        var right: UInt32
    }

    let arcs = ArcTable()
    let table: RegionTable
    private let strands = StrandTable()
    private let connectsCorners: Bool
    private let simplifier: ArcSimplifier?
    private let wanted: [Bool]?
    private var upper: RunRow
    private var lower: RunRow
    /// The current row, and the line above it.
    private var row: Int32 = 0
    private var completions: [Completion] = []
    private var finished: [UInt32] = []
    private var corners: [LatticePoint] = []

    /// - Parameters:
    ///   - tolerance: the tolerance of simplification, in pixels; nil keeps the boundaries as they are.
    ///   - wanted: true for each class number, up to 65535, that becomes regions; nil for all.
    init(width: Int, connectedness: PolygonOutput.Connectedness, tolerance: Double?, wanted: [Bool]?) {
        table = RegionTable(arcs: arcs)
        connectsCorners = connectedness == .eight
        simplifier = tolerance.map { ArcSimplifier(tolerance: $0, width: width, rows: Self.pinInterval + 1) }
        self.wanted = wanted
        upper = RunRow(width: width)
        lower = RunRow(width: width)
    }

    /// Reads the next row.
    ///
    /// - Parameters:
    ///   - classes: a class for each column, -1 for none.
    ///   - areas: the square metres to the left of each column, `width + 1` values; nil if areas are not known.
    ///   - confidences: a confidence for each column; nil if there are none.
    /// - Returns: the regions that are complete now, the uppermost first. The caller gives them to `table.release`.
    func add(
        _ classes: UnsafePointer<Int32>, areas: [Double]?, confidences: UnsafePointer<UInt8>?
    ) -> [UInt32] {
        swap(&upper, &lower)
        lower.fill(classes, wanted: wanted)
        connect()
        measure(areas, confidences)
        return finishLine()
    }

    /// Ends the mask.
    ///
    /// - Returns: all remaining regions.
    func finish() -> [UInt32] {
        swap(&upper, &lower)
        lower.clear()
        return finishLine()
    }

    /// Gives each run of the new row its piece, and joins pieces that meet.
    private func connect() {
        var (above, below) = (0, 0)
        let (upper, lower) = (upper, lower)
        while true {
            let value = lower.values[below]
            if value >= 0, value == upper.values[above] {
                if lower.pieces[below] == 0 {
                    lower.pieces[below] = table.root(upper.pieces[above])
                } else {
                    table.unite(lower.pieces[below], upper.pieces[above])
                }
            }
            let (nextAbove, nextBelow) = (upper.starts[above + 1], lower.starts[below + 1])
            if nextBelow <= nextAbove, value >= 0, lower.pieces[below] == 0 {
                // The run ends, and nothing above is of its class.
                lower.pieces[below] = table.make(value: value, at: LatticePoint(x: lower.starts[below], y: row))
            }
            guard min(nextAbove, nextBelow) <= lower.width else { break }
            if nextAbove <= nextBelow { above += 1 }
            if nextBelow <= nextAbove { below += 1 }
        }
        if connectsCorners { connectCorners() }
    }

    private func connectCorners() {
        var (above, below) = (0, 0)
        let (upper, lower) = (upper, lower)
        while true {
            let (nextAbove, nextBelow) = (upper.starts[above + 1], lower.starts[below + 1])
            guard min(nextAbove, nextBelow) <= lower.width else { break }
            let (northWest, southWest) = (above, below)
            if nextAbove <= nextBelow { above += 1 }
            if nextBelow <= nextAbove { below += 1 }
            if upper.values[northWest] >= 0, upper.values[northWest] == lower.values[below] {
                table.uniteRegions(upper.pieces[northWest], lower.pieces[below])
            }
            if lower.values[southWest] >= 0, lower.values[southWest] == upper.values[above] {
                table.uniteRegions(lower.pieces[southWest], upper.pieces[above])
            }
        }
    }

    private func measure(_ areas: [Double]?, _ confidences: UnsafePointer<UInt8>?) {
        let lower = lower
        for run in 0..<lower.count where lower.values[run] >= 0 {
            let (start, end) = (Int(lower.starts[run]), Int(lower.starts[run + 1]))
            let region = table.region(of: lower.pieces[run])
            table.regions[region].pixels += end - start
            if let areas { table.regions[region].area += areas[end] - areas[start] }
            if let confidences {
                var sum = 0
                for column in start..<end { sum += Int(confidences[column]) }
                table.regions[region].confidence += sum
            }
        }
    }

    private func finishLine() -> [UInt32] {
        traceLine()
        if row > 0, Int(row) % Self.pinInterval == 0 { pin() }
        for completion in completions { makeArc(completion) }
        completions.removeAll(keepingCapacity: true)
        settle()
        row += 1
        simplifier?.corners.advance()
        return finished
    }

    /// Follows the boundary along the line between the two rows.
    private func traceLine() {
        let (upper, lower) = (upper, lower)
        var (above, below) = (0, 0)
        /// The strand that arrives along the line from the left.
        var along: UInt32 = 0
        while true {
            let (nextAbove, nextBelow) = (upper.starts[above + 1], lower.starts[below + 1])
            let column = min(nextAbove, nextBelow)
            guard column <= lower.width else { break }
            let point = LatticePoint(x: column, y: row)
            let (northWest, southWest) = (above, below)
            let (hasNorth, hasSouth) = (nextAbove == column, nextBelow == column)
            if hasNorth { above += 1 }
            if hasSouth { below += 1 }
            let hasWest = upper.values[northWest] != lower.values[southWest]
            let hasEast = upper.values[above] != lower.values[below]
            switch (hasNorth, hasWest, hasSouth, hasEast) {
            case (true, false, true, false):
                lower.strands[below] = upper.strands[above]
                continue
            case (true, true, false, false):
                strands.extend(upper.strands[above], to: point)
                strands.extend(along, to: point)
                if let (start, isLoop) = strands.join(upper.strands[above], along) {
                    let (inside, outside) = (upper.pieces[northWest], upper.pieces[above])
                    completions.append(
                        Completion(
                            start: start, left: isLoop ? inside : outside, right: isLoop ? outside : inside))
                }
            case (true, false, false, true):
                strands.extend(upper.strands[above], to: point)
                along = upper.strands[above]
            case (false, true, true, false):
                strands.extend(along, to: point)
                lower.strands[below] = along
            case (false, false, true, true):
                (along, lower.strands[below]) = strands.beginPair(at: point)
            default:
                if hasNorth {
                    end(upper.strands[above], at: point, left: upper.pieces[above], right: upper.pieces[northWest])
                }
                if hasWest { end(along, at: point, left: upper.pieces[northWest], right: lower.pieces[southWest]) }
                if hasSouth { lower.strands[below] = strands.begin(at: point, south: true) }
                if hasEast { along = strands.begin(at: point, south: false) }
            }
            simplifier?.corners.insert(column)
        }
    }

    private func end(_ strand: UInt32, at node: LatticePoint, left: UInt32, right: UInt32, pin: Bool = false) {
        strands.extend(strand, to: node)
        guard let start = strands.end(strand, pin: pin) else { return }
        completions.append(Completion(start: start, left: left, right: right))
    }

    /// Cuts all boundaries that continue downwards.
    private func pin() {
        let lower = lower
        for run in 1..<max(1, lower.count) {
            let point = LatticePoint(x: lower.starts[run], y: row)
            let strand = lower.strands[run]
            guard !(strands.isNode(strand) && strands.tip(strand) == point) else { continue }
            end(strand, at: point, left: lower.pieces[run], right: lower.pieces[run - 1], pin: true)
            lower.strands[run] = strands.begin(at: point, south: true, pin: true)
        }
    }

    private func makeArc(_ completion: Completion) {
        let (startIsPin, endIsPin) = strands.take(from: completion.start, into: &corners)
        let sides = [(completion.left, UInt32(0)), (completion.right, 1)].filter { $0.0 != 0 }
        let vertices = simplifier?.simplify(corners) ?? corners
        let arc = arcs.make(
            corners: corners, vertices: vertices, pins: (startIsPin, endIsPin), sides: UInt8(sides.count))
        for (piece, side) in sides { table.add(2 * arc + side, to: piece) }
    }

    /// Sets each run to the number of its whole piece, and finds the pieces that end above the line.
    private func settle() {
        let (upper, lower) = (upper, lower)
        for run in 0..<lower.count where lower.values[run] >= 0 {
            let piece = table.root(lower.pieces[run])
            lower.pieces[run] = piece
            table.pieces[piece].region = table.region(of: piece)
            table.pieces[piece].row = row
        }
        finished.removeAll(keepingCapacity: true)
        for run in 0..<upper.count where upper.values[run] >= 0 {
            let piece = table.root(upper.pieces[run])
            guard table.pieces[piece].row < row else { continue }
            table.pieces[piece].row = row
            if let region = table.finish(piece) { finished.append(region) }
        }
        table.forgetMerged()
        if finished.count > 1 {
            finished.sort {
                let (one, other) = (table.regions[$0].origin, table.regions[$1].origin)
                return (one.y, one.x) < (other.y, other.x)
            }
        }
    }
}
