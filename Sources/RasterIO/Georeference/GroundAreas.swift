import CGDAL
package import TileGeometry

/// The area on the ground of each pixel of a raster, in square metres on the ellipsoid of its coordinate system.
///
/// In degrees and on maps that do not keep areas, such as web maps and UTM, pixels of one raster differ: at 60 degrees
/// a pixel of a web map covers a quarter of what one at the equator does. For north-up and south-up rasters in degrees
/// the areas are exact; for all others they are right to 1e-5. Where a raster has ground control points only, they are
/// those of the polynomial that GIS programs warp it by. Local systems are planes. Pixels outside the map, or beyond a
/// pole, cover nothing; along the rim of a map that does not fill its raster, as Mollweide's, they are less exact.
package struct GroundAreas: Sendable {
    private enum Pixels: Sendable {
        /// All pixels have the same area.
        case equal(Double)
        /// The pixels of a row have the same area, between two parallels. Angles are in radians.
        case parallels(Ellipsoid, top: Double, height: Double, width: Double)
        case nodes(AreaNodes)
    }

    private let size: PixelSize
    private let pixels: Pixels

    /// Works out the areas of a raster's pixels.
    ///
    /// - Throws: `.unsupported` where the raster does not say where on the ground it lies.
    package init(size: PixelSize, reference: SpatialReference) throws(RasterError) {
        let system = reference.system
        guard let coordinates = try Self.coordinates(of: reference) else {
            throw Self.unsupported(
                reference.rationalPolynomials.isEmpty
                    ? "it has no geotransform and no ground control points"
                    : "it has rational polynomials only; orthorectify it first")
        }
        guard let system else { throw Self.unsupported("it has no coordinate system") }
        let found = GDALMessages().during {
            system.withUnsafeHandle { handle in handle.flatMap { Self.measure(size, coordinates, $0) } }
        }
        guard let found else {
            throw Self.unsupported("nothing of it has a place on the ground in its coordinate system, \(system.name)")
        }
        self.size = size
        pixels = found
    }

    /// Sums up the square metres of a row's pixels left of each column's left edge, and at last of all: width + 1 values, of
    /// which the first is 0. The area of columns a..<b is `sums[b] - sums[a]`.
    ///
    /// - Parameter sums: is given its size where it has another.
    /// - Precondition: the raster has the row.
    package func cumulative(row: Int, into sums: inout [Double]) {
        precondition((0..<size.height).contains(row), "no row \(row)")
        if sums.count != size.width + 1 { sums = [Double](repeating: 0, count: size.width + 1) }
        sums.withUnsafeMutableBufferPointer { sums in
            switch pixels {
            case .equal(let area): fill(sums, area)
            case .parallels(let ellipsoid, let top, let height, let width):
                let north = ellipsoid.area(toParallel: top + Double(row) * height)
                let south = ellipsoid.area(toParallel: top + Double(row + 1) * height)
                fill(sums, abs(north - south) * width)
            case .nodes(let nodes): nodes.cumulative(row: row, into: sums)
            }
        }
    }

    /// Returns the square metres between a column and a side of a polygon, negative where the side runs upwards or lies left of
    /// the column: those of all sides of a ring sum up to its area, which is positive for a ring that is clockwise on the
    /// screen.
    ///
    /// - Parameters:
    ///   - start: where the side begins, in columns and rows.
    ///   - end: where it ends.
    ///   - column: the same for all sides of a ring; the nearer, the less work.
    package func strip(from start: SIMD2<Double>, to end: SIMD2<Double>, rightOf column: Double) -> Double {
        let rows = end.y - start.y
        guard rows != 0 else { return 0 }
        if case .equal(let area) = pixels { return area * rows * ((start.x + end.x) / 2 - column) }
        // Gauss's two points along each piece of the side.
        let pieces = (abs(rows) * Self.piecesOfHeight / Double(size.height)).rounded(.up)
        var sum = 0.0
        for piece in 0..<Int(pieces) {
            for offset in [-0.5, 0.5] {
                let place = start + (end - start) * (Double(piece) + 0.5 + offset / 3.0.squareRoot()) / pieces
                sum += line(from: column, to: place.x, row: place.y)
            }
        }
        return sum / 2 * rows / pieces
    }

    /// The pieces into which a side as long as the raster is cut.
    private static let piecesOfHeight = 64.0

    /// Returns the square metres along a line of a row, for each unit of its height.
    private func line(from start: Double, to end: Double, row: Double) -> Double {
        switch pixels {
        case .equal(let area): return area * (end - start)
        case .parallels(let ellipsoid, let top, let height, let width):
            // The mean of half a row above and half a row below.
            func parallel(_ row: Double) -> Double { min(max(top + row * height, -.pi / 2), .pi / 2) }
            let (north, south) = (parallel(row - 0.5), parallel(row + 0.5))
            guard north != south else { return 0 }
            let area = ellipsoid.area(toParallel: north) - ellipsoid.area(toParallel: south)
            return abs(area * width * height / (south - north)) * (end - start)
        case .nodes(let nodes):
            // Gauss's three points in each piece of a line, none longer than a cell of nodes.
            let pieces = max(1, (abs(end - start) * Double(nodes.count) / Double(size.width)).rounded(.up))
            let half = (end - start) / pieces / 2
            let far = half * 0.6.squareRoot()
            var sum = 0.0
            for piece in 0..<Int(pieces) {
                let middle = start + (2 * Double(piece) + 1) * half
                sum +=
                    8 * nodes.value(x: middle, y: row) + 5 * nodes.value(x: middle - far, y: row)
                    + 5 * nodes.value(x: middle + far, y: row)
            }
            return sum / 18 * 2 * half
        }
    }

    private func fill(_ sums: UnsafeMutableBufferPointer<Double>, _ area: Double) {
        for column in sums.indices { sums[column] = Double(column) * area }
    }

    private static func measure(
        _ size: PixelSize, _ coordinates: PixelToGeocentric.Coordinates, _ system: OGRSpatialReferenceH
    ) -> Pixels? {
        if case .transform(let transform) = coordinates {
            let plane = abs(transform.columnX * transform.rowY - transform.rowX * transform.columnY)
            guard plane > 0, plane.isFinite else { return nil }
            if OSRIsLocal(system) != 0 {
                let unit = OSRGetLinearUnits(system, nil)
                return .equal(plane * unit * unit)
            }
            if OSRIsGeographic(system) != 0, transform.isAxisAligned {
                let unit = OSRGetAngularUnits(system, nil)
                let (top, height) = (transform.originY * unit, transform.rowY * unit)
                // Rows and columns that were taken for degrees would lie far beyond the poles.
                let bottom = top + Double(size.height) * height
                guard min(top, bottom) < .pi / 2, max(top, bottom) > -.pi / 2 else { return nil }
                return Ellipsoid(of: system).map {
                    .parallels($0, top: top, height: height, width: abs(transform.columnX) * unit)
                }
            }
        }
        guard OSRIsGeographic(system) != 0 || OSRIsProjected(system) != 0,
            let locator = PixelToGeocentric(coordinates, in: system)
        else { return nil }
        return AreaNodes(size: size, locator).map { .nodes($0) }
    }

    /// Returns the coordinates of pixels, or nil if the raster has no georeference.
    private static func coordinates(
        of reference: SpatialReference
    ) throws(RasterError) -> PixelToGeocentric.Coordinates? {
        if let transform = reference.geoTransform { return .transform(transform) }
        guard !reference.groundControlPoints.isEmpty else { return nil }
        guard let polynomial = ControlPointPolynomial(reference.groundControlPoints) else {
            throw unsupported(
                "its \(reference.groundControlPoints.count) ground control points do not determine its place")
        }
        return .polynomial(polynomial)
    }

    private static func unsupported(_ reason: String) -> RasterError {
        RasterError(.unsupported, path: "", "the areas of the raster's pixels are not known: \(reason)")
    }
}
