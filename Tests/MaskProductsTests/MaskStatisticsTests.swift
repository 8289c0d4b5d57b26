import FileIO
import MaskProducts
import RasterIO
import TestData
import Testing
import TileGeometry
import VectorIO

/// Pixels, areas and shares of a mask's classes, in all and by zone.
@Suite struct MaskStatisticsTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path("mask.tif") }

    init() throws { folder = try TemporaryFolder() }

    /// 20 x 10 pixels of 10 m on an equal-area map: water in the left half, land in the right, the last row without
    /// data.
    private func halves() throws -> RasterReader {
        try TestMask.write(
            path, width: 20, height: 10,
            reference: try TestMask.reference("EPSG:3035", [4_000_000, 10, 0, 3_000_000, 0, -10]),
            legend: [
                LegendEntry(value: 0, name: "land"), LegendEntry(value: 1, name: "water"),
                LegendEntry(value: 2, name: "ice, \"old\""),
            ]
        ) { x, y in y == 9 ? 255 : x < 10 ? 1 : 0 }
        return try RasterReader(path: path)
    }

    private func zones(
        _ mask: RasterReader, epsg: Int = 3035, field: String? = "name",
        _ features: [(properties: String, corners: [(Double, Double)])]
    ) throws -> RasterPolygons {
        try RasterPolygons(
            path: try folder.write(TestPolygons.geoJSON(epsg: epsg, features), to: "zones.geojson"), field: field,
            size: mask.size, reference: mask.spatialReference)
    }

    /// Random-looking classes of four, in runs of all lengths.
    private func mixed(_ x: Int, _ y: Int) -> UInt8 {
        let value = UInt8((x * x / 7 + y * 13 + (x * y) / 5) % 5)
        return value == 4 ? 255 : value
    }

    @Test("pixels, square metres and shares; a class that the legend names and nobody has is there too")
    func whole() throws {
        let statistics = try MaskStatistics(of: try halves())
        #expect(statistics.warnings.isEmpty && statistics.zones == nil)
        let classes = statistics.whole.classes
        #expect(classes.map(\.name) == ["land", "water", "ice, \"old\""] && classes.map(\.value) == [0, 1, 2])
        #expect(classes.map(\.amount.pixels) == [90, 90, 0])
        #expect(zip(classes, [0.5, 0.5, 0]).allSatisfy { abs(($0.share ?? -1) - $1) < 1e-9 })
        for row in classes.prefix(2) {
            #expect(abs((row.amount.squareMetres ?? 0) - 9000) < 0.1)
            #expect(abs((row.amount.hectares ?? 0) - 0.9) < 1e-5)
        }
        #expect(statistics.whole.valid.pixels == 180 && statistics.whole.nodata.pixels == 20)
        #expect(abs((statistics.whole.nodata.squareMetres ?? 0) - 2000) < 0.1)
    }

    @Test("the whole is the sum of its parts, in degrees, on web maps, rotated, south-up, and without a place")
    func sums() throws {
        let references = [
            try TestMask.reference("EPSG:4326", [10, 0.1, 0, 70, 0, -0.1]),
            try TestMask.reference("EPSG:3857", [0, 500, 0, 9_000_000, 0, -500]),
            try TestMask.reference("EPSG:32633", [500_000, 3, 4, 6_000_000, 4, -3]),
            try TestMask.reference("EPSG:32633", [500_000, 10, 0, 6_000_000, 0, 10]),
            .none,
        ]
        for (index, reference) in references.enumerated() {
            let path = folder.path("mask\(index).tif")
            try TestMask.write(path, width: 97, height: 61, reference: reference, value: mixed)
            let mask = try RasterReader(path: path)
            let whole = try MaskStatistics(of: mask).whole
            #expect(whole.classes.reduce(0) { $0 + $1.amount.pixels } == whole.valid.pixels)
            #expect(whole.valid.pixels + whole.nodata.pixels == 97 * 61)
            #expect(abs(whole.classes.reduce(0) { $0 + ($1.share ?? 0) } - 1) < 1e-12)
            for row in whole.classes {
                var expected = 0
                for y in 0..<61 { for x in 0..<97 where Int(mixed(x, y)) == row.value { expected += 1 } }
                #expect(row.amount.pixels == expected)
            }
            guard reference.geoTransform != nil else {
                #expect(whole.valid.squareMetres == nil && whole.classes.allSatisfy { $0.share != nil })
                continue
            }
            var (row, total) = ([Double](), 0.0)
            let areas = try GroundAreas(size: mask.size, reference: reference)
            for y in 0..<61 {
                areas.cumulative(row: y, into: &row)
                total += row[97]
            }
            let sum = (whole.valid.squareMetres ?? 0) + (whole.nodata.squareMetres ?? 0)
            #expect(abs(sum / total - 1) < 1e-12)
        }
    }

    @Test("shares are of the area, not of the pixels")
    func areaShares() throws {
        // A row at the equator and one at 60 degrees, where a degree of longitude is half as long.
        try TestMask.write(
            path, width: 4, height: 2, reference: try TestMask.reference("EPSG:4326", [0, 1, 0, 90, 0, -60])
        ) { _, y in UInt8(y) }
        let classes = try MaskStatistics(of: try RasterReader(path: path)).whole.classes
        // Between the parallels: 1 - sin 30 and sin 30 + sin 30 on a sphere.
        #expect(abs((classes[0].share ?? 0) - 1.0 / 3) < 0.002 && abs((classes[1].share ?? 0) - 2.0 / 3) < 0.002)
        #expect(classes[0].amount.pixels == classes[1].amount.pixels)
    }

    @Test(
        "zones that part the mask sum to it, in its system and in others",
        arguments: [(3035, 1e-9), (4326, 1e-9)])
    func partition(epsg: Int, tolerance: Double) throws {
        let reference = try TestMask.reference("EPSG:3035", [4_321_000, 10, 0, 3_210_000, 0, -10])
        try TestMask.write(path, width: 130, height: 70, reference: reference, value: mixed)
        let mask = try RasterReader(path: path)
        // The system's centre is 10 degrees east, 52 north: the mask's upper left corner. In both systems the zones
        // share borders, and the outer ones reach far beyond the mask.
        let (xs, ys) =
            epsg == 3035
            ? ([4e6, 4_321_333, 4_321_905.5, 5e6], [3e6, 3_209_505, 3_209_700, 4e6])
            : ([9.0, 10.004_9, 10.012_2, 12], [51.0, 51.995_4, 51.997_1, 54])
        var boxes: [(properties: String, corners: [(Double, Double)])] = []
        for row in 0..<3 {
            for column in 0..<3 {
                boxes.append(
                    (
                        "{\"name\": \"\(row)\(column)\"}",
                        TestPolygons.box(xs[column], ys[row], xs[column + 1], ys[row + 1])
                    ))
            }
        }
        let statistics = try MaskStatistics(of: mask, zones: try zones(mask, epsg: epsg, boxes))
        let parts = try #require(statistics.zones)
        #expect(parts.map(\.name) == ["00", "01", "02", "10", "11", "12", "20", "21", "22"])
        #expect(parts.allSatisfy { $0.statistics.valid.pixels > 0 }, "each box holds some of the mask")
        for (index, row) in statistics.whole.classes.enumerated() {
            #expect(parts.reduce(0) { $0 + $1.statistics.classes[index].amount.pixels } == row.amount.pixels)
            let area = parts.reduce(0) { $0 + ($1.statistics.classes[index].amount.squareMetres ?? 0) }
            #expect(abs(area / (row.amount.squareMetres ?? 0) - 1) < tolerance)
        }
        #expect(parts.reduce(0) { $0 + $1.statistics.nodata.pixels } == statistics.whole.nodata.pixels)
    }

    @Test(
        "a pixel belongs to a zone when its centre does; overlapping zones count in each; others are empty, and said so"
    )
    func centres() throws {
        let mask = try halves()
        let statistics = try MaskStatistics(
            of: mask,
            zones: try zones(
                mask,
                [
                    // Columns 8 to 11 of rows 0 to 1: the edges run a little beyond the pixels' centres.
                    ("{\"name\": \"middle\"}", TestPolygons.box(4_000_084.9, 2_999_984, 4_000_115.1, 3_000_009)),
                    // From a centre on to the next is one pixel.
                    ("{\"name\": \"twice\"}", TestPolygons.box(4_000_000, 2_999_900, 4_000_200, 3_000_000)),
                    ("{}", TestPolygons.box(0, 0, 10, 10)),
                ]))
        let parts = try #require(statistics.zones)
        #expect(parts[0].statistics.classes.map(\.amount.pixels) == [4, 4, 0])
        #expect(parts[1].statistics.valid.pixels == 180 && parts[1].statistics.nodata.pixels == 20)
        #expect(
            parts[2].name == "zone 2" && parts[2].statistics.valid == ClassStatistics.Amount(pixels: 0, squareMetres: 0)
        )
        #expect(parts[2].statistics.classes.allSatisfy { $0.share == nil })
        #expect(statistics.warnings.count == 1 && statistics.warnings[0].contains("1 of 3 zones"))
    }

    @Test("zones as large as the Earth count what a mask has of them")
    func farZones() throws {
        // In UTM the antipodes of a zone have no place: what lies far off must not spoil what is near.
        try TestMask.write(
            path, width: 30, height: 30,
            reference: try TestMask.reference("EPSG:32633", [500_000, 100, 0, 6e6, 0, -100])
        ) { _, _ in 3 }
        let mask = try RasterReader(path: path)
        let parts = try MaskStatistics(
            of: mask,
            zones: try zones(
                mask, epsg: 4326,
                [
                    ("{\"name\": \"Earth\"}", TestPolygons.box(-180, -90, 180, 90)),
                    ("{\"name\": \"west\"}", TestPolygons.box(-180, -90, 0, 90)),
                ])
        ).zones
        #expect(parts?[0].statistics.valid.pixels == 900 && parts?[1].statistics.valid.pixels == 0)
    }

    @Test("zones on both sides of the antimeridian, which reach far from it, meet on a raster across it")
    func antimeridian() throws {
        // UTM 60's eastern border is 180 degrees, at 55 degrees north some 192 km east of its middle.
        try TestMask.write(
            path, width: 40, height: 30,
            reference: try TestMask.reference("EPSG:32660", [690_000, 100, 0, 6.1e6, 0, -100])
        ) { _, _ in 1 }
        let mask = try RasterReader(path: path)
        let statistics = try MaskStatistics(
            of: mask,
            zones: try zones(
                mask, epsg: 4326,
                [
                    ("{\"name\": \"Asia\"}", TestPolygons.box(30, 40, 180, 80)),
                    ("{\"name\": \"America\"}", TestPolygons.box(-180, 40, -50, 80)),
                    ("{\"name\": \"Atlantic\"}", TestPolygons.box(-50, 40, 30, 80)),
                ]))
        let pixels = (statistics.zones ?? []).map(\.statistics.valid.pixels)
        #expect(pixels.count == 3 && pixels[0] > 100 && pixels[1] > 100 && pixels[2] == 0, "\(pixels)")
        #expect(pixels.reduce(0, +) == 1200 && statistics.warnings.count == 1, "\(statistics.warnings)")
    }

    @Test("ground control points place zones as they place pixels")
    func controlPoints() throws {
        var reference = SpatialReference.none
        reference.groundControlPointCRS = try CoordinateReferenceSystem("EPSG:3035")
        for (column, row) in [(0.0, 0.0), (20, 0), (0, 10), (20, 10)] {
            reference.groundControlPoints.append(
                GroundControlPoint(column: column, row: row, x: 4e6 + 10 * column, y: 3e6 - 10 * row))
        }
        try TestMask.write(path, width: 20, height: 10, reference: reference) { x, _ in x < 10 ? 1 : 0 }
        let mask = try RasterReader(path: path)
        let part = try MaskStatistics(
            of: mask,
            zones: try zones(mask, [("{\"name\": \"a\"}", TestPolygons.box(4_000_050, 2_999_900, 4_000_120, 3e6))])
        ).zones?[0].statistics
        #expect(part?.classes.map(\.amount.pixels) == [20, 50])
        #expect(abs((part?.valid.squareMetres ?? 0) - 7000) < 0.1)
    }

    @Test("files: CSV quotes what it must, JSON has everything, neither is there by halves")
    func files() throws {
        let mask = try halves()
        let corner = [(properties: "{\"name\": \"a,b\"}", corners: TestPolygons.box(4e6, 2_999_950, 4_000_010, 3e6))]
        let statistics = try MaskStatistics(of: mask, zones: try zones(mask, corner))
        let lines = statistics.csv.split(separator: "\n")
        #expect(lines[0] == "zone_id,zone,value,class,pixels,square_metres,hectares,share")
        #expect(lines[1] == "0,\"a,b\",0,land,0,0.0,0.0,0.0" && lines[2].hasPrefix("0,\"a,b\",1,water,5,"))
        #expect(
            lines[3].hasPrefix("0,\"a,b\",2,\"ice, \"\"old\"\"\",0,") && lines[4].hasPrefix("0,\"a,b\",,no data,0,"))
        #expect(statistics.json.contains("\"pixels\" : 90"))
        // The field "name" is found by itself.
        let again = try MaskStatistics(of: mask, zones: MaskStatistics.ZoneLayer(path: folder.path("zones.geojson")))
        #expect(again.json == statistics.json && again.csv == statistics.csv, "the same bytes")
        try statistics.write(to: folder.path("out.csv"), overwrite: false)
        #expect(String(decoding: try folder.bytes("out.csv"), as: UTF8.self) == statistics.csv)
        let error = #expect(throws: FileError.self) {
            try statistics.write(to: folder.path("out.csv"), overwrite: false)
        }
        #expect(error?.code == .outputExists)
        try statistics.write(to: folder.path("out.csv"), overwrite: true)
        #expect(try folder.names == ["mask.tif", "mask.tif.aux.xml", "out.csv", "zones.geojson"])
    }

    @Test("what is no mask of classes is refused")
    func noMasks() throws {
        try SyntheticScene.write(folder.path("rgb.tif"), width: 8, height: 8, bands: 3)
        try SyntheticScene.write(folder.path("heights.tif"), width: 8, height: 8, type: .float32) { _, x, _ in
            Float(x) / 2
        }
        try SyntheticScene.write(folder.path("negative.tif"), width: 8, height: 8, type: .float32) { _, x, _ in
            Float(-x)
        }
        for name in ["rgb", "heights", "negative"] {
            let error = #expect(throws: RasterError.self) {
                _ = try MaskStatistics(of: try RasterReader(path: folder.path("\(name).tif")))
            }
            #expect(error?.code == .unsupported && error?.message.contains("\(name).tif") == true, "\(name)")
        }
    }

    @Test(
        "real rasters of one band", .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)),
        arguments: [
            // Degrees, south-up, control points, rotated with pixel-is-point, no system, no place.
            ("small_world_pct.tif", 510_065_621_724_088), ("inverted_lat.tif", 510_065_621_724_088),
            ("cog_gcps.tif", 43_632e6), ("small/geomatrix.tif", nil), ("small/byte_point.tif", 400 * 3602.6),
            ("rotated.tif", nil), ("small/oddsize1bit.tif", nil),
        ] as [(String, Double?)])
    func realRasters(name: String, area: Double?) throws {
        let statistics = try MaskStatistics(of: try RasterReader(path: SharedData.geotiff(name)))
        let whole = statistics.whole
        #expect(whole.valid.pixels + whole.nodata.pixels > 0)
        #expect((whole.valid.squareMetres == nil) == !statistics.warnings.isEmpty)
        if let area {
            let found = (whole.valid.squareMetres ?? 0) + (whole.nodata.squareMetres ?? 0)
            #expect(abs(found / area - 1) < 1e-3, "\(found)")
        }
    }
}
