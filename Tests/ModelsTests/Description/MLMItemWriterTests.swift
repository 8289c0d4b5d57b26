import FileIO
import Foundation
import StoredTensors
import TestData
import Testing
import TestNetworks

@testable import Models

/// Items that Overtile writes: what the extension asks for, and that they are read again as they were meant.
@Suite struct MLMItemWriterTests {
    private let folder: TemporaryFolder
    private let model: Model

    init() throws {
        folder = try TemporaryFolder()
        model = try Model(path: ModelFile.paperUNet(in: folder.url.path, bands: 2, classes: 3, depth: 2))
    }

    private var full: ModelDescription {
        var full = ModelDescription()
        full.bands = Sourced([.name(["B04", "red"]), .name(["B08", "nir"])], source: "")
        var scaling = PixelScaling()
        scaling.scale = [0.5]
        scaling.offset = [1]
        scaling.mean = [3, 5]
        scaling.std = [2, 4]
        full.scaling = Sourced(scaling, source: "")
        full.tile = Sourced(64, source: "")
        full.overlap = Sourced(12.5, source: "")
        full.resolution = Sourced(0.3, source: "")
        full.classes = Sourced(
            [
                ClassDescription(name: "Bare soil"),
                ClassDescription(name: "Seen \"öl\"", color: .init(red: 1, green: 2, blue: 255)),
                ClassDescription(name: "Wald"),
            ], source: "")
        full.activation = Sourced(.logits, source: "")
        full.threshold = Sourced(0.1, source: "")
        full.nodata = Sourced(.nan, source: "")
        return full
    }

    private func write(_ description: ModelDescription?) throws -> (object: [String: Any], properties: [String: Any]) {
        let path = folder.path("item.json")
        try model.writeItem(path, description: description, overwrite: true)
        // By another reader than our own.
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        let item = try #require(object as? [String: Any])
        return (item, try #require(item["properties"] as? [String: Any]))
    }

    @Test("all that a STAC item and the extension require is there", arguments: [true, false])
    func required(isFull: Bool) throws {
        let (item, properties) = try write(isFull ? full : nil)
        #expect(item["type"] as? String == "Feature" && item["stac_version"] as? String == "1.1.0")
        #expect(item["id"] is String && item["links"] is [Any] && item["geometry"] is NSNull && item["bbox"] == nil)
        let extensions = try #require(item["stac_extensions"] as? [String])
        #expect(extensions.contains("https://stac-extensions.github.io/mlm/v1.5.2/schema.json"))
        #expect((properties["datetime"] as? String)?.contains(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) == true)
        #expect((properties["mlm:name"] as? String)?.contains(/^[a-zA-Z][a-zA-Z0-9_.-]+[a-zA-Z0-9]$/) == true)
        #expect(properties["mlm:architecture"] is String)
        #expect(properties["mlm:tasks"] as? [String] == ["semantic-segmentation"])
        #expect(properties["mlm:total_parameters"] as? Int == model.parameterCount)
        let input = try #require((properties["mlm:input"] as? [[String: Any]])?.first)
        let structure = try #require(input["input"] as? [String: Any])
        #expect(input["name"] is String && structure["data_type"] as? String == "float32")
        #expect(structure["shape"] as? [Int] == [-1, 2, isFull ? 64 : -1, isFull ? 64 : -1])
        // The schema knows a dimension "bands" only where bands are named, and then asks for it.
        let bandDimension = isFull ? "bands" : "channel"
        #expect(structure["dim_order"] as? [String] == ["batch", bandDimension, "height", "width"])
        #expect((input["bands"] as? [Any])?.isEmpty == !isFull)
        let output = try #require((properties["mlm:output"] as? [[String: Any]])?.first)
        let result = try #require(output["result"] as? [String: Any])
        #expect(output["name"] is String && output["tasks"] as? [String] == ["semantic-segmentation"])
        #expect(result["dim_order"] is [String] && (result["shape"] as? [Int])?[1] == 3)
        // Keys without colons, at least one.
        let hyperparameters = properties["mlm:hyperparameters"] as? [String: Any]
        #expect(isFull == (hyperparameters != nil))
        #expect(hyperparameters?.keys.allSatisfy { $0.contains(/^[0-9a-zA-Z_.-]+$/) } ?? true)
        // Bands that are named are described: in the properties for the extension, and so for STAC in the asset, too.
        for place in [properties, (item["assets"] as? [String: [String: Any]])?["model"] ?? [:]] {
            #expect(
                (place["bands"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
                    == (isFull ? ["B04", "B08"] : nil))
        }
        let scaling = input["value_scaling"] as? [[String: Any]]
        #expect(
            scaling?.map { $0["mean"] as? Double } == (isFull ? [4, 8] : nil), "(v * 0.5 + 1 - 3) / 2 = (v - 4) / 4")
        #expect(scaling?.map { $0["stddev"] as? Double } == (isFull ? [4, 8] : nil))
        let classes = try #require(output["classification:classes"] as? [[String: Any]])
        #expect(
            classes.allSatisfy { ($0["name"] as? String)?.contains(/^[0-9A-Za-z_-]+$/) == true && $0["value"] is Int })
        #expect(classes.allSatisfy { $0["description"] is String })
        #expect(classes.compactMap { $0["color_hint"] as? String } == (isFull ? ["0102FF"] : []))
    }

    @Test("common names are those of the eo extension, which is then named")
    func commonNames() throws {
        var description = full
        for (names, common) in [(["B04", "rot", "red"], "red"), (["B04", "rot"], nil), (["red"], nil)] {
            description.bands = Sourced([.name(names), .name(["B08"])], source: "")
            let (item, properties) = try write(description)
            let bands = try #require(properties["bands"] as? [[String: Any]])
            #expect(bands.map { $0["eo:common_name"] as? String } == [common, nil])
            let extensions = try #require(item["stac_extensions"] as? [String])
            #expect(extensions.contains { $0.contains("/eo/") } == (common != nil))
        }
    }

    @Test(
        "bounds of pixels, alone and with more, in the extension's words",
        arguments: [
            (nil, [2], nil, "clip-max"), ([1], nil, nil, "clip-min"), ([1], [2], nil, "clip"),
            ([1], nil, [5], "processing"), (nil, nil, [5], "z-score"),
        ] as [([Float]?, [Float]?, [Float]?, String)])
    func bounds(minimum: [Float]?, maximum: [Float]?, mean: [Float]?, type: String) throws {
        var scaling = PixelScaling()
        (scaling.minimum, scaling.maximum, scaling.mean) = (minimum, maximum, mean)
        var description = ModelDescription()
        description.scaling = Sourced(scaling, source: "")
        let (_, properties) = try write(description)
        let input = try #require((properties["mlm:input"] as? [[String: Any]])?.first)
        let step = try #require((input["value_scaling"] as? [[String: Any]])?.first)
        #expect(step["type"] as? String == type)
        if type != "processing" {
            #expect(step["minimum"] as? Float == minimum?[0] && step["maximum"] as? Float == maximum?[0])
        } else {
            #expect(step["expression"] as? String == "(numpy.clip(x, 1.0, None) - (5.0)) / (1.0)")
        }
    }

    @Test("the asset is the model file, with its size and checksum")
    func asset() throws {
        let (item, _) = try write(nil)
        let asset = try #require((item["assets"] as? [String: [String: Any]])?["model"])
        #expect((asset["roles"] as? [String])?.contains("mlm:model") == true)
        #expect(asset["mlm:artifact_type"] as? String == "safetensors.torch.save_file")
        let name = URL(fileURLWithPath: model.path).lastPathComponent
        #expect(asset["href"] as? String == "./\(name)")
        #expect(asset["file:size"] as? Int == (try folder.bytes(name).count))
        let checksum = try #require(asset["file:checksum"] as? String)
        let sum = try folder.bytes(name).withUnsafeBytes { SHA256.checksum(of: $0) }
        #expect(checksum == "1220" + sum && checksum.count == 68)
    }

    @Test("an item, and a file's metadata, say again what they were given")
    func roundTrip() throws {
        try model.writeItem(folder.path("item.json"), description: full)
        let item = try Model(path: model.path, item: folder.path("item.json")).description
        let own = try ModelDescription(
            metadata: full.metadata, ofModel: model.path, item: nil, bandCount: 2, outputs: 3)
        for found in [item, own] {
            #expect(found.warnings.isEmpty && found.refusals.isEmpty)
            #expect(found.bands?.value == full.bands?.value && found.scaling?.value == full.scaling?.value)
            #expect(found.tile?.value == 64 && found.overlap?.value == 12.5 && found.resolution?.value == 0.3)
            #expect(found.classes?.value == full.classes?.value && found.activation?.value == .logits)
            #expect(found.threshold?.value == 0.1 && found.nodata?.value.isNaN == true)
        }
    }

    @Test("an item is not written over another file unasked")
    func overwriting() throws {
        let path = try folder.write([1], to: "taken.json")
        #expect { try model.writeItem(path) } throws: { ($0 as? ModelFileError)?.code == .outputExists }
        #expect(try folder.bytes("taken.json") == [1])
    }

    @Test(
        "SHA-256 of FIPS 180-4's examples, and at the lengths where padding needs another block",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"
            ),
        ])
    func checksum(text: String, sum: String) {
        #expect(Array(text.utf8).withUnsafeBytes { SHA256.checksum(of: $0) } == sum)
    }
}
