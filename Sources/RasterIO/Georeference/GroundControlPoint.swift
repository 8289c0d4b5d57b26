import CGDAL

/// A place in the raster whose coordinates are known.
package struct GroundControlPoint: Equatable, Sendable {
    /// The name of the point, unique in its raster as a rule; may be empty.
    package var id: String
    /// A note about the point; may be empty.
    package var info: String
    /// The column of the place, in pixels from the raster's left edge.
    package var column: Double
    /// The row of the place, in pixels from the raster's upper edge.
    package var row: Double
    /// The easting or longitude, in the unit of the points' own reference system.
    package var x: Double
    /// The northing or latitude, in the same unit.
    package var y: Double
    /// The height; 0 where nobody says.
    package var z: Double

    /// Makes a point from a place in the raster and its coordinates.
    package init(
        id: String = "", info: String = "", column: Double, row: Double, x: Double, y: Double, z: Double = 0
    ) {
        self.id = id
        self.info = info
        self.column = column
        self.row = row
        self.x = x
        self.y = y
        self.z = z
    }
}

/// The polynomial from pixels to coordinates that fits ground control points best: of the second degree from six points
/// on, as GDAL and GIS programs warp such rasters; of the first below.
final class ControlPointPolynomial {
    private let transformer: UnsafeMutableRawPointer

    /// nil where the points determine none, as when all lie on one line.
    ///
    /// - Parameter isReversed: the way back, a polynomial of its own.
    init?(_ points: [GroundControlPoint], isReversed: Bool = false) {
        let pixels = Set(points.map { [$0.column, $0.row] })
        guard pixels.count >= 3 else { return nil }
        let list = points.map { point in
            GDAL_GCP(
                pszId: nil, pszInfo: nil, dfGCPPixel: point.column, dfGCPLine: point.row, dfGCPX: point.x,
                dfGCPY: point.y, dfGCPZ: point.z)
        }
        let transformer = GDALMessages().during {
            GDALCreateGCPTransformer(Int32(list.count), list, 0, isReversed ? 1 : 0)
        }
        guard let transformer else { return nil }
        self.transformer = transformer
    }

    deinit { GDALDestroyGCPTransformer(transformer) }

    /// Columns and rows become x and y (or the other way round), NaN where the polynomial has no value.
    func transform(_ x: inout [Double], _ y: inout [Double]) {
        var z = [Double](repeating: 0, count: x.count)
        var isKnown = [Int32](repeating: 0, count: x.count)
        _ = GDALGCPTransform(transformer, 0, Int32(x.count), &x, &y, &z, &isKnown)
        for index in x.indices where isKnown[index] == 0 { x[index] = .nan }
    }
}
