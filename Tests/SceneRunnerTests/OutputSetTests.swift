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
    ]

    @Test("two outputs of one name, and outputs that are inputs, are refused", arguments: clashes)
    func clash(_ clash: Clash) throws {
        var outputs = bench.outputs
        clash.change(&outputs)
        let error = #expect(throws: OutputError.self) { try bench.run(outputs: outputs) }
        #expect(error?.description.contains(clash.words) == true, "\(error?.description ?? "")")
        #expect(try bench.files.isEmpty)
    }

    @Test("a report on several scenes is none of their outputs")
    func reportOfSeveral() throws {
        let runs = ["a", "b"].map { (scene: "\($0).tif", outputs: OutputSet(mask: "out/\($0).tif")) }
        try OutputSet.refuseClashes(runs, model: "model.pth", report: "out/report.html")
        for taken in ["out/b.tif", "a.tif", "model.pth"] {
            let error = #expect(throws: OutputError.self) {
                try OutputSet.refuseClashes(runs, model: "model.pth", report: taken)
            }
            #expect(error?.description.contains("--report") == true)
        }
    }

    /// Ledgers remember a digest of this text: with another, every scene would be run again.
    @Test("the text of the products' options is what it was in earlier versions")
    func digestText() {
        var options = ProductOptions()
        #expect(
            options.text
                == "ProductOptions(polygons: GISOutputs.PolygonOptions(minimumArea: 0.0, tolerance: nil, classes: [], "
                + "connectedness: GISOutputs.Connectedness.four, overwrite: false), zones: nil)")
        options.polygons.tolerance = 0.5
        options.polygons.classes = ["wood", "3"]
        options.polygons.connectedness = .eight
        options.zones = ZoneLayer(path: "z.gpkg", field: "name")
        #expect(
            options.text
                == "ProductOptions(polygons: GISOutputs.PolygonOptions(minimumArea: 0.0, tolerance: Optional(0.5), "
                + "classes: [\"wood\", \"3\"], connectedness: GISOutputs.Connectedness.eight, overwrite: false), "
                + "zones: Optional(GISOutputs.ZoneLayer(path: \"z.gpkg\", layer: nil, field: Optional(\"name\"))))")
    }
}
