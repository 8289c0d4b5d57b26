import Glibc
import RasterIO
import TestData
import Testing
import TileGeometry
import VectorIO

/// Vector layers on a raster's grid.
@Suite struct RasterPolygonsTests {
    private let folder: TemporaryFolder
    private let size = PixelSize(width: 20, height: 10)

    init() throws { folder = try TemporaryFolder() }

    /// 20 x 10 pixels of 10 m on an equal-area map.
    private func reference() throws -> SpatialReference {
        try TestMask.reference("EPSG:3035", [4_000_000, 10, 0, 3_000_000, 0, -10])
    }

    @Test("pixels are covered whose centre lies inside, and what misses the raster covers none")
    func cover() throws {
        let features = [
            (
                properties: #"{"name": "inside"}"#,
                corners: TestPolygons.box(4_000_020, 2_999_960, 4_000_054, 2_999_990)
            ),
            (properties: #"{"name": null}"#, corners: TestPolygons.box(4_100_000, 2_999_960, 4_100_050, 2_999_990)),
        ]
        let path = try folder.write(TestPolygons.geoJSON(epsg: 3035, features), to: "zones.geojson")
        let polygons = try RasterPolygons(path: path, field: "NAME", size: size, reference: reference())
        #expect(polygons.features.map(\.value) == ["inside", nil])
        #expect(polygons.features.map(\.window.isEmpty) == [false, true])
        #expect(polygons.warnings.isEmpty)
        let window = PixelWindow(size)
        var mask = [UInt8](repeating: 7, count: size.area)
        try mask.withUnsafeMutableBufferPointer { try polygons.cover(0, window, into: $0) }
        let covered = mask.indices.filter { mask[$0] == 1 }.map { [$0 % size.width, $0 / size.width] }
        #expect(covered == (1..<4).flatMap { row in (2..<5).map { [$0, row] } })
        #expect(mask.allSatisfy { $0 <= 1 })
        try mask.withUnsafeMutableBufferPointer { try polygons.cover(1, window, into: $0) }
        #expect(mask.allSatisfy { $0 == 0 })
    }

    /// A GeoPackage has a system called undefined then.
    @Test("a layer without a system is taken for one in the raster's", arguments: ["zones.gpkg", "zones.shp"])
    func undefinedSystem(name: String) throws {
        let writer = try VectorWriter(
            path: folder.path(name), options: VectorWriter.Options(crs: nil, fields: [.init("name", .text)]))
        writer.beginPolygon()
        writer.beginRing()
        writer.addPoints(
            x: [4_000_020, 4_000_054, 4_000_054, 4_000_020], y: [2_999_960, 2_999_960, 2_999_990, 2_999_990])
        writer.endRing()
        writer.set(0, "inside")
        try writer.endFeature()
        try writer.commit()
        let polygons = try RasterPolygons(path: folder.path(name), size: size, reference: reference())
        #expect(!polygons.hasSystem && polygons.features.map(\.window.isEmpty) == [false])
        #expect(polygons.warnings.count == 1)
        #expect(polygons.warnings.first?.contains("does not name its coordinate system: taken for that of") == true)
    }

    @Test("what is no layer of polygons, and what is not there, is refused in one line")
    func refused() throws {
        let raster = folder.path("mask.tif")
        try TestMask.write(raster, width: 20, height: 10, reference: try reference()) { x, _ in UInt8(x / 10) }
        let point = """
            {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"a": 1},
             "geometry": {"type": "Point", "coordinates": [10, 52]}}]}
            """
        let points = try folder.write(Array(point.utf8), to: "points.geojson")
        let text = try folder.write(Array("no polygons".utf8), to: "text.gpkg")
        let box = (properties: "{}", corners: TestPolygons.box(4_000_020, 2_999_960, 4_000_054, 2_999_990))
        // Mean sea level in feet, downwards.
        let heights = try folder.write(TestPolygons.geoJSON(epsg: 8053, [box]), to: "heights.geojson")
        let cases: [(String, String?, RasterError.Code, String)] = [
            (heights, nil, .unsupported, "is a system of heights"),
            (points, nil, .unsupported, "is a POINT, and polygons are needed"),
            (points, "b", .badArgument, "has no field \"b\": it has \"a\""),
            (text, nil, .notARaster, "is not a vector file"),
            (folder.path("none.gpkg"), nil, .noSuchFile, "check the path"),
            (raster, nil, .notARaster, "is not a vector file"),
        ]
        for (file, field, code, says) in cases {
            let error = #expect(throws: RasterError.self) {
                _ = try RasterPolygons(path: file, field: field, size: size, reference: reference())
            }
            #expect(error?.code == code && error?.message.contains(says) == true, "\(String(describing: error))")
        }
        let placeless = #expect(throws: RasterError.self) {
            _ = try RasterPolygons(path: points, size: size, reference: .none)
        }
        #expect(placeless?.code == .unsupported)
    }

    /// Sides between corners of pixels pass through many centres, and the system's step is no sum of powers of two.
    ///
    /// A fan of triangles around a corner of pixels covers the raster, and so do bands whose borders lie along the centres of
    /// rows and columns. Reprojected, a triangle's sides are curves.
    @Test(
        "polygons that cover a raster cover each pixel once, whatever the windows",
        arguments: [false, true], [("EPSG:4326", 4326), ("EPSG:4326", 3857)])
    func covering(areBands: Bool, systems: (String, Int)) throws {
        let (size, step) = (PixelSize(width: 97, height: 61), 0.225)
        let reference = try TestMask.reference(systems.0, [-20, step, 0, 50, 0, -step])
        func place(_ x: Double, _ y: Double) -> (Double, Double) {
            let (longitude, latitude) = (-20 + x * step, 50 - y * step)
            guard systems.1 == 3857 else { return (longitude, latitude) }
            let radius = 6_378_137.0
            return (
                longitude * .pi / 180 * radius, radius * log(tan(.pi / 4 + latitude * .pi / 360))
            )
        }
        let (width, height) = (Double(size.width), Double(size.height))
        var rings: [[(Double, Double)]] = []
        if areBands {
            let rows = [0, 10.5, 11.5, 30, 45.5, height]
            let columns = [0, 20.5, 21, 60.5, width]
            for (top, bottom) in zip(rows, rows.dropFirst()) {
                for (left, right) in zip(columns, columns.dropFirst()) {
                    rings.append(TestPolygons.box(left, top, right, bottom))
                }
            }
        } else {
            var around: [(Double, Double)] = []
            for x in 0..<size.width { around.append((Double(x), 0)) }
            for y in 0..<size.height { around.append((width, Double(y))) }
            for x in 0..<size.width { around.append((width - Double(x), height)) }
            for y in 0..<size.height { around.append((0, height - Double(y))) }
            for (index, corner) in around.enumerated() {
                rings.append([(40, 23), corner, around[(index + 1) % around.count]])
            }
        }
        let features = rings.map { (properties: "{}", corners: $0.map { place($0.0, $0.1) }) }
        let path = try folder.write(TestPolygons.geoJSON(epsg: systems.1, features), to: "cover.geojson")
        let polygons = try RasterPolygons(path: path, size: size, reference: reference)
        for rows in [1, 7, size.height] {
            var counts = [Int](repeating: 0, count: size.area)
            var mask = [UInt8](repeating: 0, count: size.area)
            for top in stride(from: 0, to: size.height, by: rows) {
                let window = PixelWindow(x: 0, y: top, width: size.width, height: min(rows, size.height - top))
                for (index, feature) in polygons.features.enumerated() {
                    let part = feature.window.intersection(window)
                    if part.isEmpty { continue }
                    try mask.withUnsafeMutableBufferPointer { try polygons.cover(index, part, into: $0) }
                    for place in 0..<part.size.area {
                        counts[(part.y + place / part.width) * size.width + part.x + place % part.width] += Int(
                            mask[place])
                    }
                }
            }
            let wrong = counts.indices.filter { counts[$0] != 1 }
            #expect(wrong.isEmpty, "\(rows) rows: \(wrong.prefix(5)), \(wrong.count) in all")
        }
    }

    @Test("QGIS's table of styles is no layer of polygons, and a layer's style lies in it")
    func styles() throws {
        var options = VectorWriter.Options(crs: nil, fields: [.init("name", .text)])
        options.style = "<qgis/>"
        let writer = try VectorWriter(path: folder.path("zones.gpkg"), options: options)
        writer.beginPolygon()
        writer.beginRing()
        writer.addPoints(x: [4_000_020, 4_000_054, 4_000_054], y: [2_999_960, 2_999_960, 2_999_990])
        writer.endRing()
        try writer.endFeature()
        try writer.commit()
        let polygons = try RasterPolygons(path: folder.path("zones.gpkg"), size: size, reference: reference())
        #expect(polygons.layerName == "zones" && polygons.features.count == 1)
        // What QGIS looks for: its query, and no schema that is null.
        let rows = SQLiteFiles.rows(
            folder.path("zones.gpkg"),
            """
            SELECT styleQML, useAsDefault, update_time FROM layer_styles
            WHERE f_table_schema = '' AND f_table_name = 'zones' AND f_geometry_column = 'geom'
            """)
        #expect(rows == [["<qgis/>", "1", "1970-01-01T00:00:00.000Z"]])
    }

    @Test("a polygon of coordinates beyond all numbers of pixels covers what it covers", arguments: [1e19, 1e300])
    func far(distance: Double) throws {
        let features = [
            (properties: "{}", corners: TestPolygons.box(-distance, -distance, distance, distance)),
            (properties: "{}", corners: TestPolygons.box(distance, distance, 2 * distance, 2 * distance)),
        ]
        let path = try folder.write(TestPolygons.geoJSON(epsg: 3035, features), to: "far.geojson")
        let polygons = try RasterPolygons(path: path, size: size, reference: reference())
        #expect(polygons.features.map(\.window.isEmpty) == [false, true])
    }
}
