/// All that ties a raster to the ground, as a value: read from a scene, handed to an output unchanged.
package struct SpatialReference: Equatable, Sendable {
    /// The system of the geotransform's coordinates; nil where the file does not say.
    package var crs: CoordinateReferenceSystem?
    /// The map from pixels to coordinates; nil where the file has none: an identity is never made up.
    package var geoTransform: GeoTransform?
    /// The ground control points. A GeoTIFF has these or a geotransform: where a scene of another format has both, the points are not written.
    package var groundControlPoints: [GroundControlPoint]
    /// The system of the ground control points' coordinates.
    package var groundControlPointCRS: CoordinateReferenceSystem?
    /// Rational polynomial coefficients (RPC), by GDAL's names (`LINE_OFF`, `SAMP_NUM_COEFF`, …); empty without any.
    package var rationalPolynomials: [String: String]
    /// True if the file says that its values are samples at points, not means over areas (`AREA_OR_POINT=Point`).
    /// The geotransform is that of corners either way.
    package var pixelIsPoint: Bool

    /// Makes a reference of its parts, without any by default.
    package init(
        crs: CoordinateReferenceSystem? = nil, geoTransform: GeoTransform? = nil,
        groundControlPoints: [GroundControlPoint] = [], groundControlPointCRS: CoordinateReferenceSystem? = nil,
        rationalPolynomials: [String: String] = [:], pixelIsPoint: Bool = false
    ) {
        self.crs = crs
        self.geoTransform = geoTransform
        self.groundControlPoints = groundControlPoints
        self.groundControlPointCRS = groundControlPointCRS
        self.rationalPolynomials = rationalPolynomials
        self.pixelIsPoint = pixelIsPoint
    }

    /// Returns true if both place a raster the same: as `==`, but for other words in the definition of the same system.
    package func isEquivalent(to other: SpatialReference) -> Bool {
        func same(_ first: CoordinateReferenceSystem?, _ second: CoordinateReferenceSystem?) -> Bool {
            guard let first, let second else { return first == nil && second == nil }
            return first.isEquivalent(to: second)
        }
        var renamed = other
        if same(crs, other.crs) { renamed.crs = crs }
        if same(groundControlPointCRS, other.groundControlPointCRS) {
            renamed.groundControlPointCRS = groundControlPointCRS
        }
        return renamed == self
    }

    /// A raster that lies nowhere.
    package static let none = SpatialReference()
}
