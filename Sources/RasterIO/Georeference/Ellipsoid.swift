import CGDAL

#if canImport(Glibc)
    import Glibc
#endif

/// The ellipsoid of revolution by which a coordinate system models the Earth, or another body.
struct Ellipsoid: Equatable, Sendable {
    /// The semi-major axis in metres.
    let semiMajor: Double
    /// The square of the first eccentricity; 0 for a sphere.
    let eccentricity2: Double

    /// Reads the ellipsoid of a system, or returns nil if it has none.
    init?(of system: OGRSpatialReferenceH) {
        var status = OGRERR_NONE
        semiMajor = OSRGetSemiMajor(system, &status)
        guard status == OGRERR_NONE, semiMajor.isFinite, semiMajor > 0 else { return nil }
        let inverse = OSRGetInvFlattening(system, &status)
        let flattening = inverse == 0 ? 0 : 1 / inverse
        eccentricity2 = flattening * (2 - flattening)
        guard status == OGRERR_NONE, (0..<1).contains(eccentricity2) else { return nil }
    }

    /// Returns a place in geocentric coordinates, in metres. Angles are in radians.
    func cartesian(longitude: Double, latitude: Double) -> SIMD3<Double> {
        let normal = semiMajor / (1 - eccentricity2 * sin(latitude) * sin(latitude)).squareRoot()
        return SIMD3(
            normal * cos(latitude) * cos(longitude), normal * cos(latitude) * sin(longitude),
            normal * (1 - eccentricity2) * sin(latitude))
    }

    /// Returns the square metres between the equator and a parallel, for each radian of longitude; negative in the
    /// south.
    ///
    /// Snyder, Map Projections: A Working Manual (USGS 1395), equation 3-12: half the squared semi-major axis times q,
    /// of which authalic latitudes are made. Latitudes beyond the poles count as the pole.
    func area(toParallel latitude: Double) -> Double {
        let sine = sin(min(max(latitude, -.pi / 2), .pi / 2))
        let eccentricity = eccentricity2.squareRoot()
        // The limit of atanh(e x) / e for a sphere.
        let arc = eccentricity < 1e-9 ? sine : atanh(eccentricity * sine) / eccentricity
        return semiMajor * semiMajor * (1 - eccentricity2) / 2 * (sine / (1 - eccentricity2 * sine * sine) + arc)
    }
}
