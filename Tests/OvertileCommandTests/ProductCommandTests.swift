import Foundation
import RasterIO
import TestData
import Testing

/// What is made of a mask besides itself: all of it or nothing, and refused before the work where it cannot be.
@Suite struct ProductCommandTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private var everything: [String] {
        [
            "--of", "COG", "--polygons", bench.output("p.gpkg"), "--stats", bench.output("s.json"), "--confidence",
            bench.output("c.tif"), "--sieve", "4", "--style", "--stac", "--report", bench.output("r.html"),
        ]
    }

    private func segment(_ more: [String]) throws -> CommandProcess.Outcome {
        try CommandProcess.run(
            ["segment", bench.scene, "--model", bench.model, "--output", bench.output(), "--scale", "0.01"] + more)
    }

    @Test("one run makes all of it, and nothing hidden is left")
    func everythingAtOnce() throws {
        let outcome = try segment(everything)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            try bench.outputs == [
                "c.json", "c.tif", "mask.json", "mask.qml", "mask.tif", "mask.tif.aux.xml", "p.gpkg", "r.html",
                "s.json",
            ])
        #expect(try CommandProcess.run(["check", bench.output(), bench.output("c.tif")]).status == 0)
        let again = try segment(everything)
        #expect(again.status == 73 && again.errorLines.count == 1)
        #expect(try segment(everything + ["--overwrite"]).status == 0)
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let more: [String]
        let status: Int32
        let words: String
        var testDescription: String { more.joined(separator: " ") }
    }

    /// Found out before the network runs.
    static let refusals = [
        Refusal(more: ["--polygons", "p.gpkg", "--classes-only", "wood"], status: 64, words: "no class \"wood\""),
        Refusal(more: ["--polygons", "p.txt"], status: 64, words: ".gpkg"),
        Refusal(more: ["--polygons", "none/p.gpkg"], status: 73, words: "no folder"),
        Refusal(more: ["--stats", "none/s.json"], status: 73, words: "no folder"),
        Refusal(more: ["--stats", "s.json", "--zones", "none.gpkg"], status: 66, words: "none.gpkg"),
        Refusal(more: ["--zones", "z.gpkg"], status: 64, words: "--stats"),
        Refusal(more: ["--min-area", "3"], status: 64, words: "--polygons"),
        Refusal(more: ["--sieve", "0"], status: 64, words: "--sieve"),
        Refusal(more: ["--report", "r.pdf"], status: 64, words: ".html or .json"),
    ]

    @Test("what cannot be made is refused, and nothing is left", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        let more = refusal.more.map { $0.contains(".") ? bench.output($0) : $0 }
        let outcome = try segment(more)
        #expect(outcome.status == refusal.status, "\(outcome.errors)")
        #expect(outcome.errors.contains(refusal.words), "\(outcome.errors)")
        #expect(try bench.outputs.isEmpty)
    }

    /// An island of less than the sieve's size is in the mask that was not sieved, and in none of the outputs of the other.
    @Test("the sieve comes before all that is made of the mask")
    func sieved() throws {
        func pixels(_ name: String) throws -> [Float] { try RasterReader.wholeBand(ofFile: bench.output(name)) }
        #expect(try segment([]).status == 0)
        let outcome = try CommandProcess.run(
            [
                "segment", bench.scene, "--model", bench.model, "--output", bench.output("sieved.tif"), "--scale",
                "0.01",
                "--sieve", "40", "--stats", bench.output("s.json"),
            ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try pixels("sieved.tif") != pixels("mask.tif"))
        struct Class: Decodable {
            let value: Int
            let pixels: Int
        }
        struct Statistics: Decodable { let classes: [Class] }
        let counted = try JSONDecoder().decode(
            Statistics.self, from: Data(contentsOf: URL(fileURLWithPath: bench.output("s.json"))))
        for row in counted.classes {
            #expect(try pixels("sieved.tif").count { Int($0) == row.value } == row.pixels)
        }
    }

    @Test("a batch makes polygons and numbers beside its masks, and again when their options change")
    func batch() throws {
        let out = bench.folder.path("out")
        let batch = [
            "batch", bench.scene, "--model", bench.model, "--output", out, "--scale", "0.01", "--polygons", "gpkg",
            "--stats", "csv", "--report", bench.folder.path("report.html"),
        ]
        let first = try CommandProcess.run(batch)
        #expect(first.status == 0, "\(first.errors)")
        #expect(
            try bench.outputs.filter { !$0.hasPrefix(".") } == [
                "scene.gpkg", "scene.stats.csv", "scene.tif", "scene.tif.aux.xml",
            ])
        #expect(try String(decoding: bench.folder.bytes("report.html"), as: UTF8.self).contains("scene.tif"))
        #expect(try CommandProcess.run(batch).output.contains("1 unchanged"))
        let polygons = try bench.folder.bytes("out/scene.gpkg")
        let other = try CommandProcess.run(batch + ["--connectedness", "8"])
        #expect(other.status == 0 && other.output.contains("1 scene done"), "\(other.errors)")
        #expect(try bench.folder.bytes("out/scene.gpkg") != polygons)
    }
}
