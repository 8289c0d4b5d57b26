import Foundation
import RasterIO
import TestData
import Testing

/// What segment writes on request, and what check says of it.
struct OutputFormatTests {
    @Test("everything at once, cloud-optimised: valid, and nothing else is left")
    func everything() throws {
        let bench = try Workbench()
        let outcome = try bench.segment(
            "--of", "cog", "--probabilities", bench.output("p.tif"), "--probabilities-type", "uint8", "--confidence",
            bench.output("c.tif"), "--style", "--stac", "--classes", "land,water")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            try bench.outputs == [
                "c.json", "c.tif", "mask.json", "mask.qml", "mask.tif", "mask.tif.aux.xml", "p.json", "p.tif",
            ])
        for name in ["mask.tif", "p.tif", "c.tif"] {
            let check = try CommandProcess.run(["check", bench.output(name)])
            #expect(check.status == 0, "\(check.output)")
            #expect(check.output.hasPrefix("\(bench.output(name)): a valid COG\n"))
            #expect(!check.output.contains("error:"))
        }
        let style = try String(contentsOfFile: bench.output("mask.qml"), encoding: .utf8)
        #expect(style.contains("label=\"water\""))
        let facts = try RasterReader(path: bench.output()).metadata
        let version = String(try CommandProcess.run(["--version"]).output.dropLast())
        #expect(facts["TIFFTAG_SOFTWARE"] == "Overtile \(version)" && facts["OVERTILE_VERSION"] == version)
        #expect(facts["OVERTILE_MODEL_SHA256"]?.count == 64)
        #expect(facts["OVERTILE_SCENE"] == "scene.tif")
        #expect(facts["OVERTILE_SCALE"] == "0.01")
        #expect(!facts.values.contains { $0.contains(bench.folder.url.path) })
    }

    @Test("a run that is done again over its outputs gives the same bytes, and is refused unasked")
    func again() throws {
        let bench = try Workbench()
        let words = ["--of", "COG", "--style", "--stac"]
        func run(_ more: [String] = []) throws -> CommandProcess.Outcome {
            try CommandProcess.run(
                ["segment", bench.scene, "--model", bench.model, "--output", bench.output(), "--scale", "0.01"] + words
                    + more)
        }
        #expect(try run().status == 0)
        func contents() throws -> [Data] {
            try bench.outputs.map { try Data(contentsOf: URL(fileURLWithPath: bench.output($0))) }
        }
        let first = try contents()
        #expect(try run().status == 73)
        #expect(try run(["--overwrite"]).status == 0)
        #expect(try contents() == first)
        // A style that is somebody else's is in the way before any work is done.
        for name in ["mask.tif", "mask.tif.aux.xml", "mask.json"] {
            try FileManager.default.removeItem(atPath: bench.output(name))
        }
        let outcome = try run()
        #expect(outcome.status == 73)
        #expect(outcome.errors.contains("mask.qml is there already"))
        #expect(try bench.outputs == ["mask.qml"])
    }

    static let wrong: [([String], Int32, String)] = [
        (["--of", "PNG"], 64, "PNG"), (["--probabilities-type", "int8"], 64, "int8"),
        (["--of", "COG", "--co", "BLOCKXSIZE=256"], 64, "BLOCKXSIZE"),
        (["--of", "COG", "--co", "RESAMPLING=CUBIC"], 64, "classes"),
        (["--confidence", "/nowhere/c.tif"], 73, "/nowhere"),
    ]

    @Test("wishes that cannot be met are one line, and leave nothing", arguments: wrong)
    func refusals(_ words: [String], _ status: Int32, _ text: String) throws {
        let bench = try Workbench()
        let outcome = try CommandProcess.run(
            ["segment", bench.scene, "--model", bench.model, "--output", bench.output(), "--quiet"] + words)
        #expect(outcome.status == status)
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.errors.contains(text), "\(outcome.errors)")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("outputs that would replace each other are refused")
    func clashes() throws {
        let bench = try Workbench()
        let same = try bench.segment("--confidence", bench.output())
        #expect(same.status == 64)
        #expect(same.errors.contains("mask and confidence"))
        let items = try bench.segment("--stac", "--probabilities", bench.output("mask.tiff"))
        #expect(items.status == 64)
        #expect(items.errors.contains("mask.json: choose another"))
        // An item of the mask under that of the model would describe the model in the next run.
        let model = bench.output("net.safetensors")
        try FileManager.default.copyItem(atPath: bench.model, toPath: model)
        let taken = try CommandProcess.run(
            ["segment", bench.scene, "--model", model, "--output", bench.output("net.tif"), "--stac", "--overwrite"])
        #expect(taken.status == 64)
        #expect(taken.errors.contains("the model's own item"))
    }

    @Test("check tells files with errors by exit code 65, and as JSON")
    func check() throws {
        let bench = try Workbench()
        #expect(try bench.segment().status == 0)
        let plain = try CommandProcess.run(["check", bench.output()])
        #expect(plain.status == 0)
        #expect(plain.output.contains("a valid GeoTIFF"))
        #expect(plain.output.contains("warning: it does not say in which coordinate system it lies"))
        let large = bench.folder.path("large.tif")
        try SyntheticScene.write(large, width: 600, height: 20)
        #expect(try CommandProcess.run(["check", large]).status == 0)
        let strict = try CommandProcess.run(["check", "--of", "COG", "--json", bench.output(), large])
        #expect(strict.status == 65)
        #expect(strict.errors == "overtile: error: \(large) has errors\n")
        let reports = try JSONDecoder().decode([Report].self, from: Data(strict.output.utf8))
        #expect(reports.map(\.path) == [bench.output(), large])
        #expect(reports.map(\.valid) == [true, false])
        #expect(reports[1].errors.contains { $0.contains("no overviews") })
        let missing = try CommandProcess.run(["check", "/nowhere.tif"])
        #expect(missing.status == 66)
        #expect(missing.errorLines.count == 1)
    }

    private struct Report: Decodable {
        let path: String
        let format: String
        let valid: Bool
        let errors: [String]
    }
}
