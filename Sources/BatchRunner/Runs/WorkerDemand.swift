import Foundation
import InferenceEngine
import Models
import RasterIO
import Segmentation
import TileGeometry

/// How many workers a scene keeps busy: several small scenes are run at a time, a large one alone with all workers.
struct WorkerDemand {
    let model: Model
    let options: SegmentationOptions
    let writesProbabilities: Bool
    /// All workers of the batch.
    let workers: Int

    /// Tiles that each worker should have: enough that none waits long for the last one, and that opening and finishing a
    /// scene, which one thread does, weigh little.
    private static let tilesPerWorker = 16

    init(model: Model, options: SegmentationOptions, writesProbabilities: Bool) {
        self.model = model
        self.options = options
        self.writesProbabilities = writesProbabilities
        workers = options.workers ?? ProcessInfo.processInfo.activeProcessorCount
    }

    /// The workers that a scene should have, and the options to run it with: all of them for one that cannot be planned, as
    /// running it will tell why; one for what cannot even be opened.
    func share(ofScene path: String) -> (workers: Int, options: SegmentationOptions) {
        guard workers > 1, let scene = try? RasterReader(path: path) else { return (1, options) }
        func plan(_ options: SegmentationOptions) -> Plan? {
            try? Planner(
                model, backend: OvertileBackend(), options: options, writesProbabilities: writesProbabilities
            ).plan(scene: scene.size)
        }
        guard let alone = plan(options) else { return (workers, options) }
        let wanted = max(1, alone.grid.count / Self.tilesPerWorker)
        guard wanted < workers else { return (workers, options) }
        // With its part of the memory, too, it must be cut and computed as it would be alone: the same bytes.
        var limited = options
        limited.workers = wanted
        limited.memory = alone.memoryLimit / workers * wanted
        guard let shared = plan(limited), shared.grid == alone.grid, shared.memoryBytes * 3 / 2 <= shared.memoryLimit
        else { return (workers, options) }
        return (wanted, limited)
    }

    /// Whether a scene turned out to need more memory than its part, so that its bytes might be others than alone.
    static func isShort(_ job: SegmentationJob) -> Bool { job.warnings.contains { $0.hasPrefix("memory is short") } }
}
