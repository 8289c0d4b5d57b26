import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing

/// Models that say themselves what flags would say: `inspect`, `segment` and `convert`.
struct DescriptionTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private func inspect(_ model: String) throws -> (description: [String: Any], outcome: CommandProcess.Outcome) {
        let outcome = try CommandProcess.run(["inspect", model, "--json"])
        #expect(outcome.status == 0)
        let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        return (try #require(report?["description"] as? [String: Any]), outcome)
    }

    private func entry(_ description: [String: Any], _ key: String) throws -> (value: Any, source: String) {
        let entry = try #require(description[key] as? [String: Any], "\(key)")
        return (try #require(entry["value"]), try #require(entry["source"] as? String))
    }

    @Test("what is said to convert is in the file, and needs no flags")
    func convertedModel() throws {
        let flags = [
            "--bands", "1", "--scale", "0.02", "--mean", "1.5", "--classes", "land,sea", "--threshold", "0.4",
            "--activation", "logits", "--nodata", "7",
        ]
        let converted = bench.output("said.safetensors")
        let outcome = try CommandProcess.run(["convert", bench.model, "--output", converted] + flags)
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        let segment = { (model: String, output: String, flags: [String]) in
            try CommandProcess.run(
                ["segment", bench.scene, "--model", model, "--output", bench.output(output)] + flags)
        }
        #expect(try segment(bench.model, "flags.tif", flags).status == 0)
        let described = try segment(converted, "described.tif", [])
        #expect(described.status == 0 && described.errors.isEmpty, "\(described.errors)")
        // The files themselves say which model made them.
        func pixels(_ name: String) throws -> [Float] {
            try RasterReader.wholeBand(ofFile: bench.output(name)).map { $0.isNaN ? 255 : $0 }
        }
        #expect(try pixels("described.tif") == pixels("flags.tif"))
        let plain = try segment(bench.model, "plain.tif", ["--quiet"])
        #expect(plain.status == 0)
        #expect(try pixels("plain.tif") != pixels("flags.tif"))
        let (description, _) = try inspect(converted)
        #expect(try entry(description, "bands").value as? [String] == ["1"])
        #expect(try entry(description, "bands").source == "overtile.bands of said.safetensors")
        #expect(try entry(description, "nodata").value as? String == "7.0")
        #expect(try entry(description, "classes").source == "overtile.classes of said.safetensors")
    }

    @Test("an item beside the model is found, and says who said what")
    func item() throws {
        let item = String(bench.model.dropLast("safetensors".count)) + "json"
        let written = try CommandProcess.run([
            "convert", bench.model, "--output", item, "--std", "50", "--classes", "land,sea",
        ])
        #expect(written.status == 0 && written.errors.isEmpty && written.output.isEmpty)
        let name = URL(fileURLWithPath: item).lastPathComponent
        let (description, outcome) = try inspect(bench.model)
        #expect(outcome.errors.isEmpty)
        #expect(try entry(description, "classes").source == "mlm:hyperparameters.overtile.classes of \(name)")
        let table = try CommandProcess.run(["inspect", bench.model]).output
        #expect(table.contains("land, sea (mlm:hyperparameters.overtile.classes of \(name))"))
        #expect(table.contains("not stated"))
        let outcome2 = try CommandProcess.run([
            "segment", bench.scene, "--model", bench.model, "--output", bench.output(),
        ])
        #expect(outcome2.status == 0 && outcome2.errors.isEmpty, "\(outcome2.errors)")
        #expect(
            try RasterReader(path: bench.output()).legend(ofBand: 1).prefix(2).map(\.name) == ["land", "sea"])
        // Not replaced unasked, and not by a model in half precision.
        #expect(try CommandProcess.run(["convert", bench.model, "--output", item]).status == 73)
        #expect(
            try CommandProcess.run(["convert", bench.model, "--output", bench.output("x.json"), "--half"]).status == 64)
    }

    @Test("malformed metadata is a warning, and the model runs")
    func malformed() throws {
        let item = try bench.folder.write(Array("{\"properties\": [".utf8), to: "broken.json")
        let outcome = try bench.segment("--model-item", item)
        #expect(outcome.status == 0)
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("broken.json"), "\(outcome.errors)")
        #expect(try bench.segment("--model-item", item, "--quiet", "--overwrite").errors.isEmpty)
        let inspected = try CommandProcess.run(["inspect", bench.model, "--model-item", item])
        #expect(inspected.status == 0 && inspected.errorLines.count == 1)
    }

    @Test("an item that is not there is an error, in one line")
    func missingItem() throws {
        let outcome = try bench.segment("--model-item", bench.folder.path("none.json"))
        #expect(outcome.status == 66 && outcome.errorLines.count == 1 && outcome.errors.contains("none.json"))
        #expect(try bench.outputs.isEmpty)
    }

    @Test("what cannot be followed names the flag that settles it, and leaves nothing behind")
    func refusal() throws {
        let item = try bench.folder.write(
            Array(#"{"properties": {"mlm:input": [{"pre_processing_function": "own"}]}}"#.utf8), to: "own.json")
        let arguments = [
            "segment", bench.scene, "--model", bench.model, "--output", bench.output(), "--model-item", item,
        ]
        let outcome = try CommandProcess.run(arguments)
        #expect(outcome.status == 64 && outcome.errorLines.count == 1)
        #expect(outcome.errors.contains("own.json") && outcome.errors.contains("--scale"))
        #expect(try bench.outputs.isEmpty)
        #expect(try CommandProcess.run(arguments + ["--scale", "0.01"]).status == 0)
        #expect(try CommandProcess.run(["inspect", bench.model, "--model-item", item]).output.contains("Not followed"))
    }
}
