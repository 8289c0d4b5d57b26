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

    /// The file's names have what a reference must not have as it is.
    @Test("the report links its outputs from where it lies, and tells place, pixels and options")
    func report() throws {
        try FileManager.default.createDirectory(atPath: bench.folder.path("pages"), withIntermediateDirectories: true)
        let (scene, page) = (bench.folder.path("placed.tif"), bench.folder.path("pages/r.html"))
        try SyntheticScene.write(scene, width: 150, height: 90, crs: "EPSG:32633")
        let mask = bench.output("a #1?: 50%.tif")
        let outcome = try CommandProcess.run([
            "segment", scene, "--model", bench.model, "--output", mask, "--scale", "0.01", "--sieve", "4",
            "--polygons", bench.output("p.gpkg"), "--simplify", "2", "--report", page,
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let text = try String(contentsOfFile: page, encoding: .utf8)
        let links = text.matches(of: /<a href="([^#"][^"]*)">/).map { String($0.1) }
        let files = links.compactMap { URL(string: $0, relativeTo: URL(fileURLWithPath: page))?.path }
        #expect(files.map { URL(fileURLWithPath: $0).lastPathComponent } == ["a #1?: 50%.tif", "p.gpkg"])
        for file in files { #expect(FileManager.default.fileExists(atPath: file), "\(file)") }
        for (title, value) in [
            ("Coordinate system", "WGS 84 / UTM zone 33N"), ("Sieve", "4"), ("Scale", "0.01"), ("Bands", "1"),
            ("Tile", ""),
            ("Polygons", "simplified by 2.0 pixels"), ("Size of pixels", ""),
        ] { #expect(text.contains("<dt>\(title)</dt><dd>\(value)"), "\(title)") }
    }

    /// It comes with the mask, and belongs to whoever has changed it.
    @Test("a style lies beside the mask, is written anew with it, and stays where somebody has saved another")
    func style() throws {
        let style = bench.output("mask.qml")
        #expect(try segment(["--classes", "land,water"]).status == 0)
        #expect(try String(contentsOfFile: style, encoding: .utf8).contains("water"))
        // A mask that is gone leaves its style, which is in nobody's way.
        try removeMask()
        #expect(try segment(["--classes", "land,snow"]).status == 0)
        #expect(try String(contentsOfFile: style, encoding: .utf8).contains("snow"))
        #expect(try segment([]).status == 73)
        let saved = Data("<qgis/>".utf8)
        try saved.write(to: URL(fileURLWithPath: style))
        #expect(try segment(["--overwrite"]).status == 0)
        #expect(FileManager.default.contents(atPath: style) == saved)
        // Asked for, it is an output like the others.
        try removeMask()
        let refused = try segment(["--style"])
        #expect(refused.status == 73 && refused.errors.contains("mask.qml"), "\(refused.errors)")
        #expect(try segment(["--style", "--overwrite"]).status == 0)
        #expect(FileManager.default.contents(atPath: style) != saved)
    }

    /// QGIS looks for a style by a raster's name without its ending, whatever the raster is.
    @Test("a mask beside its scene, of the scene's name, has no style that would paint the scene")
    func styleBesideScene() throws {
        let scene = bench.output("mask.img")
        try FileManager.default.copyItem(atPath: bench.scene, toPath: scene)
        let outcome = try CommandProcess.run(
            ["segment", scene, "--model", bench.model, "--output", bench.output(), "--scale", "0.01"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bench.outputs == ["mask.img", "mask.tif", "mask.tif.aux.xml"])
    }

    private func removeMask() throws {
        for name in ["mask.tif", "mask.tif.aux.xml"] { try FileManager.default.removeItem(atPath: bench.output(name)) }
    }

    @Test("there is no style where there are no classes, nor where it is not wanted")
    func noStyle() throws {
        #expect(try segment(["--task", "regression", "--overwrite"]).status == 0)
        #expect(try bench.outputs.allSatisfy { !$0.hasSuffix(".qml") })
        let outcome = try segment(["--no-style", "--polygons", bench.output("p.gpkg"), "--overwrite"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bench.outputs.allSatisfy { !$0.hasSuffix(".qml") })
        let styles = "SELECT count(*) FROM sqlite_master WHERE name = 'layer_styles'"
        #expect(SQLiteFiles.rows(bench.output("p.gpkg"), styles) == [["0"]])
    }

    @Test("a batch takes no offence at a style that somebody has saved, and makes none for scenes that are done")
    func styleOfBatch() throws {
        let style = bench.output("scene.qml")
        let batch = [
            "batch", bench.scene, "--model", bench.model, "--output", bench.folder.path("out"), "--scale", "0.01",
        ]
        #expect(try CommandProcess.run(batch).status == 0)
        for isSaved in [true, false] {
            if isSaved {
                try Data("<qgis/>".utf8).write(to: URL(fileURLWithPath: style))
            } else {
                try FileManager.default.removeItem(atPath: style)
            }
            let again = try CommandProcess.run(batch)
            #expect(again.status == 0 && again.output.contains("1 unchanged"), "\(again.output)")
        }
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
                "scene.gpkg", "scene.qml", "scene.stats.csv", "scene.tif", "scene.tif.aux.xml",
            ])
        #expect(try String(decoding: bench.folder.bytes("report.html"), as: UTF8.self).contains("scene.tif"))
        #expect(try CommandProcess.run(batch).output.contains("1 unchanged"))
        let polygons = try bench.folder.bytes("out/scene.gpkg")
        let other = try CommandProcess.run(batch + ["--connectedness", "8"])
        #expect(other.status == 0 && other.output.contains("1 scene done"), "\(other.errors)")
        #expect(try bench.folder.bytes("out/scene.gpkg") != polygons)
    }
}
