import CGDAL
package import TileGeometry

#if canImport(Glibc)
    import Glibc
#endif

/// The size of a raster's pixels on the ground, at its centre, in metres.
package struct GroundPixelSize: Equatable, Sendable {
    /// The metres from a column to the next.
    package var width: Double
    /// The metres from a row to the next.
    package var height: Double

    /// Makes a size of metres.
    package init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// The largest stretch at which a map's metres are taken for those on the ground. UTM is off by a thousandth, web
    /// maps far from the equator by half.
    private static let largestStretch = 0.02

    /// Map metres of a projected system, where these are the ground's to within 2 %; on the system's ellipsoid otherwise,
    /// and where coordinates are degrees. With ground control points only, those of the plane that fits them best.
    ///
    /// - Returns: nil where the raster does not say where it lies, or in which system.
    package init?(of reference: SpatialReference, size: PixelSize) {
        guard let (transform, crs) = reference.placement else { return nil }
        let center = (column: Double(size.width) / 2, row: Double(size.height) / 2)
        let found = GDALMessages().during {
            crs.withUnsafeHandle { handle in handle.flatMap { Self.measure(transform, $0, center) } }
        }
        guard let found, found.width.isFinite, found.height.isFinite, found.width > 0, found.height > 0 else {
            return nil
        }
        self = found
    }

    private static func measure(
        _ transform: GeoTransform, _ system: OGRSpatialReferenceH, _ center: (column: Double, row: Double)
    ) -> GroundPixelSize? {
        // Half a pixel before and after the centre, along a column's and a row's direction.
        let places = [(-0.5, 0), (0.5, 0), (0, -0.5), (0, 0.5)].map {
            transform.coordinates(column: center.column + $0.0, row: center.row + $0.1)
        }
        if OSRIsGeographic(system) != 0 {
            let unit = OSRGetAngularUnits(system, nil)
            return onEllipsoid(places.map { ($0.x * unit, $0.y * unit) }, of: system)
        }
        guard OSRIsProjected(system) != 0 || OSRIsLocal(system) != 0 else { return nil }
        let unit = OSRGetLinearUnits(system, nil)
        let onMap = GroundPixelSize(
            width: hypot(transform.columnX, transform.columnY) * unit,
            height: hypot(transform.rowX, transform.rowY) * unit)
        guard let radians = geographic(places, from: system), let real = onEllipsoid(radians, of: system) else {
            return onMap
        }
        let isTrue =
            abs(real.width / onMap.width - 1) <= largestStretch
            && abs(real.height / onMap.height - 1) <= largestStretch
        return isTrue ? onMap : real
    }

    /// Returns the longitudes and latitudes, in radians, of places in a projected system.
    private static func geographic(
        _ places: [(x: Double, y: Double)], from system: OGRSpatialReferenceH
    ) -> [(Double, Double)]? {
        guard let globe = OSRCloneGeogCS(system) else { return nil }
        defer { OSRDestroySpatialReference(globe) }
        OSRSetAxisMappingStrategy(globe, OAMS_TRADITIONAL_GIS_ORDER)
        guard let transformation = OCTNewCoordinateTransformation(system, globe) else { return nil }
        defer { OCTDestroyCoordinateTransformation(transformation) }
        var (x, y) = (places.map(\.x), places.map(\.y))
        guard OCTTransform(transformation, Int32(x.count), &x, &y, nil) != 0 else { return nil }
        let unit = OSRGetAngularUnits(globe, nil)
        return zip(x, y).map { ($0 * unit, $1 * unit) }
    }

    /// - Parameter places: longitude and latitude in radians, two along a column's direction and two along a row's.
    private static func onEllipsoid(
        _ places: [(longitude: Double, latitude: Double)], of system: OGRSpatialReferenceH
    ) -> GroundPixelSize? {
        var status = OGRERR_NONE
        let major = OSRGetSemiMajor(system, &status)
        guard status == OGRERR_NONE else { return nil }
        let inverseFlattening = OSRGetInvFlattening(system, &status)
        let flattening = inverseFlattening == 0 ? 0 : 1 / inverseFlattening
        let eccentricity2 = flattening * (2 - flattening)
        let latitude = (places[2].latitude + places[3].latitude) / 2
        // Scenes with polynomials only may have their pixels' numbers for degrees.
        guard abs(latitude) < .pi / 2 else { return nil }
        // Radii of curvature along the meridian and across it: what a radian is worth.
        let w = 1 - eccentricity2 * sin(latitude) * sin(latitude)
        let north = major * (1 - eccentricity2) / (w * w.squareRoot())
        let east = major / w.squareRoot() * cos(latitude)
        func distance(_ a: (longitude: Double, latitude: Double), _ b: (longitude: Double, latitude: Double)) -> Double
        {
            hypot((b.longitude - a.longitude) * east, (b.latitude - a.latitude) * north)
        }
        return GroundPixelSize(width: distance(places[0], places[1]), height: distance(places[2], places[3]))
    }
}

extension SpatialReference {
    /// The map from pixels to coordinates, and what these are.
    fileprivate var placement: (GeoTransform, CoordinateReferenceSystem)? {
        if let geoTransform { return crs.map { (geoTransform, $0) } }
        guard groundControlPoints.count >= 3, let system = groundControlPointCRS else { return nil }
        var coefficients = [Double](repeating: 0, count: 6)
        let points = groundControlPoints.map { point in
            GDAL_GCP(
                pszId: nil, pszInfo: nil, dfGCPPixel: point.column, dfGCPLine: point.row, dfGCPX: point.x,
                dfGCPY: point.y, dfGCPZ: point.z)
        }
        let isFound = GDALMessages().during {
            GDALGCPsToGeoTransform(Int32(points.count), points, &coefficients, 1) != 0
        }
        return isFound ? (GeoTransform(coefficients), system) : nil
    }

    /// Returns the reference of a grid of other pixels over the raster.
    package func resampled(to grid: ResampledGrid) -> SpatialReference {
        var result = self
        result.geoTransform?.columnX *= grid.columnStep
        result.geoTransform?.columnY *= grid.columnStep
        result.geoTransform?.rowX *= grid.rowStep
        result.geoTransform?.rowY *= grid.rowStep
        for index in groundControlPoints.indices {
            result.groundControlPoints[index].column /= grid.columnStep
            result.groundControlPoints[index].row /= grid.rowStep
        }
        // Polynomials count from the centre of the upper left pixel.
        for (offset, scale, step) in [
            ("SAMP_OFF", "SAMP_SCALE", grid.columnStep), ("LINE_OFF", "LINE_SCALE", grid.rowStep),
        ] {
            if let value = rationalPolynomials[offset].flatMap(Double.init) {
                result.rationalPolynomials[offset] = "\((value + 0.5) / step - 0.5)"
            }
            if let value = rationalPolynomials[scale].flatMap(Double.init) {
                result.rationalPolynomials[scale] = "\(value / step)"
            }
        }
        return result
    }
}
