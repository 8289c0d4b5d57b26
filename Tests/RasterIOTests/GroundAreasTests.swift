import RasterIO
import TestData
import Testing
import TileGeometry

/// How much ground pixels cover, in whatever a raster says of its place.
@Suite struct GroundAreasTests {
    private func total(_ areas: GroundAreas, _ size: PixelSize) -> Double {
        var sums: [Double] = []
        return (0..<size.height).reduce(0) { total, row in
            areas.cumulative(row: row, into: &sums)
            return total + sums[size.width]
        }
    }

    private func total(
        _ crs: String, _ coefficients: [Double], width: Int, height: Int
    ) throws -> Double {
        let size = PixelSize(width: width, height: height)
        let reference = SpatialReference(
            crs: try CoordinateReferenceSystem(crs), geoTransform: GeoTransform(coefficients))
        return total(try GroundAreas(size: size, reference: reference), size)
    }

    /// A field of 0.02 x 0.02 degrees in degrees, on a web map and in UTM.
    struct Field: CustomStringConvertible {
        let longitude: Double
        let latitude: Double
        /// Square metres, as PROJ's geodesic routines have the polygon of a thousand corners.
        let area: Double
        /// Centre, and the field's width and height as vectors, by PROJ.
        let web: [Double]
        let zone: String
        let utm: [Double]

        var description: String { "\(longitude), \(latitude)" }
    }

    static let fields = [
        Field(
            longitude: 10.5, latitude: 0, area: 4_923_628.807_4,
            web: [1_168_854.653_329, 2226.389_816, 0, 0, 0, -2226.389_827], zone: "EPSG:32632",
            utm: [666_931.642_989, 2226.267_300, 0, 0, 0, -2211.363_810]),
        Field(
            longitude: 10.5, latitude: 45.3, area: 3_486_800.935_8,
            web: [1_168_854.653_329, 2226.389_816, 0, 5_668_874.641_677, 0, -3165.207_019], zone: "EPSG:32632",
            utm: [617_604.261_002, 1568.053_578, 41.355_333, 5_017_371.832_205, 29.186_119, -2221.856_853]),
        Field(
            longitude: 11.9, latitude: 60, area: 2_486_722.312_8,
            web: [1_324_701.940_440, 2226.389_816, 0, 8_399_737.889_818, 0, -4452.779_790], zone: "EPSG:32632",
            utm: [661_720.750_892, 1114.838_997, 97.653_673, 6_654_956.719_944, 48.909_104, -2225.927_592]),
        Field(
            longitude: 11.9, latitude: -60, area: 2_486_722.312_8,
            web: [1_324_701.940_440, 2226.389_816, 0, -8_399_737.889_818, 0, -4452.779_790], zone: "EPSG:32732",
            utm: [661_720.750_892, 1114.838_997, -97.653_673, 3_345_043.280_056, -48.909_104, -2225.927_592]),
        Field(
            longitude: 7, latitude: 83, area: 608_032.861_9,
            web: [779_236.435_553, 2226.389_816, 0, 17_821_911.959_437, 0, -18_268.674_176], zone: "EPSG:32632",
            utm: [472_793.469_368, 271.958_075, -77.338_997, 9_216_930.372_468, -9.426_196, -2231.331_107]),
    ]

    @Test("degrees, web maps and UTM agree on a field, and with geodesy", arguments: fields)
    func sameField(field: Field) throws {
        let (width, height) = (90, 110)
        // From the centre and the sides to the corner and the pixels.
        func transform(_ map: [Double]) -> [Double] {
            let (dx, dy) = (map[1] / Double(width), map[4] / Double(width))
            let (ex, ey) = (map[2] / Double(height), map[5] / Double(height))
            return [map[0] - (map[1] + map[2]) / 2, dx, ex, map[3] - (map[4] + map[5]) / 2, dy, ey]
        }
        let degrees = transform([field.longitude, 0.02, 0, field.latitude, 0, -0.02])
        let areas = [
            try total("EPSG:4326", degrees, width: width, height: height),
            try total("EPSG:3857", transform(field.web), width: width, height: height),
            // Rotated by the meridians' convergence; its corners are not quite those of the field.
            try total(field.zone, transform(field.utm), width: width, height: height),
        ]
        #expect(abs(areas[0] / field.area - 1) < 1e-8, "\(areas)")
        // On the web map the field's middle is not quite that of its sides.
        #expect(abs(areas[1] / field.area - 1) < 1e-5, "\(areas)")
        #expect(abs(areas[2] / field.area - 1) < 1e-4, "\(areas)")
    }

    @Test("all pixels of the globe cover the ellipsoid, north-up and south-up")
    func globe() throws {
        let surface = 510_065_621_724_088.4  // of WGS 84, in the literature to the metre
        for coefficients in [[-180, 1, 0, 90, 0, -1], [-180, 1, 0, -90, 0, 1], [0, 1, 0, 90, 0, -1.0]] {
            let area = try total("EPSG:4326", coefficients, width: 360, height: 180)
            #expect(abs(area / surface - 1) < 1e-11)
        }
        // Half a pixel beyond the poles there is nothing.
        let over = try total("EPSG:4326", [-180, 1, 0, 90.5, 0, -1], width: 360, height: 181)
        #expect(abs(over / surface - 1) < 1e-11)
        // An equal-area map of nearly all of it.
        let map = try total("EPSG:6933", [-17_360_000, 20_000, 0, 7_340_000, 0, -20_000], width: 1736, height: 734)
        #expect(abs(map / (1736 * 734 * 4e8) - 1) < 1e-4)
    }

    @Test("a web map of half the globe, where a pixel at the top covers a tenth of one at the bottom")
    func continent() throws {
        // From 10 degrees west to 30 degrees east, 20 to 70 degrees north.
        let (left, bottom, right, top) = (-1_113_194.907_933, 2_273_030.926_988, 3_339_584.723_798, 11_068_715.659_379)
        let area = try total(
            "EPSG:3857", [left, (right - left) / 400, 0, top, 0, (bottom - top) / 700], width: 400, height: 700)
        #expect(abs(area / 16_960_515_513_743 - 1) < 1e-5)
    }

    @Test("the pole is a place like others")
    func pole() throws {
        // UPS north keeps angles; its scale at the pole is 0.994.
        let size = PixelSize(width: 100, height: 100)
        let reference = SpatialReference(
            crs: try CoordinateReferenceSystem("EPSG:32661"),
            geoTransform: GeoTransform([2_000_000 - 500, 10, 0, 2_000_000 + 500, 0, -10]))
        var sums: [Double] = []
        let areas = try GroundAreas(size: size, reference: reference)
        for row in [0, 49, 50, 99] {
            areas.cumulative(row: row, into: &sums)
            for column in 0..<100 {
                #expect(abs((sums[column + 1] - sums[column]) / (100 / (0.994 * 0.994)) - 1) < 1e-6)
            }
        }
    }

    @Test("pixels' areas follow from their places alone, whichever the raster's size")
    func windows() throws {
        let crs = try CoordinateReferenceSystem("EPSG:3857")
        func areas(_ x: Int, _ y: Int, _ width: Int, _ height: Int) throws -> GroundAreas {
            try GroundAreas(
                size: PixelSize(width: width, height: height),
                reference: SpatialReference(
                    crs: crs,
                    geoTransform: GeoTransform([
                        Double(x) * 5000, 5000, 0, 8_000_000 - Double(y) * 5000, 0, -5000,
                    ])))
        }
        let (whole, part) = (try areas(0, 0, 1500, 1300), try areas(700, 400, 7, 3))
        var (all, some): ([Double], [Double]) = ([], [])
        for row in 0..<3 {
            whole.cumulative(row: 400 + row, into: &all)
            part.cumulative(row: row, into: &some)
            #expect(some[0] == 0 && all[0] == 0 && some.count == 8 && all.count == 1501)
            for column in 0..<7 {
                let (a, b) = (all[701 + column] - all[700 + column], some[column + 1] - some[column])
                #expect(abs(a / b - 1) < 1e-5)
            }
        }
    }

    @Test("small pixels, single ones, feet, and planes")
    func small() throws {
        let tiny = try total("EPSG:32633", [500_000, 0.05, 0, 5_000_000, 0, -0.05], width: 3, height: 2)
        #expect(abs(tiny / (0.015 / (0.9996 * 0.9996)) - 1) < 1e-5, "\(tiny)")
        let single = try total("EPSG:3035", [4_000_000, 100, 0, 3_000_000, 0, -100], width: 1, height: 1)
        #expect(abs(single / 10_000 - 1) < 1e-5, "an equal-area map")
        let feet = try total("EPSG:2924", [11_480_000, 10, 0, 6_600_000, 0, -10], width: 50, height: 50)
        #expect(abs(feet / (250_000 * 0.304_800_61 * 0.304_800_61) - 1) < 3e-4, "US survey feet")
        let plane = "LOCAL_CS[\"site\",UNIT[\"metre\",1]]"
        #expect(try total(plane, [0, 3, 4, 0, 4, -3], width: 10, height: 10) == 2500)
        let rotated = try total("EPSG:4326", [10, 0.001, 0.001, 50, 0.001, -0.001], width: 100, height: 100)
        let upright = try total("EPSG:4326", [10, 0.001, 0, 50.05, 0, -0.001], width: 100, height: 100)
        #expect(abs(rotated / upright - 2) < 0.01)
    }

    @Test("ground control points give the polynomial through them")
    func points() throws {
        var reference = SpatialReference.none
        reference.groundControlPointCRS = try CoordinateReferenceSystem("EPSG:3035")
        // An equal-area map: the determinant of the derivatives is the area.
        func x(_ column: Double, _ row: Double) -> Double { 4e6 + 10 * column + 0.01 * column * column }
        func y(_ column: Double, _ row: Double) -> Double { 3e6 - 10 * row + 0.005 * column * row }
        for row in stride(from: 0.0, through: 100, by: 25) {
            for column in stride(from: 0.0, through: 100, by: 25) {
                reference.groundControlPoints.append(
                    GroundControlPoint(column: column, row: row, x: x(column, row), y: y(column, row)))
            }
        }
        let areas = try GroundAreas(size: PixelSize(width: 100, height: 100), reference: reference)
        var sums: [Double] = []
        for row in [0, 50, 99] {
            areas.cumulative(row: row, into: &sums)
            for column in [0, 31, 99] {
                let place = Double(column) + 0.5
                let expected = (10 + 0.02 * place) * (10 - 0.005 * place)
                #expect(abs((sums[column + 1] - sums[column]) / expected - 1) < 1e-5)
            }
        }
    }

    @Test("what does not lie on the ground is refused with the reason")
    func refused() throws {
        let size = PixelSize(width: 300, height: 300)
        let crs = try CoordinateReferenceSystem("EPSG:4326")
        var line = SpatialReference(groundControlPointCRS: crs)
        line.groundControlPoints = (0..<4).map {
            GroundControlPoint(column: Double($0), row: Double($0), x: Double($0), y: Double($0))
        }
        let cases: [(SpatialReference, String)] = [
            (.none, "no geotransform"),
            (SpatialReference(geoTransform: GeoTransform([0, 1, 0, 0, 0, -1])), "no coordinate system"),
            (SpatialReference(crs: crs, geoTransform: GeoTransform([0, 0, 0, 0, 0, 0])), "nothing of it"),
            (SpatialReference(crs: crs, geoTransform: GeoTransform([0, 1, 0, 4000, 0, 1])), "nothing of it"),
            (SpatialReference(rationalPolynomials: ["LINE_OFF": "1"]), "orthorectify"),
            (line, "do not determine"),
        ]
        for (reference, reason) in cases {
            do {
                _ = try GroundAreas(size: size, reference: reference)
                Issue.record("\(reason) was taken")
            } catch {
                #expect(error.code == .unsupported && error.message.contains(reason), "\(error)")
            }
        }
    }
}
