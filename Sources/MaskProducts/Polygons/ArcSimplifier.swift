/// Simplifies arcs with Douglas and Peucker's algorithm, and leaves the topology of the map as it was.
///
/// A straight line may replace a stretch of an arc under two conditions: no vertex of the stretch is further from it
/// than the tolerance, and the area between the line and the stretch holds no corner of any other boundary, nor of the
/// rest of this one (de Berg, van Kreveld and Schirra, "Topologically correct subdivision simplification using the
/// bandwidth criterion", 1998). The corners are those of the mask before simplification, so arcs can be simplified one
/// by one in any order: lines that meet these conditions never cross. An arc that bends keeps at least one vertex
/// between its ends, because two arcs between the same nodes could otherwise become the same line.
final class ArcSimplifier {
    var corners: CornerMap
    private let tolerance: Double
    private var isKept: [Bool] = []
    private var stretches: [(first: Int, last: Int, isWhole: Bool)] = []

    /// - Parameters:
    ///   - tolerance: the largest distance of a dropped vertex from its line, in pixels.
    ///   - rows: the number of lattice lines that the longest arc spans.
    init(tolerance: Double, width: Int, rows: Int) {
        self.tolerance = tolerance
        corners = CornerMap(width: width, rows: rows)
    }

    /// - Parameter arc: all corners of an arc. The arc is a loop if the last corner is the first one.
    /// - Returns: the corners that are kept.
    func simplify(_ arc: [LatticePoint]) -> [LatticePoint] {
        guard arc.count > 2 else { return arc }
        isKept.removeAll(keepingCapacity: true)
        isKept.append(contentsOf: repeatElement(false, count: arc.count))
        (isKept[0], isKept[arc.count - 1]) = (true, true)
        stretches.removeAll(keepingCapacity: true)
        if arc[0] == arc[arc.count - 1] {
            let (middle, _) = farthest(arc, 0, arc.count - 1)
            isKept[middle] = true
            stretches += [(0, middle, true), (middle, arc.count - 1, true)]
        } else {
            stretches.append((0, arc.count - 1, true))
        }
        while let (first, last, isWhole) = stretches.popLast() {
            guard last - first > 1 else { continue }
            let (middle, distance) = farthest(arc, first, last)
            if !isWhole, distance <= tolerance, isClear(arc, first, last, distance) { continue }
            isKept[middle] = true
            stretches += [(first, middle, false), (middle, last, false)]
        }
        return arc.indices.filter { isKept[$0] }.map { arc[$0] }
    }

    /// Returns the vertex that is furthest from the line between two others, and its distance. Of several that are
    /// equally far, it is the first.
    private func farthest(_ arc: [LatticePoint], _ first: Int, _ last: Int) -> (Int, Double) {
        let line = Line(arc[first], arc[last])
        var (place, largest) = (first + 1, -1.0)
        for index in first + 1..<last {
            let distance = line.distance(arc[index])
            if distance > largest { (place, largest) = (index, distance) }
        }
        return (place, largest)
    }

    /// Returns true if the area between a stretch and the line that replaces it, its border included, holds no other
    /// corner.
    private func isClear(_ arc: [LatticePoint], _ first: Int, _ last: Int, _ distance: Double) -> Bool {
        let stretch = arc[first...last]
        let line = Line(arc[first], arc[last])
        guard line.length > 0 else { return false }
        // Where a stretch goes back and forth along the line, areas overlap: every corner near the line then counts as
        // inside.
        let goesForth = zip(stretch, stretch.dropFirst()).allSatisfy { line.progress($0) <= line.progress($1) }
        let (left, right) = (Int(stretch.map(\.x).min()!), Int(stretch.map(\.x).max()!))
        let (top, bottom) = (Int(stretch.map(\.y).min()!), Int(stretch.map(\.y).max()!))
        for row in top...bottom {
            guard let range = line.columns(onRow: row, within: distance, from: left, to: right) else { continue }
            var column = range.lowerBound
            while column <= range.upperBound, let corner = corners.first(in: column...range.upperBound, line: row) {
                let point = LatticePoint(x: Int32(corner), y: Int32(row))
                if !stretch.contains(point), !goesForth || line.encloses(point, with: stretch) { return false }
                column = corner + 1
            }
        }
        return true
    }
}

extension ArcSimplifier {
    /// A straight line that may replace a stretch of an arc.
    private struct Line {
        let start: LatticePoint
        let dx: Double
        let dy: Double
        let length: Double

        init(_ start: LatticePoint, _ end: LatticePoint) {
            self.start = start
            dx = Double(end.x - start.x)
            dy = Double(end.y - start.y)
            length = (dx * dx + dy * dy).squareRoot()
        }

        /// Returns the distance of a point from the infinite line, or from the start if the line has no length.
        func distance(_ point: LatticePoint) -> Double {
            let (x, y) = (Double(point.x - start.x), Double(point.y - start.y))
            return length == 0 ? (x * x + y * y).squareRoot() : abs(dx * y - dy * x) / length
        }

        /// Returns how far along the line a point is, multiplied by the line's length.
        func progress(_ point: LatticePoint) -> Double {
            Double(point.x - start.x) * dx + Double(point.y - start.y) * dy
        }

        /// Returns the columns of a row that are no further from the line than `distance`.
        func columns(onRow row: Int, within distance: Double, from left: Int, to right: Int) -> ClosedRange<Int>? {
            guard dy != 0 else { return left...right }
            let center = Double(start.x) + (Double(row) - Double(start.y)) * dx / dy
            let half = distance * length / abs(dy) + 1e-6
            let first = max(left, Int(max(Double(left), (center - half).rounded(.up))))
            let last = min(right, Int(min(Double(right), (center + half).rounded(.down))))
            return first <= last ? first...last : nil
        }

        /// Returns true if a point lies on the line, or between it and a stretch that only goes forward along it. The
        /// point must not be a vertex of the stretch.
        func encloses(_ point: LatticePoint, with stretch: ArraySlice<LatticePoint>) -> Bool {
            let onLine = dx * Double(point.y - start.y) - dy * Double(point.x - start.x)
            let place = progress(point)
            guard place >= 0, place <= length * length else { return false }
            if onLine == 0 { return true }
            // A ray from the point along a row crosses the closed line around the area an odd number of times.
            var isInside = false
            var previous = stretch.last!
            for vertex in stretch {
                if (previous.y > point.y) != (vertex.y > point.y) {
                    let part = Double(point.y - previous.y) / Double(vertex.y - previous.y)
                    let crossing = Double(previous.x) + part * Double(vertex.x - previous.x)
                    if crossing > Double(point.x) { isInside.toggle() }
                }
                previous = vertex
            }
            return isInside
        }
    }
}
