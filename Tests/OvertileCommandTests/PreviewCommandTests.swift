import RasterIO
import TestData
import Testing
import TileGeometry

/// `overtile preview`: a picture, or a line that says why not.
struct PreviewCommandTests {
    private let bench: Workbench
    private let mask: String

    init() throws {
        bench = try Workbench()
        mask = bench.folder.path("classes.tif")
        try SyntheticScene.write(mask, width: 150, height: 90) { _, x, _ in x < 50 ? 0 : 1 }
    }

    private func preview(_ more: String...) throws -> CommandProcess.Outcome {
        try CommandProcess.run(["preview"] + more)
    }

    @Test("a picture of each format, silently", arguments: ["png", "jpg", "webp"])
    func picture(_ ending: String) throws {
        let path = bench.output("preview.\(ending)")
        let outcome = try preview(bench.scene, mask, "-o", path, "--opacity", "0.4", "--title", "Überblick")
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty && outcome.output.isEmpty)
        let picture = try RasterReader(path: path)
        #expect(picture.size.width == 200 && picture.size.height > 100)
        #expect(try bench.outputs == ["preview.\(ending)"])
        #expect(try preview(bench.scene, mask, "-o", path).status == 73, "it is there already")
        let plain = try preview(bench.scene, mask, "-o", path, "--overwrite", "--no-legend", "--size", "50")
        #expect(plain.status == 0)
        #expect(try RasterReader(path: path).size == PixelSize(width: 50, height: 30))
    }

    @Test("what makes no sense has one line and its exit code, and leaves nothing")
    func refused() throws {
        let output = bench.output("preview.png")
        let cases: [(arguments: [String], status: Int32, words: String)] = [
            ([bench.scene, mask, "-o", bench.output("preview.gif")], 64, "end in .png"),
            ([bench.scene, mask, "-o", output, "--size", "4"], 64, "--size 4 is out of range"),
            ([bench.scene, mask, "-o", output, "--opacity", "2"], 64, "--opacity 2"),
            ([bench.scene, mask, "-o", output, "--bands", "1,2,3"], 64, "has no band 2"),
            ([bench.scene, mask, "-o", output, "--classes-only", "water"], 64, "has no class \"water\""),
            ([bench.folder.path("none.tif"), mask, "-o", output], 66, "cannot open"),
            ([bench.model, mask, "-o", output], 65, "is not a raster"),
            ([bench.scene, mask, "-o", bench.output("none/preview.png")], 73, "there is no folder"),
        ]
        for (arguments, status, words) in cases {
            let outcome = try CommandProcess.run(["preview"] + arguments)
            #expect(outcome.status == status, "\(arguments)")
            #expect(outcome.errorLines.count == 1 && outcome.errors.contains(words), "\(outcome.errors)")
        }
        #expect(try bench.outputs.isEmpty)
    }

    @Test("an input is never written over")
    func inputs() throws {
        let picture = bench.output("scene.png")
        #expect(try preview(bench.scene, mask, "-o", picture, "--no-legend").status == 0)
        let before = try bench.folder.bytes(of: picture)
        let outcome = try preview(picture, mask, "-o", picture, "--overwrite")
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("is an input"))
        #expect(try bench.folder.bytes(of: picture) == before)
    }
}
