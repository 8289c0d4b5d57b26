import FileIO
import Foundation
import Models
import RasterIO
import Segmentation
import TileGeometry

/// The workers that a scene keeps busy: several small scenes are run at a time, a large one alone with all workers.
struct WorkerDemand {
    let model: Model
    let options: SegmentationOptions
    /// The rasters that each scene is made into.
    let kinds: Set<RasterOutput.Kind>
    /// All workers of the batch.
    let workers: Int

    /// Tiles that each worker should have: enough that none waits long for the last one, and that opening and finishing a
    /// scene, which one thread does, weigh little.
    private static let tilesPerWorker = 16

    init(model: Model, options: SegmentationOptions, kinds: Set<RasterOutput.Kind>) {
        self.model = model
        self.options = options
        self.kinds = kinds
        workers = options.workers ?? GrantedResources.current.processors
    }

    /// Returns the workers that a scene should have, and the options to run it with: all workers for a scene that cannot be
    /// planned, as running it will tell why; one for a scene that cannot even be opened.
    func share(
        ofScene path: String, access: RasterAccess
    ) -> (workers: Int, options: SegmentationOptions) {
        var options = options
        options.access = access
        guard workers > 1, let scene = try? options.open(scene: path, for: model) else { return (1, options) }
        func plan(_ options: SegmentationOptions) -> Plan? {
            try? Planner(scene: scene, model: model, options: options, kinds: kinds).plan()
        }
        guard let alone = plan(options) else { return (workers, options) }
        let wanted = max(1, alone.grid.count / Self.tilesPerWorker)
        guard wanted < workers else { return (workers, options) }
        // With its part of the memory, too, it must be cut and computed as it would be alone: the same bytes.
        var limited = options
        limited.workers = wanted
        limited.memory = alone.tiling.memoryLimit / workers * wanted
        guard let shared = plan(limited), shared.grid == alone.grid, !shared.isShortOfMemory,
            shared.tiling.memoryBytes * 3 / 2 <= shared.tiling.memoryLimit
        else { return (workers, options) }
        return (wanted, limited)
    }

    /// Returns true if a scene turned out to need more memory than its part, so that its bytes might be others than alone.
    static func isShort(_ job: SegmentationJob) -> Bool { job.plan.isShortOfMemory }
}
