import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing

/// ONNX models from the command line.
struct ONNXCommandTests {
    /// A network of one node from `x` to `y`, one band.
    private func model(_ operatorType: String) -> [UInt8] {
        ONNXWriter.model(channels: 1, outputShape: ["n", 1, "h", "w"]) {
            $0.node(operatorType, ["x"], name: "the node")
        }
    }

    private func write(_ operatorType: String, in bench: Workbench) throws -> String {
        let path = bench.folder.path("\(operatorType).onnx")
        try Data(model(operatorType)).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("a network is segmented, inspected and listed")
    func runs() throws {
        let bench = try Workbench()
        let path = try write("HardSwish", in: bench)
        let outcome = try CommandProcess.run([
            "segment", bench.scene, "--model", path, "--output", bench.output(), "--scale", "0.01",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bench.outputs.contains("mask.tif"))
        let inspected = try CommandProcess.run(["inspect", path])
        #expect(inspected.status == 0 && inspected.output.contains("ONNX network (test 1.0)"))
        #expect(inspected.output.contains("opset 17"))
        #expect(try CommandProcess.run(["inspect", path, "--tensors"]).status == 65)
    }

    @Test("what cannot be run is refused in one line", arguments: [("Sin", "Sin node"), ("Floor", "'the node'")])
    func refused(_ operatorType: String, _ says: String) throws {
        let bench = try Workbench()
        let outcome = try CommandProcess.run([
            "segment", bench.scene, "--model", try write(operatorType, in: bench), "--output", bench.output(),
            "--quiet",
        ])
        #expect(outcome.status == 65)
        #expect(outcome.errors.contains(says) && outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("options of other networks are refused", arguments: [["--padded"], ["--depth", "2"]])
    func options(_ words: [String]) throws {
        let bench = try Workbench()
        let outcome = try CommandProcess.run(["inspect", try write("HardSwish", in: bench)] + words)
        #expect(outcome.status == 64 && outcome.errorLines.count == 1, "\(outcome.errors)")
    }

    @Test("segment says which node keeps tiles from fitting together, but not when asked to be quiet")
    func seams() throws {
        let bench = try ModelBench()
        let folder = bench.folder.url.path
        let scaling = ["--scale", "0.01"]
        let tied = try ONNXModelFile.write(in: folder, name: "tied.onnx", isTied: true)
        let run = try bench.segment(tied, as: "tied", scaling + ["--tile", "64"])
        #expect(run.outcome.status == 0 && run.outcome.errorLines.count == 1, "\(run.outcome.errors)")
        for word in ["warning: not seamless", "'\(ONNXModelFile.tyingNode)'", "64 pixels"] {
            #expect(run.outcome.errors.contains(word), "\(run.outcome.errors)")
        }
        #expect(try bench.segment(tied, as: "quiet", scaling + ["--quiet"]).outcome.errors.isEmpty)
        // Nearest upsampling and padding tie nothing.
        let seamless = try ONNXModelFile.write(in: folder, seed: 2)
        let plain = try bench.segment(seamless, as: "seamless", scaling).outcome.errors
        #expect(plain.isEmpty, "\(plain)")
    }

    @Test("convert describes an ONNX model in an item, which is then followed")
    func converted() throws {
        let bench = try ModelBench()
        let folder = bench.folder.url.path
        let model = try ONNXModelFile.write(in: folder, isTied: true, metadata: [("overtile.tile", "48")])
        let plain = try ONNXModelFile.write(in: folder, name: "plain.onnx", isTied: true)
        let flags = [
            "--bands", "3,1,2", "--mean", "100,90,80", "--std", "40,50,60", "--classes", "land,water", "--resolution",
            "20", "--activation", "logits", "--threshold", "0.4",
        ]
        let item = bench.folder.path("model.json")
        let outcome = try CommandProcess.run(["convert", model, "-o", item] + flags)
        #expect(outcome.status == 0 && outcome.errors.isEmpty && outcome.output.isEmpty, "\(outcome.errors)")
        // The item says all that the file said, too: without the file's own word it is enough.
        let bare = try ONNXModelFile.write(in: folder, isTied: true)
        #expect(bare == model)
        try bench.expectSame(described: bare, plain: plain, flags: flags + ["--tile", "48"])
        let (text, sources, values) = try bench.inspect(bare)
        #expect(Set(sources.keys) == ["bands", "scaling", "classes", "resolution", "activation", "threshold", "tile"])
        #expect(sources.values.allSatisfy { $0.contains("overtile.") && $0.hasSuffix("of model.json") }, "\(sources)")
        #expect(text.contains("land, water (mlm:hyperparameters.overtile.classes of model.json)"))
        #expect(values["resolution"] as? Double == 20 && values["tile"] as? Int == 48)
        let object = try JSONSerialization.jsonObject(with: Data(try bench.folder.bytes("model.json")))
        let properties = try #require((object as? [String: Any])?["properties"] as? [String: Any])
        #expect(properties["mlm:framework"] as? String == "ONNX")
    }

    @Test("an ONNX model does not become safetensors: what can be done instead is said")
    func notConverted() throws {
        let bench = try ModelBench()
        let model = try ONNXModelFile.write(in: bench.folder.url.path)
        let before = try bench.folder.names
        let outcome = try CommandProcess.run(["convert", model, "-o", bench.folder.path("model.safetensors")])
        #expect(outcome.status == 65 && outcome.errorLines.count == 1 && outcome.output.isEmpty)
        #expect(outcome.errors.contains("ONNX") && outcome.errors.contains(".json"), "\(outcome.errors)")
        #expect(try bench.folder.names == before)
    }
}
