import FileIO
import Foundation
import MaskProducts
import RasterIO
import TestData
import Testing
import TileGeometry

/// An item says of an output what the specifications want, and nothing that is not so.
struct STACItemTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let time = AcquisitionTime(
        start: Date(timeIntervalSince1970: 1_475_228_422.5), source: "ACQUISITIONDATETIME")

    /// A mask of 60 x 40 pixels of 10 m, of which the left half has data.
    private func mask(
        _ name: String = "my mask#1.tif", change: (inout RasterWriter.Options) throws -> Void = { _ in }
    ) throws -> String {
        var options = RasterWriter.Options(size: PixelSize(width: 60, height: 40), bandCount: 1, sampleType: .uint8)
        options.nodata = 255
        options.format = .cloudOptimized
        options.spatialReference = SyntheticScene.spatialReference
        options.spatialReference.crs = try CoordinateReferenceSystem("EPSG:32633")
        options.legend = [
            LegendEntry(value: 0, name: "dry land", color: .init(red: 1, green: 171, blue: 255)),
            LegendEntry(value: 1, name: "вода"),
        ]
        options.metadata = [
            "OVERTILE_VERSION": "1.2.3", "OVERTILE_MODEL": "unet.pth", "OVERTILE_MODEL_SHA256": "ab12",
            "OVERTILE_TILE": "572",
        ]
        try change(&options)
        let path = folder.path(name)
        let writer = try RasterWriter(path: path, options: options)
        let pixels = (0..<options.size.area).map { UInt8($0 % 60 < 30 ? 1 : 255) }
        try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(options.size), band: 1, samples: $0) }
        try writer.commit()
        return path
    }

    private func object(_ item: STACItem) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(item.text.utf8)) as? [String: Any])
    }

    @Test("what the item specification requires is there")
    func required() throws {
        let item = try STACItem(of: mask(), time: Self.time)
        #expect(item.warnings.isEmpty)
        let object = try object(item)
        #expect(object["type"] as? String == "Feature")
        #expect(object["stac_version"] as? String == "1.1.0")
        #expect(object["id"] as? String == "my mask#1")
        #expect((object["links"] as? [Any])?.isEmpty == true)
        let geometry = try #require(object["geometry"] as? [String: Any])
        #expect(geometry["type"] as? String == "Polygon")
        let ring = try #require((geometry["coordinates"] as? [[[Double]]])?.first)
        #expect(ring.first == ring.last)
        // The left half: 300 m of 600, 400 m from the upper left corner at 15 E.
        let box = try #require(object["bbox"] as? [Double])
        #expect(abs(box[0] - 15) < 1e-6 && abs(box[2] - 15.0038) < 1e-4, "\(box)")
        #expect(abs(box[3] - 45.1535) < 1e-4 && abs(box[3] - box[1] - 0.0036) < 1e-4, "\(box)")
        let properties = try #require(object["properties"] as? [String: Any])
        #expect(properties["datetime"] as? String == "2016-09-30T09:40:22.500Z")
        #expect(properties["overtile:datetime_source"] as? String == "ACQUISITIONDATETIME")
        // Never a model's item, whatever it is called.
        #expect(!item.text.contains("mlm:"))
    }

    @Test("place, classes and making, as their extensions have them")
    func extensions() throws {
        let object = try object(STACItem(of: mask(), time: Self.time))
        let properties = try #require(object["properties"] as? [String: Any])
        #expect(properties["proj:code"] as? String == "EPSG:32633")
        #expect((properties["proj:wkt2"] as? String)?.hasPrefix("PROJCRS[") == true)
        #expect(properties["proj:shape"] as? [Int] == [40, 60])
        #expect(properties["proj:transform"] as? [Double] == [10, 0, 500_000, 0, -10, 5_000_000])
        #expect(properties["proj:bbox"] as? [Double] == [500_000, 4_999_600, 500_600, 5_000_000])
        #expect(properties["processing:software"] as? [String: String] == ["Overtile": "1.2.3"])
        #expect(properties["processing:lineage"] as? String == "Segmented by the model unet.pth (SHA-256 ab12).")
        let expression = try #require(properties["processing:expression"] as? [String: Any])
        #expect((expression["expression"] as? [String: String])?["tile"] == "572")
        let asset = try #require((object["assets"] as? [String: [String: Any]])?["data"])
        #expect(asset["href"] as? String == "./my%20mask%231.tif")
        #expect(asset["type"] as? String == "image/tiff; application=geotiff; profile=cloud-optimized")
        let band = try #require((asset["bands"] as? [[String: Any]])?.first)
        #expect(band["data_type"] as? String == "uint8")
        #expect(band["nodata"] as? Int == 255)
        let classes = try #require(band["classification:classes"] as? [[String: Any]])
        #expect(classes.map { $0["value"] as? Int } == [0, 1])
        #expect(classes.map { $0["name"] as? String } == ["dry_land", "class_1"])
        #expect(classes.map { $0["title"] as? String } == ["dry land", "вода"])
        let declared = try #require(object["stac_extensions"] as? [String])
        for prefix in ["projection", "processing", "classification"] {
            #expect(declared.contains { $0.contains("/\(prefix)/v") })
        }
    }

    @Test("an output that lies nowhere has no geometry and no box; ground control points have no transform")
    func placeless() throws {
        let item = try STACItem(of: mask { $0.spatialReference = .none }, time: Self.time)
        let object = try object(item)
        #expect(object["geometry"] is NSNull)
        #expect(object["bbox"] == nil)
        #expect(item.warnings.count == 1)
        let points = try STACItem(
            of: mask("points.tif") { options in
                options.spatialReference.geoTransform = nil
                options.spatialReference.groundControlPointCRS = options.spatialReference.crs
                options.spatialReference.crs = nil
                options.spatialReference.groundControlPoints = [(0.0, 0.0), (60, 0), (0, 40), (60, 40)].map {
                    GroundControlPoint(column: $0.0, row: $0.1, x: 500_000 + 10 * $0.0, y: 5_000_000 - 10 * $0.1)
                }
            }, time: Self.time)
        let properties = try #require(try self.object(points)["properties"] as? [String: Any])
        #expect(properties["proj:code"] as? String == "EPSG:32633")
        #expect(properties["proj:transform"] == nil)
        #expect(try self.object(points)["geometry"] is [String: Any])
    }

    static let dates: [(String, String?)] = [
        ("2016-09-30T09:40:22Z", "2016-09-30T09:40:22Z"), ("2016:09:30 09:40:22", "2016-09-30T09:40:22Z"),
        ("2016-09-30T09:40:22.026Z", "2016-09-30T09:40:22.026Z"), ("2016-09-30", "2016-09-30T00:00:00Z"),
        ("\"2016-09-30\"", "2016-09-30T00:00:00Z"), ("2016-09-30 09:40:22+02:00", "2016-09-30T07:40:22Z"),
        ("2016-09-30T09:40Z", "2016-09-30T09:40:00Z"), ("2016-13-30", nil), ("yesterday", nil), ("", nil),
    ]

    @Test("the time is what the scene says, in the forms that scenes use; else the file's", arguments: dates)
    func times(_ text: String, _ expected: String?) throws {
        let scene = try RasterReader(path: mask("scene.tif") { $0.metadata = ["ACQUISITIONDATETIME": text] })
        let time = AcquisitionTime(of: scene)
        #expect(time.isKnown == (expected != nil))
        let item = try STACItem(of: scene.path, time: time)
        #expect(item.warnings.count == (expected == nil ? 1 : 0))
        let properties = try #require(try object(item)["properties"] as? [String: Any])
        if let expected { #expect(properties["datetime"] as? String == expected) }
    }

    @Test("a span of time, as products of satellites have it")
    func span() throws {
        let scene = try RasterReader(
            path: mask("scene.tif") {
                $0.metadata = [
                    "PRODUCT_START_TIME": "2020-01-01T10:00:00Z", "PRODUCT_STOP_TIME": "2020-01-01T10:00:10Z",
                    "TIFFTAG_DATETIME": "2021:01:01 00:00:00",
                ]
            })
        let item = try STACItem(of: scene.path, time: AcquisitionTime(of: scene))
        let properties = try #require(try object(item)["properties"] as? [String: Any])
        #expect(properties["datetime"] is NSNull)
        #expect(properties["start_datetime"] as? String == "2020-01-01T10:00:00Z")
        #expect(properties["end_datetime"] as? String == "2020-01-01T10:00:10Z")
    }

    @Test("the same output gives the same text, which appears whole beside it")
    func writing() throws {
        let path = try mask("mask.tif")
        let item = try STACItem(of: path, time: Self.time)
        try item.write(overwrite: false)
        #expect(try folder.names == ["mask.json", "mask.tif", "mask.tif.aux.xml"])
        #expect(String(decoding: try folder.bytes("mask.json"), as: UTF8.self) == item.text)
        #expect(try STACItem(of: path, time: Self.time).text == item.text)
        #expect(throws: FileError.self) { try item.write(overwrite: false) }
    }
}
