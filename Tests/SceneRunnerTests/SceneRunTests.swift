import Foundation
import Models
import SceneRunner
import Segmentation
import TestData
import Testing

/// What a run tells an outside user before and after it.
struct SceneRunTests {
    @Test("the tiles are known before anything is written, and the outcome has all warnings")
    func told() throws {
        let temporary = try TemporaryFolder()
        let bench = try SceneBench(in: temporary)
        var outputs = OutputSet(mask: bench.path("out/mask.tif"))
        outputs.style = .always
        var options = SegmentationOptions()
        (options.tile, options.workers) = (44, 1)
        let run = try SceneRun(
            scene: bench.path("scene.tif"), model: Model(path: bench.path("model-1-2-2-4-1.safetensors")),
            options: options, outputs: outputs)
        // 60 x 100 pixels in tiles of 44: the last column and row of tiles run past the scene's edge.
        let (tiles, step) = (run.tiles, run.tiles.step)
        #expect(tiles.side == 44 && tiles.margin > 0 && step > 0 && step <= 44 - 2 * tiles.margin)
        #expect(tiles.count == (60 + step - 1) / step * ((100 + step - 1) / step) && tiles.workers == 1)
        #expect(tiles.memoryBytes > 0)
        #expect(run.warnings.contains { $0.contains("no scale, offset, mean or std was given") })
        #expect(try bench.files.isEmpty)

        let outcome = try run.run()
        #expect(outcome.summary.tiles == tiles.count && outcome.classShares.isEmpty)
        #expect(Set(outcome.warnings).isSuperset(of: run.warnings))
    }
}
