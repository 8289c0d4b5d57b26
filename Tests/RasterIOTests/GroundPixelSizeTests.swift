import RasterIO
import TestData
import Testing
import TileGeometry

/// How large pixels are on the ground, in whatever a raster says of its place.
@Suite struct GroundPixelSizeTests {
    private func size(_ crs: String?, _ coefficients: [Double], width: Int = 2, height: Int = 2) throws
        -> GroundPixelSize?
    {
        let reference = SpatialReference(
            crs: try crs.map { try CoordinateReferenceSystem($0) }, geoTransform: GeoTransform(coefficients))
        return GroundPixelSize(of: reference, size: PixelSize(width: width, height: height))
    }

    @Test("metres of UTM are taken as they are, north-up, south-up and rotated")
    func projected() throws {
        let exact = GroundPixelSize(width: 0.5, height: 2)
        #expect(try size("EPSG:32633", [300_000, 0.5, 0, 5_000_000, 0, -2]) == exact)
        #expect(try size("EPSG:32633", [300_000, 0.5, 0, 5_000_000, 0, 2]) == exact)
        #expect(try size("EPSG:32633", [300_000, 3, 4, 5_000_000, 4, -3]) == GroundPixelSize(width: 5, height: 5))
        let feet = try #require(try size("EPSG:2924", [11_480_000, 10, 0, 6_600_000, 0, -10]))
        #expect(abs(feet.width - 3.048_006) < 1e-5 && abs(feet.height - 3.048_006) < 1e-5, "US survey feet")
    }

    /// Lengths of a degree on WGS 84: the tables of the US National Geospatial-Intelligence Agency.
    @Test("degrees, by latitude, on the ellipsoid", arguments: [(0, 111_319.5, 110_574.3), (60, 55_800.0, 111_412.2)])
    func degrees(latitude: Double, width: Double, height: Double) throws {
        let found = try #require(try size("EPSG:4326", [10, 0.01, 0, latitude + 0.01, 0, -0.01]))
        #expect(abs(found.width * 100 - width) < 3 && abs(found.height * 100 - height) < 1)
        // The centre of the raster counts, not its corner.
        let tall = try #require(try size("EPSG:4326", [10, 0.01, 0, latitude + 10, 0, -0.01], height: 2000))
        #expect(abs(tall.width * 100 - width) < 3)
    }

    @Test("a web map's metres are not the ground's")
    func webMercator() throws {
        // 60 degrees north, where the map is twice as large as the ground; the ellipsoid adds a little along the meridian.
        let north = try #require(try size("EPSG:3857", [0, 10, 0, 8_399_738 + 10, 0, -10]))
        #expect(abs(north.width - 5.0125) < 0.003 && abs(north.height - 4.9958) < 0.02, "\(north)")
    }

    @Test("without a place or a system there is no size")
    func nothing() throws {
        #expect(try size(nil, [0, 10, 0, 0, 0, -10]) == nil)
        #expect(try size("EPSG:4326", [0, 1, 0, 0, 0, 1], height: 300) == nil, "no latitude")
        #expect(GroundPixelSize(of: .none, size: PixelSize(width: 2, height: 2)) == nil)
    }

    @Test("ground control points give the plane that fits them best")
    func points() throws {
        var reference = SpatialReference.none
        reference.groundControlPointCRS = try CoordinateReferenceSystem("EPSG:32633")
        for (column, row) in [(0.0, 0.0), (100, 0), (0, 100), (100, 100)] {
            reference.groundControlPoints.append(
                GroundControlPoint(column: column, row: row, x: 500_000 + 3 * column, y: 5e6 - 4 * row))
        }
        let found = try #require(GroundPixelSize(of: reference, size: PixelSize(width: 100, height: 100)))
        #expect(abs(found.width - 3) < 1e-6 && abs(found.height - 4) < 1e-6)
        let grid = ResampledGrid(raster: PixelSize(width: 100, height: 100), columnStep: 4, rowStep: 2.5)
        let points = reference.resampled(to: grid).groundControlPoints
        #expect(points[3].column == 25 && points[3].row == 40 && points[3].x == reference.groundControlPoints[3].x)
    }

    @Test("polynomials count from a pixel's centre")
    func polynomials() {
        let reference = SpatialReference(
            rationalPolynomials: [
                "LINE_OFF": "99.5", "LINE_SCALE": "100", "SAMP_OFF": "9.5", "SAMP_SCALE": "10", "X": "1",
            ])
        let grid = ResampledGrid(raster: PixelSize(width: 100, height: 100), columnStep: 2, rowStep: 4)
        #expect(
            reference.resampled(to: grid).rationalPolynomials
                == ["LINE_OFF": "24.5", "LINE_SCALE": "25.0", "SAMP_OFF": "4.5", "SAMP_SCALE": "5.0", "X": "1"])
    }
}
