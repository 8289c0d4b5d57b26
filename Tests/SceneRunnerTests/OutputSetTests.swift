import FileIO
import Foundation
import MaskProducts
import RasterIO
import TestData
import Testing

@testable import SceneRunner

/// Which outputs may be written, and that it is found out before any work.
struct OutputSetTests {
    private let temporary: TemporaryFolder
    private let bench: SceneBench

    init() throws {
        temporary = try TemporaryFolder()
        bench = try SceneBench(in: temporary)
    }

    @Test("whatever is in the way of any output is found when the run is made")
    func taken() throws {
        for (kind, path) in bench.outputs.everything {
            try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: (any Error).self, "\(kind)") { try bench.run() }
            #expect("\(error!)".contains(path) && "\(error!)".contains("--overwrite"), "\(error!)")
            #expect(try Array(bench.files.keys) == [String(path.dropFirst(bench.folder.count + 1))])
            try FileManager.default.removeItem(atPath: path)
        }
        _ = try bench.run()
        #expect(try bench.files.isEmpty, "asking makes nothing")
    }

    struct Clash: CustomTestStringConvertible, Sendable {
        let change: @Sendable (inout OutputSet) -> Void
        let words: String
        var testDescription: String { words }
    }

    static let clashes = [
        Clash(change: { $0.polygons = $0.mask }, words: "mask and polygons"),
        Clash(change: { $0.report = $0.statistics }, words: "statistics and report"),
        Clash(change: { $0.report = FileName.folder(of: $0.mask) + "/./mask.json" }, words: "for --report"),
        Clash(change: { $0.statistics = FileName.folder(of: $0.mask) + "/../scene.tif" }, words: "is a scene"),
        Clash(
            change: { $0.polygons = FileName.folder(of: $0.mask) + "/../model-1-2-2-4-1.safetensors" },
            words: "is the model"),
        Clash(change: { $0.report = FileName.folder(of: $0.mask) + "/r.pdf" }, words: ".html or .json"),
        // What lies beside an output is a part of it.
        Clash(change: { $0.statistics = $0.mask + ".aux.xml" }, words: "a part of"),
        Clash(change: { $0.statistics = FileName.replacingExtension(of: $0.polygons!, by: "dbf") }, words: "a part of"),
    ]

    @Test("two outputs of one name, and outputs that are inputs, are refused", arguments: clashes)
    func clash(_ clash: Clash) throws {
        var outputs = bench.outputs
        clash.change(&outputs)
        let error = #expect(throws: OutputError.self) { try bench.run(outputs: outputs) }
        #expect(error?.description.contains(clash.words) == true, "\(error?.description ?? "")")
        #expect(try bench.files.isEmpty)
    }

    @Test("what a command reads and writes beside its scenes is neither replaced nor written to twice")
    func others() throws {
        let runs = [(scene: "a.tif", outputs: OutputSet(mask: "out/a.tif"))]
        func words(_ change: (inout OtherFiles) -> Void) throws -> String {
            var others = OtherFiles()
            change(&others)
            do throws(OutputError) {
                try OutputSet.refuseClashes(runs, model: "model.pth", others: others)
                return ""
            } catch {
                return error.description
            }
        }
        let link = bench.path("link.gpkg")
        #expect(symlink(FileManager.default.currentDirectoryPath + "/out/a.tif", link) == 0)
        #expect(try words { $0.read("zones.gpkg", "the zones") }.isEmpty)
        #expect(try words { $0.read("out/a.tif", "the zones") }.contains("is the zones"))
        #expect(try words { $0.read(link, "the zones") }.contains("is the zones"))
        #expect(try words { $0.write("a.tif", "--log-file") }.contains("is a scene"))
        #expect(try words { $0.write("model.pth", "--log-file") }.contains("is the model"))
        #expect(
            try words {
                $0.read("zones.gpkg", "the zones")
                $0.write("./zones.gpkg", "--metrics")
            }.contains("is the zones"))
        #expect(
            try words {
                $0.write("night.html", "--report")
                $0.write("x/../night.html", "--log-file")
            }.contains("--report and --log-file"))
        #expect(try words { $0.write("out/a.tif.aux.xml", "--metrics") }.contains("--metrics"))
    }

    @Test("a report on several scenes is none of their outputs")
    func reportOfSeveral() throws {
        let runs = ["a", "b"].map { (scene: "\($0).tif", outputs: OutputSet(mask: "out/\($0).tif")) }
        func check(_ report: String) throws {
            var others = OtherFiles()
            others.write(report, "--report")
            try OutputSet.refuseClashes(runs, model: "model.pth", others: others)
        }
        try check("out/report.html")
        for taken in ["out/b.tif", "a.tif", "model.pth"] {
            let error = #expect(throws: OutputError.self) {
                try check(taken)
            }
            #expect(error?.description.contains("--report") == true)
        }
    }
}
