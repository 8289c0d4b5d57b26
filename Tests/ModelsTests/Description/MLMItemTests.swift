import Foundation
import StoredTensors
import TestData
import Testing

@testable import Models

/// STAC items that describe models: as the extension has them, and as people write them.
@Suite struct MLMItemTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(
        _ json: String, metadata: [String: String] = [:], bands: Int = 2, outputs: Int = 2
    ) throws -> ModelDescription {
        _ = try folder.write(Array(json.utf8), to: "model.json")
        return try ModelDescription(
            metadata: metadata, ofModel: folder.path("model.pth"), item: nil, bandCount: bands, outputs: outputs)
    }

    private func item(input: String = "", output: String = "", more: String = "", asset: String = "") -> String {
        """
        {"type": "Feature", "properties": {"mlm:tasks": ["semantic-segmentation"], \(more)
          "mlm:input": [{"name": "i" \(input.isEmpty ? "" : ","+input)}],
          "mlm:output": [{"name": "o" \(output.isEmpty ? "" : ","+output)}]},
         "assets": {"model": {"roles": ["mlm:model"] \(asset.isEmpty ? "" : ","+asset)}}}
        """
    }

    @Test func aWholeItem() throws {
        let found = try read(
            item(
                input: """
                    "bands": ["B04", "B08"], "value_scaling": [{"type": "z-score", "mean": 10, "stddev": 2},
                    {"type": "min-max", "minimum": 100, "maximum": 300}],
                    "input": {"shape": [-1, 2, 64, 64], "dim_order": ["batch", "bands", "height", "width"],
                    "data_type": "float32"}
                    """,
                output: """
                    "classification:classes": [{"value": 1, "name": "water", "color_hint": "0000fF"},
                    {"value": 0, "name": "land"}]
                    """,
                asset: """
                    "eo:bands": [{"name": "B08", "common_name": "nir"}, {"name": "B04", "common_name": "red"}],
                    "raster:bands": [{"name": "B08", "spatial_resolution": 10, "nodata": 0},
                    {"name": "B04", "spatial_resolution": 10, "nodata": 0}, {"name": "B01", "spatial_resolution": 60}]
                    """))
        #expect(found.warnings.isEmpty && found.refusals.isEmpty)
        #expect(found.bands?.value == [.name(["B04", "red"]), .name(["B08", "nir"])])
        #expect(found.bands?.source == "mlm:input[0].bands of model.json")
        #expect(found.scaling?.value.mean == [10, 100] && found.scaling?.value.std == [2, 200])
        #expect(found.tile?.value == 64 && found.resolution?.value == 10 && found.nodata?.value == 0)
        let classes = try #require(found.classes?.value)
        #expect(classes.map(\.name) == ["land", "water"] && classes[0].color == nil)
        #expect(classes[1].color == ClassDescription.Color(red: 0, green: 0, blue: 255))
    }

    @Test(
        "every kind of scaling",
        arguments: [
            (#"{"type": "offset", "value": 5}"#, [5, 1]), (#"{"type": "scale", "value": 4}"#, [0, 4]),
            (#"{"type": "z-score", "mean": -1, "stddev": 3}"#, [-1, 3]),
            (#"{"type": "min-max", "minimum": 2, "maximum": 10}"#, [2, 8]),
        ] as [(String, [Float])])
    func scaling(json: String, shift: [Float]) throws {
        let found = try read(item(input: "\"value_scaling\": [\(json)]"))
        // One object holds for all bands; an object that is in no list is taken for one.
        #expect(found.scaling?.value.mean == [shift[0]] && found.scaling?.value.std == [shift[1]])
        #expect(try read(item(input: "\"value_scaling\": \(json)")).scaling == found.scaling)
        #expect(found.scaling?.value.minimum == nil && found.scaling?.value.maximum == nil)
    }

    @Test("clamps, on one side or both")
    func clamps() throws {
        let json = #"[{"type": "clip", "minimum": 1, "maximum": 9}, {"type": "clip-max", "maximum": 7}]"#
        let scaling = try #require(try read(item(input: "\"value_scaling\": \(json)")).scaling?.value)
        #expect(scaling.minimum == [1, -.greatestFiniteMagnitude] && scaling.maximum == [9, 7])
        #expect(scaling.mean == [0, 0] && scaling.std == [1, 1])
        let lower = try read(item(input: #""value_scaling": [{"type": "clip-min", "minimum": 3}]"#)).scaling?.value
        #expect(lower?.minimum == [3] && lower?.maximum == nil)
    }

    @Test(
        "what cannot be followed is refused until somebody says otherwise",
        arguments: [
            (
                #""pre_processing_function": {"format": "python", "expression": "a.b"}"#, "",
                ModelDescription.Aspect.scaling
            ),
            (#""value_scaling": [{"type": "processing", "format": "x", "expression": "y"}]"#, "", .scaling),
            (#""bands": ["a", {"name": "ndvi", "format": "x", "expression": "y"}]"#, "", .bands),
            ("", #""post_processing_function": {"format": "python", "expression": "my.own"}"#, .activation),
        ])
    func refusals(input: String, output: String, aspect: ModelDescription.Aspect) throws {
        let found = try read(item(input: input, output: output))
        #expect(found.refusals.keys.sorted { "\($0)" < "\($1)" } == [aspect])
        #expect(
            found.refusals[aspect]?.contains("model.json") == true && found.refusals[aspect]?.contains("--") == true)
        // The model's own metadata is trusted more.
        let settled = try read(
            item(input: input, output: output),
            metadata: [
                "overtile.scale": "1", "overtile.bands": "[1, 2]", "overtile.activation": "logits",
            ])
        #expect(settled.refusals.isEmpty)
    }

    @Test("softmax and sigmoid after the network mean that it gives logits")
    func knownFunctions() throws {
        for expression in ["torch.nn.functional.softmax", "sigmoid(x)", "torch.argmax(outputs, dim=1)"] {
            let found = try read(
                item(output: #""post_processing_function": {"format": "python", "expression": "\#(expression)"}"#))
            #expect(found.activation?.value == .logits && found.refusals.isEmpty)
        }
    }

    @Test(
        "classes in the spellings that are found",
        arguments: [
            (#""classification_classes": [{"value": 0, "name": "a", "color_hint": [255, 0, 16]}, {"value": 1, "name": "b"}]"#),
            (##""classification:classes": [{"value": 1, "name": "a", "color-hint": "#FF0010"}, {"value": 2, "title": "b"}]"##),
            (#""classification:classes": [{"value": 9, "name": "none", "nodata": true}, {"value": 0, "name": "a", "color_hint": "FF0010"}, {"value": 1, "name": "b"}]"#),
            (#""classes": ["a", "b"]"#),
        ])
    func classes(json: String) throws {
        let found = try read(item(output: json))
        #expect(found.classes?.value.map(\.name) == ["a", "b"] && found.warnings.isEmpty)
        let red = ClassDescription.Color(red: 255, green: 0, blue: 16)
        #expect(found.classes?.value[0].color == (json.contains("FF") || json.contains("255") ? red : nil))
    }

    @Test("broken shapes and wrong counts: the weights win")
    func contradictions() throws {
        let found = try read(
            item(
                input: """
                    "bands": ["a", "b", "c"], "value_scaling": [{"type": "offset", "value": 1},
                    {"type": "offset", "value": 1}, {"type": "offset", "value": 1}],
                    "input": {"shape": [1, 8, 3, 3], "dim_order": ["batch", "channel", "height", "width"],
                    "data_type": "float32"}
                    """, output: #""classification:classes": [{"value": 0, "name": "a"}]"#))
        #expect(found.bands == nil && found.scaling == nil && found.classes == nil)
        #expect(found.warnings.count == 4 && found.warnings.allSatisfy { $0.contains("the weights win") })
    }

    @Test(
        "a file that is no item is one warning",
        arguments: ["", "{", "[]", "{}", #"{"properties": {}}"#, "\u{1}", "[[[["])
    func noItem(json: String) throws {
        let found = try read(json)
        #expect(found.warnings.count == (json.isEmpty ? 0 : 1), "\(found.warnings)")
        #expect(found.warnings.allSatisfy { $0.hasPrefix("model.json") })
        var rest = found
        rest.warnings = []
        #expect(rest == ModelDescription())
    }

    @Test("malformed parts are warnings with file and key, and the rest counts")
    func malformed() throws {
        let found = try read(
            item(
                input: """
                    "bands": [1, 2], "value_scaling": [{"type": "z-score", "mean": 1, "stddev": 0}],
                    "resize_type": "interpolation-linear"
                    """, output: #""classification:classes": {"a": 1}"#, more: "\"gsd\": 20,"))
        #expect(found.resolution == Sourced(20, source: "gsd of model.json"))
        for key in ["bands", "value_scaling", "resize_type", "classification:classes"] {
            #expect(found.warnings.count { $0.contains("\(key) of model.json") } == 1, "\(key): \(found.warnings)")
        }
        #expect(found.warnings.count == 4 && found.refusals.isEmpty)
        let strange = try read(#"{"properties": {"mlm:input": 5, "mlm:output": [7], "mlm:tasks": ["detection"]}}"#)
        #expect(strange.warnings.count == 3)
    }

    @Test("the model's own metadata is trusted more, as a whole: scalings are not mixed")
    func trust() throws {
        let json = item(input: #""bands": ["a", "b"], "value_scaling": [{"type": "z-score", "mean": 1, "stddev": 2}]"#)
        let found = try read(json, metadata: ["overtile.scale": "0.5", "tiles_size": "96"])
        #expect(found.scaling?.value.scale == [0.5] && found.scaling?.value.mean == nil)
        #expect(found.scaling?.source == "overtile.scale of model.pth")
        #expect(found.bands?.source == "Deepness, by tiles_size of model.pth")
    }

    @Test("an item elsewhere is read where it is named, and is an error where it is not there")
    func named() throws {
        let path = try folder.write(Array(item(more: "\"gsd\": 3,").utf8), to: "other.json")
        func read(_ path: String?) throws -> ModelDescription {
            try ModelDescription(
                metadata: [:], ofModel: folder.path("model.pth"), item: path, bandCount: 1, outputs: 1)
        }
        #expect(try read(nil).resolution == nil)
        #expect(try read(path).resolution == Sourced(3, source: "gsd of other.json"))
        #expect { try read(folder.path("missing.json")) } throws: { ($0 as? ModelFileError)?.code == .noSuchFile }
    }
}
