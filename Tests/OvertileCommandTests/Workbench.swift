import Foundation
import TestData
import TestNetworks

/// A folder with a small scene and a small model, and an empty folder for outputs.
final class Workbench {
    let folder: TemporaryFolder
    /// Three levels, one band, two classes.
    let model: String
    /// 150 x 90 pixels of one band.
    let scene: String

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: true)
        model = try ModelFile.paperUNet(in: folder.url.path)
        scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 150, height: 90)
    }

    /// Scene and model of some 10 seconds of work, and both outputs: what a test has time to disturb.
    func longRun() throws -> [String] {
        let model = try ModelFile.paperUNet(in: folder.url.path, depth: 4, base: 32)
        let scene = folder.path("large.tif")
        try SyntheticScene.write(scene, width: 3000, height: 3000) { _, x, y in Float((x ^ y) & 255) }
        return [
            "segment", scene, "--model", model, "--output", output(), "--probabilities", output("p.tif"), "--scale",
            "0.01",
        ]
    }

    /// Waits until both outputs of a long run are under way.
    func waitForOutputs() throws {
        let patience = ContinuousClock.now + .seconds(20)
        while try outputs.count(where: { $0.contains(".overtile-") && $0.hasSuffix(".tif") }) < 2,
            ContinuousClock.now < patience
        { usleep(10_000) }
    }

    func output(_ name: String = "mask.tif") -> String { folder.path("out/\(name)") }

    /// What lies in the folder of outputs, hidden files included.
    var outputs: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted() }
    }

    /// `overtile segment` of the scene to `out/mask.tif`.
    func segment(_ more: String...) throws -> CommandProcess.Outcome {
        try CommandProcess.run(
            ["segment", scene, "--model", model, "--output", output(), "--scale", "0.01"] + more)
    }
}
