import CGDAL
package import TileGeometry

/// The way from places in a raster to coordinates in its reference system: by its geotransform, or by the polynomial through its
/// ground control points. A raster that does not lie anywhere has its columns for x, and its rows, counted upwards, for y:
/// QGIS shows it from 0 down to minus its height, and so both lie on each other.
package final class PixelToMap {
    /// The system of the coordinates; nil where the raster does not say.
    package let crs: CoordinateReferenceSystem?
    /// True if the way round a ring of pixels turns over: where counterclockwise in columns and rows (rows
    /// counted downwards, as `y`) is clockwise on the map. So it is for north-up rasters.
    package let isMirrored: Bool

    private enum Way {
        case transform(GeoTransform)
        case polynomial(ControlPointPolynomial)
    }

    private let way: Way

    /// Takes the way that a raster has.
    ///
    /// - Throws: `.unsupported` for rasters with rational polynomials only, whose places depend on the ground's height,
    ///   and where ground control points determine no place.
    package init(of raster: RasterReader) throws(RasterError) {
        let reference = raster.spatialReference
        if let transform = reference.geoTransform {
            way = .transform(transform)
            crs = reference.crs
        } else if !reference.groundControlPoints.isEmpty {
            guard let polynomial = ControlPointPolynomial(reference.groundControlPoints) else {
                throw Self.placeless(
                    raster,
                    "its \(reference.groundControlPoints.count) ground control points do not determine its place")
            }
            way = .polynomial(polynomial)
            crs = reference.groundControlPointCRS
        } else if !reference.rationalPolynomials.isEmpty {
            throw Self.placeless(
                raster,
                "it has rational polynomials (RPC) only, which need heights: orthorectify it, as with gdalwarp -rpc")
        } else {
            way = .transform(GeoTransform([0, 1, 0, 0, 0, -1]))
            crs = reference.crs
        }
        let (column, row) = (Double(raster.size.width) / 2, Double(raster.size.height) / 2)
        var (x, y) = ([column, column + 1, column], [row, row, row + 1])
        Self.transform(way, &x, &y)
        let determinant = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        guard determinant.isFinite, determinant != 0 else {
            throw Self.placeless(raster, "its geotransform or its ground control points put all pixels on one line")
        }
        isMirrored = determinant < 0
    }

    /// Turns columns, in pixels from the raster's left edge, into x, and rows, from its upper edge, into y.
    package func transform(_ x: inout [Double], _ y: inout [Double]) { Self.transform(way, &x, &y) }

    private static func transform(_ way: Way, _ x: inout [Double], _ y: inout [Double]) {
        switch way {
        case .transform(let transform):
            for index in x.indices {
                (x[index], y[index]) = transform.coordinates(column: x[index], row: y[index])
            }
        case .polynomial(let polynomial): polynomial.transform(&x, &y)
        }
    }

    /// The longest line in the raster, in pixels along a row or a column, whose image is straight to a tenth of a pixel:
    /// longer ones are to be given points in between. nil where all are straight.
    ///
    /// - Parameter wgs84: true if lines must be straight in longitude and latitude, instead of in the raster's own
    ///   system.
    package func longestStraightLine(size: PixelSize, wgs84: Bool) -> Int? {
        let transformation = wgs84 ? GDALMessages().during { toWGS84() } : nil
        defer { transformation.map { OCTDestroyCoordinateTransformation($0) } }
        if transformation == nil, case .transform = way { return nil }
        var length = 1
        while length < max(size.width, size.height) { length *= 2 }
        let longest = length
        while length > 1, !isStraight(length, size, transformation) { length /= 2 }
        return length == longest ? nil : length
    }

    private func toWGS84() -> OGRCoordinateTransformationH? {
        guard let crs, let globe = try? CoordinateReferenceSystem("EPSG:4326"), !crs.isEquivalent(to: globe) else {
            return nil
        }
        return crs.withUnsafeHandle { from in globe.withUnsafeHandle { OCTNewCoordinateTransformation(from, $0) } }
    }

    private func isStraight(_ length: Int, _ size: PixelSize, _ transformation: OGRCoordinateTransformationH?) -> Bool {
        let steps = 8
        var (x, y) = ([Double](), [Double]())
        for row in 0...steps {
            for column in 0...steps {
                // Lines that begin all over the raster and stay inside as far as they can: ends, then middle.
                for (across, down) in [(Double(length), 0.0), (0, Double(length))] {
                    let left = max(0, min(Double(size.width * column / steps), Double(size.width) - across))
                    let top = max(0, min(Double(size.height * row / steps), Double(size.height) - down))
                    for part in [0, 1, 0.5] {
                        x.append(left + part * across)
                        y.append(top + part * down)
                    }
                }
            }
        }
        transform(&x, &y)
        if let transformation {
            var isKnown = [Int32](repeating: 0, count: x.count)
            GDALMessages(keepsWarnings: true).during {
                _ = OCTTransformEx(transformation, Int32(x.count), &x, &y, nil, &isKnown)
            }
            for index in x.indices where isKnown[index] == 0 { x[index] = .nan }
        }
        for first in stride(from: 0, to: x.count, by: 3) {
            let (dx, dy) = (x[first + 1] - x[first], y[first + 1] - y[first])
            let pixel = (dx * dx + dy * dy).squareRoot() / Double(length)
            let (offX, offY) = (
                x[first + 2] - (x[first] + x[first + 1]) / 2, y[first + 2] - (y[first] + y[first + 1]) / 2
            )
            let off = (offX * offX + offY * offY).squareRoot()
            // Lines over the antimeridian jump, and places beyond the map are NaN: neither tells anything.
            if off > pixel / 10, transformation == nil || abs(dx) < 180 && abs(offX) < 90 { return false }
        }
        return true
    }

    private static func placeless(_ raster: RasterReader, _ reason: String) -> RasterError {
        RasterError(
            .unsupported, path: raster.path, "cannot tell where the pixels of \(raster.path) lie: \(reason)")
    }
}
