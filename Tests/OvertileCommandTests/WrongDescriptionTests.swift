import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing

/// Descriptions that contradict the model, or are no descriptions: a warning each, and the model runs.
struct WrongDescriptionTests {
    private let bench: ModelBench

    init() throws { bench = try ModelBench() }

    @Test("the weights win over what the file and the item say of them, and a warning tells")
    func contradictions() throws {
        let folder = bench.folder.url.path
        let described = try ONNXModelFile.write(
            in: folder,
            metadata: [
                ("model_type", "Segmentor"), ("class_names", #"{"0": "a", "1": "b", "2": "c"}"#),
                ("standardization_mean", "[0.1, 0.2, 0.3, 0.4]"), ("standardization_std", "[1, 1, 1, 1]"),
            ])
        try bench.writeItem(
            """
            {"properties": {"mlm:input": [{
                "bands": ["B02", "B03"], "input": {
                    "shape": [-1, 12, 64, 64], "dim_order": ["batch", "bands", "height", "width"]},
                "value_scaling": [{"type": "scale", "value": 2}, {"type": "scale", "value": 3}]}],
              "mlm:output": [{"classification:classes": [{"value": 0, "name": "one"}]}]}}
            """, for: described)
        let plain = try ONNXModelFile.write(in: folder, name: "plain.onnx")
        let run = try bench.segment(described, as: "described")
        let spelled = try bench.segment(plain, as: "spelled", ["--scale", "\(Float(1) / 255)"])
        #expect(run.outcome.status == 0 && spelled.outcome.status == 0, "\(run.outcome.errors)")
        #expect(run.mask == spelled.mask && run.probabilities == spelled.probabilities)
        let lines = run.outcome.errorLines
        #expect(lines.allSatisfy { $0.hasPrefix("overtile: warning: ") })
        for key in [
            "class_names of model.onnx", "standardization_mean and _std of model.onnx",
            "mlm:input[0].bands of model.json", "mlm:input[0].value_scaling of model.json",
            "mlm:input[0].input.shape of model.json", "mlm:output[0].classification:classes of model.json",
        ] {
            #expect(lines.count { $0.contains(key) && $0.contains("the weights win") } == 1, "\(key): \(lines)")
        }
        #expect(try bench.segment(described, as: "quiet", ["--quiet"]).outcome.errors.isEmpty)
        let (_, sources, _) = try bench.inspect(described)
        #expect(Set(sources.keys) == ["bands", "tile"])
    }

    @Test(
        "no metadata keep a model from being run that flags can run",
        arguments: [
            "{not JSON", "[1, 2", "\"\u{1}\"", "{\"0\": 1}", "[[[[]]]]", "-1e999", "null", "", "\u{FFFD}\u{202E}",
            String(repeating: "[", count: 5000),
        ])
    func malformed(text: String) throws {
        let keys = [
            "model_type", "class_names", "names", "resolution", "tile_size", "tiles_size", "tiles_overlap",
            "standardization_mean", "standardization_std", "seg_thresh", "overtile.bands", "overtile.scale",
            "overtile.classes", "overtile.tile", "overtile.resolution",
        ]
        let folder = bench.folder.url.path
        let described = try ONNXModelFile.write(in: folder, metadata: keys.map { ($0, text) })
        try bench.writeItem(text.isEmpty ? "{" : text, for: described)
        let plain = try ONNXModelFile.write(in: folder, name: "plain.onnx")
        let flags = [
            "--bands", "3,1,2", "--scale", "0.01", "--classes", "a,b", "--activation", "logits", "--threshold", "0",
            "--resolution", "native", "--task", "segmentation",
        ]
        let run = try bench.segment(described, as: "described", flags)
        let same = try bench.segment(plain, as: "same", flags)
        #expect(run.outcome.status == 0 && same.outcome.status == 0, "\(run.outcome.errors)")
        #expect(run.mask == same.mask && run.probabilities == same.probabilities)
        #expect(run.outcome.errorLines.allSatisfy { $0.hasPrefix("overtile: warning: ") }, "\(run.outcome.errors)")
        #expect(try bench.segment(described, as: "quiet", flags + ["--quiet"]).outcome.errors.isEmpty)
        _ = try bench.inspect(described)
    }
}
