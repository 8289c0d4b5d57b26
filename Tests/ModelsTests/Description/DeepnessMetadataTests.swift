import Testing

@testable import Models

/// Deepness's keys with their quirks, as they stand in `metadata_props` and `__metadata__`.
@Suite struct DeepnessMetadataTests {
    private func read(_ metadata: [String: String], bands: Int = 3, outputs: Int = 2) throws -> ModelDescription {
        try ModelDescription(
            metadata: metadata, ofModel: "/nowhere/model.onnx", item: nil, bandCount: bands, outputs: outputs)
    }

    @Test func aWholeModel() throws {
        let found = try read([
            "model_type": "\"segmentor\"", "class_names": #"{"0": "_background", "1": "building"}"#,
            "resolution": "50", "tile_size": "512", "tiles_overlap": "40", "seg_thresh": "0.25",
            "standardization_mean": "[0.485, 0.456, 0.406]", "standardization_std": "[0.229, 0.224, 0.225]",
            "seg_small_segment": "11",
        ])
        #expect(found.warnings.isEmpty)
        #expect(found.resolution == Sourced(0.5, source: "resolution of model.onnx"), "centimetres")
        #expect(found.tile == Sourced(512, source: "tile_size of model.onnx"))
        #expect(found.overlap == Sourced(40, source: "tiles_overlap of model.onnx"))
        #expect(found.threshold?.value == 0.25)
        #expect(found.classes?.value.map(\.name) == ["_background", "building"])
        #expect(found.bands?.value == [.number(1), .number(2), .number(3)])
        #expect(found.activation?.value == .probabilities)
        let scaling = try #require(found.scaling)
        #expect(scaling.value.scale == [1 / 255] && scaling.value.mean == [0.485, 0.456, 0.406])
        #expect(scaling.value.std == [0.229, 0.224, 0.225])
        #expect(scaling.source == "standardization_mean and _std of model.onnx")
    }

    /// A standard deviation of -1e300 became an infinity, which no JSON can hold.
    @Test("numbers that float32 does not hold are not used, and never written")
    func numbersBeyondFloat32() throws {
        for text in ["-1e+300", "[1, 1e39]", "[1e300]"] {
            let found = try read(["overtile.std": text, "standardization_mean": text])
            #expect(found.scaling?.value.std == nil && found.scaling?.value.mean == nil, "\(text)")
            #expect(found.warnings.count == 2 && found.warnings.allSatisfy { $0.contains("it is not used") })
            #expect(found.metadata.values.allSatisfy { !$0.contains("inf") })
        }
        #expect(try read(["overtile.std": "1e38"]).scaling?.value.std == [1e38])
        #expect(MetadataValue.array([.number(.infinity), .number(.nan), .number(1.5)]).json == "[null, null, 1.5]")
    }

    @Test("the documented tile key, and the one that the reader looks for, which wins")
    func tileKeys() throws {
        #expect(try read(["tiles_size": "256"]).tile == Sourced(256, source: "tiles_size of model.onnx"))
        #expect(try read(["tiles_size": "256", "tile_size": "512"]).tile?.value == 512)
    }

    @Test(
        "class names in the forms that are found",
        arguments: [
            ("names", "{0: 'car'}", 1, ["car"]),
            ("names", "['car', 'tree']", 2, ["car", "tree"]),
            ("class_names", #"[{"0": "a", "1": "b"}, {"0": "c"}]"#, 2, ["a", "b"]),
            ("class_names", #"{"1": "b", "0": "a", "2": "b"}"#, 3, ["a", "b 1", "b 2"]),
        ])
    func classNames(key: String, text: String, outputs: Int, names: [String]) throws {
        let found = try read([key: text], outputs: outputs)
        #expect(found.classes?.value.map(\.name) == names && found.warnings.isEmpty)
        #expect(found.classes?.source == "\(key) of model.onnx")
    }

    @Test("what only Deepness's models have makes a model run as there; what others have, too, does not")
    func convention() throws {
        let plain = try read(["names": "{0: 'a', 1: 'b'}", "resolution": "10"])
        #expect(plain.scaling == nil && plain.activation == nil && plain.bands == nil)
        let deepness = try read(["tiles_overlap": "15"])
        #expect(deepness.scaling?.value.scale == [1 / 255] && deepness.scaling?.value.mean == nil)
        #expect(deepness.activation?.source == "Deepness, by tiles_overlap of model.onnx")
        #expect(try read([:]) == ModelDescription())
    }

    @Test(
        "a malformed value is one warning with file and key, and the others still count",
        arguments: [
            ("class_names", #"{"0": "a", "2": "b"}"#), ("class_names", "{"), ("resolution", "-3"),
            ("resolution", "\"fine\""), ("tile_size", "0"), ("tiles_overlap", "100"), ("seg_thresh", "NaN"),
            ("standardization_mean", "[0.5]"), ("standardization_std", "[0.5]"), ("model_type", "\"Detector\""),
        ])
    func malformed(key: String, text: String) throws {
        var metadata = ["model_type": "Segmentor", "tiles_size": "64"]
        metadata[key] = text
        let found = try read(metadata)
        #expect(found.warnings.count == 1 && found.warnings[0].contains("\(key) of model.onnx"), "\(found.warnings)")
        #expect(found.tile?.value == 64 && found.scaling?.value.scale == [1 / 255])
        #expect(found.scaling?.value.mean == nil && found.scaling?.value.std == nil)
    }

    @Test("what contradicts the weights is not used, and a warning says so")
    func contradictions() throws {
        let found = try read(
            [
                "class_names": #"{"0": "a", "1": "b", "2": "c"}"#, "standardization_mean": "[1, 2]",
                "standardization_std": "[1, 2]",
            ], bands: 3, outputs: 2)
        #expect(found.classes == nil && found.scaling == nil)
        #expect(found.warnings.count == 2 && found.warnings.allSatisfy { $0.contains("the weights win") })
    }
}
