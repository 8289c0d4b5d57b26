import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing

/// Masks and probabilities lie where their scenes do, for every raster that can be read.
@Suite(.enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)))
struct GeoreferencingTests {
    /// 648 million pixels: a minute and more. `OVERTILE_HUGE=1` adds it.
    static let huge = "cog_world.tif"

    static let scenes: [String] = {
        let folder = SharedData.root.appendingPathComponent("data/geotiff").path
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        let wantsHuge = ProcessInfo.processInfo.environment["OVERTILE_HUGE"] != nil
        return names.filter { $0.hasSuffix(".tif") && (wantsHuge || $0 != huge) }
            .filter { (try? RasterReader(path: SharedData.geotiff($0))) != nil }.sorted()
    }()

    @Test("nearly all scenes are there to be tried")
    func count() { #expect(Self.scenes.count >= 40) }

    @Test("the mask lies where the scene does", arguments: scenes)
    func mask(_ name: String) throws {
        let bench = try Workbench()
        let scene = try RasterReader(path: SharedData.geotiff(name))
        let outcome = try CommandProcess.run(
            [
                "segment", scene.path, "--model", bench.model, "--output", bench.output(), "--probabilities",
                bench.output("p.tif"), "--bands", "1", "--scale", "0.01", "--quiet",
            ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        for output in ["mask.tif", "p.tif"] {
            let reader = try RasterReader(path: bench.output(output))
            #expect(reader.size == scene.size)
            #expect(reader.spatialReference.isEquivalent(to: scene.spatialReference))
        }
        // Nothing was left beside the scene, in a folder that others use.
        #expect(!FileManager.default.fileExists(atPath: scene.path + ".aux.xml") || name == Self.huge)
    }
}
