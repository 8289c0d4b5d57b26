import Foundation
import MaskProducts
import Models
import RasterIO
import Segmentation
import Synchronization
import TestData
import TestNetworks

#if canImport(Glibc)
    import Glibc
#endif

@testable import SceneRunner

/// A small scene and a small model, and a run that makes every kind of output of them.
///
/// It is made anew from the path of its folder in a process of its own that a test kills.
struct SceneBench {
    /// The folder of scene, model and outputs.
    let folder: String

    /// Takes up the folder of a bench that was made in another process.
    init(folder: String) { self.folder = folder }

    /// Makes scene and model.
    init(in temporary: TemporaryFolder) throws {
        folder = temporary.url.path
        _ = try ModelFile.paperUNet(in: folder, depth: 2)
        for name in ["out", "numbers"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        // Three rows of tiles, so that there is work to be kept.
        try SyntheticScene.write("\(folder)/scene.tif", width: 60, height: 100, crs: "EPSG:32633") { _, x, y in
            Float((x / 9 * 70 + y / 7 * 130) & 255)
        }
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// From now on, faults strike the calls that GDAL makes about outputs, too.
    func useFileCalls() {
        GDALLibrary.prepare()
        for name in ["out", "numbers"] { TrackedFiles.takeOver(below: path(name)) }
    }

    /// Every kind of output there is, under names that sort by no order of theirs.
    var outputs: OutputSet {
        var outputs = OutputSet(
            mask: path("out/mask.tif"), others: [.probabilities: path("out/p.tif"), .confidence: path("out/c.tif")])
        outputs.polygons = path("out/polygons.shp")
        outputs.statistics = path("numbers/mask.csv")
        outputs.style = .always
        outputs.hasItems = true
        outputs.report = path("numbers/report.html")
        return outputs
    }

    /// A run of the scene; another class name makes other bytes of nearly every output.
    func run(
        overwrite: Bool = false, water: String = "water", outputs: OutputSet? = nil,
        division: SceneRun.Division = .whole
    ) throws -> SceneRun {
        var options = SegmentationOptions()
        options.scale = 0.01
        options.tile = 44
        options.workers = 1
        options.classNames = ["land", water]
        options.overwrites = overwrite
        let model = try Model(path: path("model-1-2-2-4-1.safetensors"))
        return try SceneRun(
            scene: path("scene.tif"), model: model, options: options, outputs: outputs ?? self.outputs,
            products: ProductOptions(), division: division)
    }

    /// Returns what ends this process, as `kill -9` does, when so many outputs have been given their names.
    static func killer(after count: Int) -> (String) -> Void {
        let given = Mutex(0)
        return { _ in
            let number = given.withLock { number in
                number += 1
                return number
            }
            if number == count { kill(getpid(), SIGKILL) }
        }
    }

    /// All files of the folders of outputs, hidden ones included, by their names. The report has its time in it: of that,
    /// only whether it is there.
    var files: [String: Data] {
        get throws {
            var files: [String: Data] = [:]
            for folder in ["out", "numbers"] {
                for name in try FileManager.default.subpathsOfDirectory(atPath: path(folder)) {
                    let file = path("\(folder)/\(name)")
                    files["\(folder)/\(name)"] =
                        name == "report.html"
                        ? Data() : FileManager.default.contents(atPath: file) ?? Data("a folder".utf8)
                }
            }
            return files
        }
    }

    /// Removes all outputs.
    func clear() throws {
        for name in ["out", "numbers"] {
            try FileManager.default.removeItem(atPath: path(name))
            try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
        }
    }
}
