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
