import Foundation
import MaskProducts
import RasterIO
import TestData
import Testing
import TileGeometry

/// Polygons in files: in their place, with their numbers, complete or not at all.
struct PolygonOutputTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static let utm = try? CoordinateReferenceSystem("EPSG:32633")
    static let degrees = try? CoordinateReferenceSystem("EPSG:4326")

    /// A mask of bytes, 255 without data.
    private func mask(
        _ reference: SpatialReference, named name: String = "mask.tif",
        size: PixelSize = PixelSize(width: 6, height: 5),
        scale: Double? = nil, value: (Int, Int) -> UInt8 = { x, y in x == 0 ? 255 : x > 3 && y < 2 ? 1 : 0 }
    ) throws -> RasterReader {
        var options = RasterWriter.Options(size: size, bandCount: 1, sampleType: .uint8)
        options.blockSize = PixelSize(width: 16, height: 16)
        options.nodata = name == "mask.tif" ? 255 : nil
        options.spatialReference = reference
        options.scale = scale
        if name == "mask.tif" {
            options.legend = [LegendEntry(value: 0, name: "land"), LegendEntry(value: 1, name: "water")]
        }
        options.overwrite = true
        let writer = try RasterWriter(path: folder.path(name), options: options)
        let pixels = (0..<size.area).map { value($0 % size.width, $0 / size.width) }
        try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: 1, samples: $0) }
        try writer.commit()
        return try RasterReader(path: folder.path(name))
    }

    private func place(_ coefficients: [Double], _ crs: CoordinateReferenceSystem?) -> SpatialReference {
        SpatialReference(crs: crs, geoTransform: GeoTransform(coefficients))
    }

    private var inDegrees: SpatialReference { place([10, 0.01, 0, 50, 0, -0.01], Self.degrees) }

    /// Writes, commits, and returns the GeoJSON's features.
    private func features(
        _ mask: RasterReader, confidence: RasterReader? = nil,
        _ options: PolygonOutput.Options = PolygonOutput.Options()
    ) throws -> [[String: Any]] {
        let path = folder.path("out.geojson")
        let output = try PolygonOutput(mask: mask, confidence: confidence, options: options, path: path)
        try output.write()
        try output.commit()
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        return try #require((json as? [String: Any])?["features"] as? [[String: Any]])
    }

    private func properties(_ feature: [String: Any]) throws -> [String: Any] {
        try #require(feature["properties"] as? [String: Any])
    }

    @Test("a feature has its class, pixels, areas and confidence")
    func attributes() throws {
        let mask = try mask(inDegrees)
        let confidence = try self.mask(inDegrees, named: "confidence.tif") { x, y in UInt8(x * 51) }
        let features = try features(mask, confidence: confidence)
        #expect(features.count == 2)
        let water = try properties(features[0])
        #expect(water["class_id"] as? Int == 1)
        #expect(water["class_name"] as? String == "water")
        #expect(water["pixels"] as? Int == 4)
        #expect(try abs(#require(water["confidence"] as? Double) - 0.9) < 1e-12)
        var sums: [Double] = []
        var expected = 0.0
        let areas = try GroundAreas(size: mask.size, reference: mask.spatialReference)
        for row in 0..<2 {
            areas.cumulative(row: row, into: &sums)
            expected += sums[6] - sums[4]
        }
        #expect(try abs(#require(water["area_m2"] as? Double) - expected) < 1e-6 * expected)
        #expect(try abs(#require(water["area_ha"] as? Double) - expected / 10_000) < 1e-6 * expected)
        #expect(try properties(features[1])["class_name"] as? String == "land")
    }

    /// The square metres of a polygon of WGS 84, by the integral of the area below its sides (EPSG guidance note 7-2, 3.3.4).
    private func area(ofRings rings: [[[Double]]]) -> Double {
        let (axis, flattening) = (6_378_137.0, 1 / 298.257223563)
        let square = flattening * (2 - flattening)
        let excentricity = square.squareRoot()
        func below(_ latitude: Double) -> Double {
            let sine = sin(latitude * .pi / 180)
            return axis * axis * (1 - square) / 2
                * (sine / (1 - square * sine * sine) + atanh(excentricity * sine) / excentricity)
        }
        var sum = 0.0
        for ring in rings {
            for (one, next) in zip(ring, ring.dropFirst()) {
                for step in 0..<100 {
                    let latitude = one[1] + (next[1] - one[1]) * (Double(step) + 0.5) / 100
                    sum -= below(latitude) * (next[0] - one[0]) / 100 * .pi / 180
                }
            }
        }
        return sum
    }

    /// Stairs become straight lines, and the classes' shares change by what lies between.
    @Test("a simplified polygon has the area that it covers, and its pixels' area beside it")
    func simplifiedAreas() throws {
        let far = place([10, 0.1, 0, 70, 0, -0.1], Self.degrees)
        let mask = try mask(far, size: PixelSize(width: 80, height: 60)) { x, y in x * 2 + y * 3 > 150 ? 1 : 0 }
        var options = PolygonOutput.Options()
        options.tolerance = 2
        let features = try features(mask, options)
        #expect(features.count == 2)
        var sums: [Double] = []
        let areas = try GroundAreas(size: mask.size, reference: mask.spatialReference)
        var (whole, covered) = (0.0, 0.0)
        for row in 0..<60 {
            areas.cumulative(row: row, into: &sums)
            whole += sums[80]
        }
        for feature in features {
            let properties = try properties(feature)
            let geometry = try #require(feature["geometry"] as? [String: Any])
            let expected = area(ofRings: try #require(geometry["coordinates"] as? [[[Double]]]))
            let (own, pixels) = try (
                #require(properties["area_m2"] as? Double), #require(properties["pixels_m2"] as? Double)
            )
            #expect(abs(own - expected) < 5e-6 * expected, "\(own), not \(expected)")
            #expect(abs(own - pixels) > 1e-3 * pixels)
            covered += pixels
        }
        #expect(abs(covered - whole) < 1e-9 * whole)
        options.tolerance = nil
        options.overwrite = true
        #expect(try properties(try self.features(mask, options)[0])["pixels_m2"] == nil)
    }

    @Test(
        "simplified polygons that cover a raster have its area together",
        arguments: [
            // A web map up to Iceland, whose pixels shrink to a fifth; an oblique view of a cone; a plane.
            ("EPSG:3857", [-2_000_000, 50_000, 0, 10_000_000, 0, -50_000]),
            ("EPSG:3035", [2_600_000, 30_000, 9000, 5_400_000, 9000, -30_000]),
            ("EPSG:32633", [500_000, 10, 0, 5_000_000, 0, -10]),
            // Half of the northern hemisphere, around the pole.
            ("EPSG:3413", [-6_000_000, 130_000, 0, 6_000_000, 0, -110_000]),
        ])
    func simplifiedCover(system: String, coefficients: [Double]) throws {
        let reference = place(coefficients, try CoordinateReferenceSystem(system))
        let mask = try mask(reference, size: PixelSize(width: 90, height: 110)) { x, y in
            (x - 40) * (x - 40) + (y - 60) * (y - 60) < 900 ? 1 : x * 2 + y * 3 > 250 ? 0 : 2
        }
        let path = folder.path("out.gpkg")
        var options = PolygonOutput.Options()
        options.tolerance = 2
        let output = try PolygonOutput(mask: mask, options: options, path: path)
        try output.write()
        try output.commit()
        let rows = SQLiteFiles.rows(path, "SELECT area_m2, pixels_m2 FROM out").map { $0.compactMap { Double($0) } }
        #expect(rows.count > 2 && rows.allSatisfy { $0.count == 2 && $0[0] != $0[1] })
        let (covered, whole) = (rows.reduce(0) { $0 + $1[0] }, rows.reduce(0) { $0 + $1[1] })
        #expect(abs(covered - whole) < 1e-6 * whole, "\(covered), not \(whole)")
    }

    @Test("the confidence is what its raster's scale makes of the bytes", arguments: [(nil, 0.8), (0.004, 0.816)])
    func scaledConfidence(_ scale: Double?, _ expected: Double) throws {
        let confidence = try self.mask(inDegrees, named: "confidence.tif", scale: scale) { x, _ in x > 3 ? 204 : 250 }
        let features = try features(try mask(inDegrees), confidence: confidence)
        #expect(try abs(#require(try properties(features[0])["confidence"] as? Double) - expected) < 1e-12)
        // As segment writes it, 250 is certainty, and not a bit more.
        if scale != nil { #expect(try properties(features[1])["confidence"] as? Double ?? 0 <= 1) }
    }

    @Test("GeoJSON is RFC 7946's: rings right-handed, closed, longitudes first")
    func ringsOfGeoJSON() throws {
        let features = try features(try mask(inDegrees))
        let geometry = try #require(features[0]["geometry"] as? [String: Any])
        let rings = try #require(geometry["coordinates"] as? [[[Double]]])
        let expected = [[10.04, 50], [10.04, 49.99], [10.04, 49.98], [10.06, 49.98], [10.06, 50], [10.04, 50]]
        #expect(Set(rings[0]) == Set(expected.filter { $0[1] != 49.99 }))
        #expect(rings[0].first == rings[0].last)
        var area = 0.0
        for (one, next) in zip(rings[0], rings[0].dropFirst()) { area += one[0] * next[1] - next[0] * one[1] }
        #expect(area > 0)
    }

    @Test("classes, areas and connectedness choose")
    func choice() throws {
        let mask = try mask(inDegrees)
        var options = PolygonOutput.Options()
        options.classes = ["water"]
        options.overwrite = true
        #expect(try features(mask, options).count == 1)
        options.classes = []
        options.minimumArea = 5e6
        let large = try features(mask, options)
        #expect(try large.map { try properties($0)["class_name"] as? String } == ["land"])
        options.classes = ["wood"]
        #expect(throws: RasterError.self) { try features(mask, options) }
    }

    @Test("class numbers that no mask can have, in another program's metadata, are no classes")
    func foreignNumbers() throws {
        _ = try mask(inDegrees)
        let names = ["CLASS_-1": "x", "CLASS_1": "water", "CLASS_70000": "y", "CLASS_4294967296": "z"]
        let items = names.sorted { $0.key < $1.key }.map { "<MDI key=\"\($0.key)\">\($0.value)</MDI>" }
        let text = """
            <VRTDataset rasterXSize="6" rasterYSize="5"><SRS>EPSG:4326</SRS>
            <GeoTransform>10,0.01,0,50,0,-0.01</GeoTransform>
            <VRTRasterBand dataType="Byte" band="1"><Metadata>\(items.joined())</Metadata><SimpleSource>
            <SourceFilename relativeToVRT="1">mask.tif</SourceFilename><SourceBand>1</SourceBand>
            </SimpleSource></VRTRasterBand></VRTDataset>
            """
        let path = try folder.write(Array(text.utf8), to: "foreign.vrt")
        #expect(try RasterReader(path: path).legend(ofBand: 1).map(\.value) == [1])
        var options = PolygonOutput.Options()
        options.classes = ["water"]
        let output = try PolygonOutput(mask: path, options: options, path: folder.path("foreign.gpkg"))
        #expect(try output.write() == 1)
        try output.commit()
    }

    @Test("the same mask makes the same bytes, in every format", arguments: ["gpkg", "fgb", "geojson", "shp"])
    func repeatable(_ ending: String) throws {
        let mask = try mask(inDegrees, size: PixelSize(width: 90, height: 70)) { x, y in UInt8(x * y / 7 % 3) }
        var options = PolygonOutput.Options()
        options.overwrite = true
        let path = folder.path("out.\(ending)")
        func write() throws -> [[UInt8]] {
            let output = try PolygonOutput(mask: mask, options: options, path: path)
            try output.write()
            try output.commit()
            return try folder.names.filter { $0.hasPrefix("out.") }.map { try folder.bytes($0) }
        }
        let first = try write()
        Thread.sleep(forTimeInterval: 1.1)
        #expect(try write() == first)
        #expect(first.joined().count > 1000)
        #expect(try folder.names.allSatisfy { !$0.hasPrefix(".") && !$0.hasSuffix("-journal") })
    }

    @Test("nothing is left of what was given up, stopped or refused", arguments: ["gpkg", "fgb", "geojson", "shp"])
    func nothingLeft(_ ending: String) throws {
        let mask = try mask(inDegrees)
        let before = try folder.names
        let path = folder.path("out.\(ending)")
        let output = try PolygonOutput(mask: mask, options: PolygonOutput.Options(), path: path)
        #expect(throws: CancellationError.self) { try output.write { _, _ in throw CancellationError() } }
        #expect(try folder.names == before)
        let other = try PolygonOutput(mask: mask, options: PolygonOutput.Options(), path: path)
        try other.write()
        #expect(try folder.names.allSatisfy { before.contains($0) || $0.hasPrefix(".") })
        other.discard()
        #expect(try folder.names == before)
        _ = try folder.write([1, 2, 3], to: "out.\(ending)")
        let error = #expect(throws: RasterError.self) {
            _ = try PolygonOutput(mask: mask, options: PolygonOutput.Options(), path: path)
        }
        #expect(error?.code == .outputExists)
        #expect(try folder.bytes("out.\(ending)") == [1, 2, 3])
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let path: String
        let reference: SpatialReference
        let code: RasterError.Code
        let says: String
    }

    static let refusals = [
        Refusal(
            testDescription: "an unknown ending", path: "out.dwg", reference: .none, code: .badArgument,
            says: ".gpkg, .fgb, .geojson, .shp"),
        Refusal(
            testDescription: "GeoJSON without a system", path: "out.geojson", reference: .none, code: .unsupported,
            says: "WGS 84"),
        Refusal(
            testDescription: "rational polynomials only", path: "out.gpkg",
            reference: SpatialReference(
                crs: degrees,
                rationalPolynomials: [
                    "LINE_OFF": "1", "SAMP_OFF": "1", "LAT_OFF": "1", "LONG_OFF": "1", "HEIGHT_OFF": "1",
                    "LINE_SCALE": "1", "SAMP_SCALE": "1", "LAT_SCALE": "1", "LONG_SCALE": "1", "HEIGHT_SCALE": "1",
                    "LINE_NUM_COEFF": ones, "LINE_DEN_COEFF": ones, "SAMP_NUM_COEFF": ones, "SAMP_DEN_COEFF": ones,
                ]), code: .unsupported, says: "orthorectify"),
    ]
    static let ones = Array(repeating: "1", count: 20).joined(separator: " ")

    @Test("what cannot be written is refused in one line", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        let mask = try mask(refusal.reference)
        let before = try folder.names
        let error = #expect(throws: RasterError.self) {
            _ = try PolygonOutput(mask: mask, options: PolygonOutput.Options(), path: folder.path(refusal.path))
        }
        #expect(error?.code == refusal.code)
        #expect(error?.message.contains(refusal.says) == true, "\(error?.message ?? "")")
        #expect(try folder.names == before)
    }

    @Test("without georeference, coordinates are columns and rows upwards, as QGIS shows them, and areas are null")
    func placeless() throws {
        let mask = try mask(.none)
        let output = try PolygonOutput(mask: mask, options: PolygonOutput.Options(), path: folder.path("out.shp"))
        #expect(try output.write() == 2)
        try output.commit()
        let water = try ShapefilePolygons(path: folder.path("out.shp")).features[0]
        #expect(Set(water[0]) == [SIMD2(4, 0), SIMD2(6, 0), SIMD2(6, -2), SIMD2(4, -2)])
        var options = PolygonOutput.Options()
        options.minimumArea = 1
        #expect(throws: RasterError.self) {
            _ = try PolygonOutput(mask: mask, options: options, path: folder.path("other.shp"))
        }
    }

    /// Real georeferences: north-up, rotated, rotated without a system, south-up, degrees, pixel-is-point, mosaics of feet.
    static let scenes = [
        "RGB.byte.tif", "2d_test.tif", "rotated.tif", "inverted_lat.tif", "LisbonElevation.tif", "small/byte_point.tif",
        "small/geomatrix.tif", "small/epsg_2853_with_us_feet.tif", "cogeo.tif",
    ]

    @Test(
        "polygons lie where the scene's pixels lie",
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)),
        arguments: scenes)
    func places(_ name: String) throws {
        let scene = try RasterReader(path: SharedData.geotiff(name))
        let (width, height) = (scene.size.width, scene.size.height)
        let mask = try mask(scene.spatialReference, size: scene.size) { x, y in
            x < width / 2 ? 255 : y < height / 2 ? 1 : 0
        }
        let output = try PolygonOutput(mask: mask, options: PolygonOutput.Options(), path: folder.path("out.shp"))
        #expect(try output.write() == 2)
        try output.commit()
        let features = try ShapefilePolygons(path: folder.path("out.shp")).features
        let transform = try #require(scene.spatialReference.geoTransform)
        for (feature, rows) in zip(features, [(0, height / 2), (height / 2, height)]) {
            let corners = [width / 2, width].flatMap { column in
                [rows.0, rows.1].map { row in
                    let place = transform.coordinates(column: Double(column), row: Double(row))
                    return SIMD2(place.x, place.y)
                }
            }
            #expect(feature.count == 1)
            #expect(Set(feature[0]).isSuperset(of: corners))
        }
    }

    @Test(
        "with ground control points, polygons lie near the points",
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)))
    func groundControlPoints() throws {
        let scene = try RasterReader(path: SharedData.geotiff("cog_gcps.tif"))
        let mask = try mask(scene.spatialReference, size: scene.size) { x, y in
            UInt8(x / 64 % 2 ^ y / 64 % 2)
        }
        let output = try PolygonOutput(mask: mask, options: PolygonOutput.Options(), path: folder.path("out.shp"))
        try output.write()
        try output.commit()
        let points = try ShapefilePolygons(path: folder.path("out.shp")).features.joined().joined()
        // The last point of the scene's first corner and of its last; a pixel is some 0.0015 degrees.
        for point in scene.spatialReference.groundControlPoints
        where Int(point.column) % 64 == 0 && Int(point.row) % 64 == 0 {
            let distance = points.map { abs($0.x - point.x) + abs($0.y - point.y) }.min() ?? 1
            #expect(distance < 0.02, "\(point.column), \(point.row)")
        }
    }
}
