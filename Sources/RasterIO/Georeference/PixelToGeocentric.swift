import CGDAL

/// The way from a raster's columns and rows to geocentric coordinates: where pixels lie on the body that it shows.
final class PixelToGeocentric {
    private let ellipsoid: Ellipsoid
    private let coordinates: Coordinates
    /// The transformation to longitude and latitude; nil if the coordinates are these already.
    private let transformation: OGRCoordinateTransformationH?
    /// The unit of longitude and latitude, in radians.
    private let unit: Double

    enum Coordinates {
        case transform(GeoTransform)
        case polynomial(ControlPointPolynomial)
    }

    /// Finds the way; nil where GDAL knows none from the system to longitude and latitude.
    init?(_ coordinates: Coordinates, in system: OGRSpatialReferenceH) {
        guard let ellipsoid = Ellipsoid(of: system) else { return nil }
        self.ellipsoid = ellipsoid
        self.coordinates = coordinates
        if OSRIsGeographic(system) != 0 {
            transformation = nil
            unit = OSRGetAngularUnits(system, nil)
        } else {
            guard let globe = OSRCloneGeogCS(system) else { return nil }
            defer { OSRDestroySpatialReference(globe) }
            OSRSetAxisMappingStrategy(globe, OAMS_TRADITIONAL_GIS_ORDER)
            guard let transformation = OCTNewCoordinateTransformation(system, globe) else { return nil }
            self.transformation = transformation
            unit = OSRGetAngularUnits(globe, nil)
        }
    }

    deinit {
        if let transformation { OCTDestroyCoordinateTransformation(transformation) }
    }

    /// Returns the geocentric coordinates in metres, NaN for places outside the map.
    func places(_ pixels: [(column: Double, row: Double)]) -> [SIMD3<Double>] {
        var x = pixels.map(\.column)
        var y = pixels.map(\.row)
        switch coordinates {
        case .transform(let transform):
            for index in pixels.indices {
                (x[index], y[index]) = transform.coordinates(column: x[index], row: y[index])
            }
        case .polynomial(let polynomial): polynomial.transform(&x, &y)
        }
        if let transformation {
            var isKnown = [Int32](repeating: 0, count: x.count)
            OCTTransformEx(transformation, Int32(x.count), &x, &y, nil, &isKnown)
            for index in x.indices where isKnown[index] == 0 { x[index] = .nan }
        }
        return zip(x, y).map { longitude, latitude in
            guard longitude.isFinite, latitude.isFinite else { return SIMD3(repeating: .nan) }
            return ellipsoid.cartesian(
                longitude: longitude * unit, latitude: min(max(latitude * unit, -.pi / 2), .pi / 2))
        }
    }
}
