import TileGeometry

/// The convex hull of the pixels that have data, in pixels from the raster's upper left corner.
struct ValidOutline {
    /// The corners in order; empty if no pixel has data.
    let corners: [(column: Double, row: Double)]

    /// The number of points on each side of the hull, including its first corner. In another projection, sides are
    /// curves.
    private static let pointsOnSide = 16

    /// - Parameters:
    ///   - validity: height x width of a reduced raster, 0 where there is no data.
    ///   - grid: the size of the reduced raster.
    ///   - size: the size of the raster itself.
    init(validity: [UInt8], grid: PixelSize, of size: PixelSize) {
        var points: [(x: Int, y: Int)] = []
        for y in 0..<grid.height {
            let row = validity[y * grid.width..<(y + 1) * grid.width]
            guard let first = row.firstIndex(where: { $0 != 0 }), let last = row.lastIndex(where: { $0 != 0 }) else {
                continue
            }
            let (left, right) = (first - row.startIndex, last - row.startIndex + 1)
            points += [(left, y), (left, y + 1), (right, y), (right, y + 1)]
        }
        points.sort { ($0.x, $0.y) < ($1.x, $1.y) }
        let hull = points.isEmpty ? [] : Self.chain(points).dropLast() + Self.chain(points.reversed()).dropLast()
        corners = hull.map { point in
            (
                Double(point.x) / Double(grid.width) * Double(size.width),
                Double(point.y) / Double(grid.height) * Double(size.height)
            )
        }
    }

    /// The corners and points between them.
    var points: [(column: Double, row: Double)] {
        zip(corners, corners.dropFirst() + corners.prefix(1)).flatMap { start, end in
            (0..<Self.pointsOnSide).map { step in
                let share = Double(step) / Double(Self.pointsOnSide)
                return (
                    start.column + share * (end.column - start.column), start.row + share * (end.row - start.row)
                )
            }
        }
    }

    /// One half of the hull (Andrew's monotone chain).
    private static func chain(_ points: [(x: Int, y: Int)]) -> [(x: Int, y: Int)] {
        var chain: [(x: Int, y: Int)] = []
        for point in points {
            while chain.count >= 2 {
                let (a, b) = (chain[chain.count - 2], chain[chain.count - 1])
                guard (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) <= 0 else { break }
                chain.removeLast()
            }
            chain.append(point)
        }
        return chain
    }
}
