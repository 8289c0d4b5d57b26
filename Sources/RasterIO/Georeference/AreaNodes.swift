import TileGeometry

/// The area of a pixel in square metres as a smooth function of its position, interpolated from values at the centres
/// of the cells of a coarse grid.
///
/// The values are at centres because the edges of the raster may be those of the map, and beyond them there is no
/// ground to measure.
///
/// At such a node the value is that of the area element |dP/dcolumn x dP/drow|, P being the place in geocentric
/// coordinates: no pole and no antimeridian is special to it. Between nodes it is a cubic polynomial along columns and
/// rows. The grid is refined until a finer one says the same.
struct AreaNodes: Sendable {
    private let size: PixelSize
    /// The number of cells along each side.
    let count: Int
    /// The area of a pixel in square metres at each node, count x count, row by row.
    private let values: [Double]

    /// The grid is refined until it differs from the one before by no more than this. The remaining error is a tenth of
    /// it.
    private static let tolerance = 1e-5
    private static let coarsest = 16
    private static let finest = 128

    /// Measures a raster. Returns nil if no node has a place on the ground.
    init?(size: PixelSize, _ locator: PixelToGeocentric) {
        var nodes = AreaNodes(size: size, count: Self.coarsest, locator)
        while nodes.count < Self.finest {
            let finer = AreaNodes(size: size, count: nodes.count * 2, locator)
            let isDone = nodes.agrees(with: finer)
            nodes = finer
            if isDone { break }
        }
        guard nodes.values.contains(where: { $0 > 0 }) else { return nil }
        self = nodes
    }

    private init(size: PixelSize, count: Int, _ locator: PixelToGeocentric) {
        self.size = size
        self.count = count
        let (width, height) = (Double(size.width) / Double(count), Double(size.height) / Double(count))
        // Large enough for the digits of the coordinates, small against what they bend.
        let (stepX, stepY) = (width / 64, height / 64)
        var values: [Double] = []
        for row in 0..<count {
            var pixels: [(column: Double, row: Double)] = []
            for column in 0..<count {
                let (x, y) = ((Double(column) + 0.5) * width, (Double(row) + 0.5) * height)
                pixels += [(x - stepX, y), (x + stepX, y), (x, y - stepY), (x, y + stepY)]
            }
            let places = locator.places(pixels)
            for column in 0..<count {
                let along = (places[4 * column + 1] - places[4 * column]) / (2 * stepX)
                let down = (places[4 * column + 3] - places[4 * column + 2]) / (2 * stepY)
                let area = Self.length(Self.cross(along, down))
                // Outside the map there is no ground.
                values.append(area.isFinite ? area : 0)
            }
        }
        self.values = values
    }

    /// Returns true if these nodes predict the values of a grid of half the spacing.
    private func agrees(with finer: AreaNodes) -> Bool {
        for row in 0..<finer.count {
            let line = line(atRow: (Double(row) + 0.5) / 2)
            for column in 0..<finer.count {
                let value = finer.values[row * finer.count + column]
                let (first, weights) = stencil((Double(column) + 0.5) / 2)
                let guess = (0..<4).reduce(0) { $0 + weights[$1] * line[first + $1] }
                guard abs(guess - value) <= Self.tolerance * value else { return false }
            }
        }
        return true
    }

    /// Returns the first of four nodes around a position, which is in cells from the raster's edge, and the weights of
    /// the cubic polynomial through them. Near the edges, the four nodes are not centred.
    private func stencil(_ place: Double) -> (first: Int, weights: SIMD4<Double>) {
        let first = firstNode(ofCell: Int(place))
        let t = place - 0.5 - Double(first)
        let (t1, t2, t3) = (t - 1, t - 2, t - 3)
        return (first, SIMD4(-t1 * t2 * t3 / 6, t * t2 * t3 / 2, -t * t1 * t3 / 2, t * t1 * t2 / 6))
    }

    private func firstNode(ofCell cell: Int) -> Int { min(max(cell - 1, 0), count - 4) }

    /// Returns the values in all columns of nodes at a position among the rows of nodes.
    private func line(atRow place: Double) -> [Double] {
        var line = [Double](repeating: 0, count: count)
        add(rowAt: place, weight: 1, to: &line)
        return line
    }

    private func add(rowAt place: Double, weight: Double, to line: inout [Double]) {
        let (first, weights) = stencil(place)
        for step in 0..<4 {
            let (factor, start) = (weights[step] * weight, (first + step) * count)
            for column in 0..<count { line[column] += factor * values[start + column] }
        }
    }

    /// Returns the square metres of a pixel whose centre is at a place in columns and rows.
    func value(x: Double, y: Double) -> Double {
        func cells(_ place: Double, _ extent: Int) -> Double {
            min(max(place, 0), Double(extent)) * Double(count) / Double(extent)
        }
        let (left, across) = stencil(cells(x, size.width))
        let (top, down) = stencil(cells(y, size.height))
        var sum = 0.0
        for row in 0..<4 {
            for column in 0..<4 {
                sum += down[row] * across[column] * values[(top + row) * count + left + column]
            }
        }
        return sum
    }

    /// Sums up the square metres of a row's pixels to the left of each column's left edge, and of all pixels: width + 1
    /// values.
    func cumulative(row: Int, into sums: UnsafeMutableBufferPointer<Double>) {
        // Gauss's two points stand for the row's height.
        var line = [Double](repeating: 0, count: count)
        let (down, half) = (Double(count) / Double(size.height), 0.5 / 3.0.squareRoot())
        for offset in [0.5 - half, 0.5 + half] { add(rowAt: (Double(row) + offset) * down, weight: 0.5, to: &line) }

        let along = Double(count) / Double(size.width)
        var total = 0.0
        var column = 0
        for cell in 0..<count {
            let integral = integral(of: line, over: cell, pixels: 1 / along)
            let end =
                cell == count - 1 ? size.width + 1 : min(size.width, Int((Double(cell + 1) / along).rounded(.up)))
            let offset = Double(column) * along - Double(cell)
            integral.add(to: total, from: offset, step: along, into: sums, column..<max(column, end))
            column = max(column, end)
            total += integral.value(1)
        }
    }

    /// Returns the integral of a line of nodes over a cell, as a polynomial of the position in the cell, 0 to 1.
    private func integral(of line: [Double], over cell: Int, pixels: Double) -> Quartic {
        let first = firstNode(ofCell: cell)
        let (a, b, c, d) = (line[first], line[first + 1], line[first + 2], line[first + 3])
        // Newton's form about the first node, then powers about the cell's start.
        let (d1, d2, d3) = (b - a, (c - 2 * b + a) / 2, (d - 3 * c + 3 * b - a) / 6)
        let s = Double(cell - first) - 0.5
        let value = a + s * (d1 + (s - 1) * (d2 + (s - 2) * d3))
        let slope = d1 + (2 * s - 1) * d2 + (3 * s * s - 6 * s + 2) * d3
        let bend = d2 + (3 * s - 3) * d3
        return Quartic(c1: pixels * value, c2: pixels * slope / 2, c3: pixels * bend / 3, c4: pixels * d3 / 4)
    }

    /// The polynomial c1 t + c2 t^2 + c3 t^3 + c4 t^4.
    private struct Quartic {
        let c1: Double
        let c2: Double
        let c3: Double
        let c4: Double

        func value(_ t: Double) -> Double { t * (c1 + t * (c2 + t * (c3 + t * c4))) }

        /// Adds values. This is the hot loop; no value depends on the one before it, so that it is vectorised.
        func add(
            to start: Double, from offset: Double, step: Double, into sums: UnsafeMutableBufferPointer<Double>,
            _ columns: Range<Int>
        ) {
            guard let base = sums.baseAddress else { return }
            let target = base + columns.lowerBound
            for index in 0..<Int32(columns.count) {
                target[Int(index)] = start + value(offset + Double(index) * step)
            }
        }
    }

    private static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }

    private static func length(_ a: SIMD3<Double>) -> Double { (a * a).sum().squareRoot() }
}
