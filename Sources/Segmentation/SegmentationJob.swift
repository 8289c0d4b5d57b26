import Foundation
public import InferenceEngine
public import ModelWeights
import NetworkGraph
public import RasterIO
import TileGeometry

/// One scene through one model, from file to file.
///
/// Checks everything that can be checked before it writes anything; an output appears under its name only when it is
/// complete.
public final class SegmentationJob {
    public let scene: RasterReader
    public let model: Model
    public let plan: ScenePlan
    /// The scene's bands in the model's order, counted from 1.
    public let bands: [Int]
    public let normalization: Normalization
    public let resolution: SceneResolution
    /// What the user should know before the run.
    public let warnings: [String]

    let options: SegmentationOptions
    private let planner: ScenePlanner
    private let networks: TileNetworks
    let output: OutputEncoding

    /// - Parameter backend: nil for Overtile's own kernels.
    /// - Throws: `RasterError`, `SegmentationError`, `EngineError` or `InstructionSetError`.
    public init(
        scene: RasterReader, model: Model, options: SegmentationOptions, writesProbabilities: Bool,
        backend: (any Backend)? = nil
    ) throws {
        let input = try SceneInput(scene, model: model, options: options)
        let resolution = try SceneResolution(scene, description: model.description, options: options)
        let grid = resolution.grid
        output = try OutputEncoding(model, options, writesProbabilities: writesProbabilities)
        func compile(_ backend: any Backend) throws -> (ScenePlan, ScenePlanner, TileNetworks) {
            let planner = ScenePlanner(
                model, backend: backend, options: options, writesProbabilities: writesProbabilities,
                readerBytes: grid.scratchByteCount(bands: model.bands))
            let (plan, networks) = try Self.compile(planner, scene: grid.size, backend: backend)
            return (plan, planner, networks)
        }
        var memoryWarnings: [String] = []
        do {
            (plan, planner, networks) = try compile(backend ?? OvertileBackend())
        } catch let error as SegmentationError where error.code == .memoryTooSmall && backend == nil {
            (plan, planner, networks) = try compile(OvertileBackend(savesMemory: true))
            memoryWarnings = ["memory is short: wide layers run without Winograd's algorithm, which is slower"]
        }
        self.scene = scene
        self.model = model
        self.options = options
        bands = input.bands
        normalization = input.normalization
        self.resolution = resolution
        warnings = input.warnings + resolution.warnings + memoryWarnings + plan.warnings
    }

    /// Plans with estimates, compiles, and plans again with what the kernels really take, until both agree.
    private static func compile(
        _ planner: ScenePlanner, scene: PixelSize, backend: any Backend
    ) throws -> (ScenePlan, TileNetworks) {
        var candidates = try planner.candidates(for: scene)
        var plan = try planner.plan(candidates)
        var measured: Set<TileGrid> = []
        let weights = PackedWeights()
        while true {
            let grid = plan.grid
            let networks = try TileNetworks(grid, planner: planner, backend: backend, weights: weights)
            // Each round measures one more grid, so that this ends.
            guard measured.insert(grid).inserted else { return (plan, networks) }
            let place = candidates.firstIndex { $0.grid == grid }!
            candidates[place].bytesPerWorker = try planner.workerBytes(grid, session: networks.sessionByteCount)
            plan = try planner.plan(candidates, weightBytes: networks.weightByteCount)
            if plan.grid == grid { return (plan, networks) }
        }
    }

    /// A line for each step of the network: shapes, and the kernel that runs it.
    public var kernelListing: [String] { networks.listing }

    /// How long the run will take if reading and writing are not the limit, from a trial of a second or two.
    ///
    /// - Throws: `EngineError`.
    public func expectedTime() throws -> ExpectedTime {
        let trial = try TimeTrial(plan, networks, planner: planner)
        let schedule = TileSchedule(plan.grid, costs: plan.tiling.costs)
        return ExpectedTime(
            seconds: trial.secondsPerCost * schedule.makespan(workers: plan.tiling.workers),
            trialSeconds: trial.seconds)
    }

    /// Runs the scene and puts the outputs in place.
    ///
    /// - Parameters:
    ///   - mask: the class of each pixel.
    ///   - probabilities: a float32 band for each output channel; nil for none.
    ///   - progress: called after each written tile with the number of tiles written and in all.
    /// - Throws: `RasterError`, `EngineError`, or `CancellationError`; no output is left behind then.
    public func run(
        mask: String, probabilities: String?, cancellation: Cancellation = Cancellation(),
        progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> SegmentationSummary {
        let started = DispatchTime.now()
        RasterCache.limit(bytes: MemoryBudget(total: plan.memoryLimit).rasterCacheBytes)
        let sceneGrid = try sceneGrid()
        let maskWriter = try RasterWriter(path: mask, options: maskOptions)
        let probabilityWriter = try probabilities.map { try RasterWriter(path: $0, options: probabilityOptions) }
        let times = StageTimes()
        let reader = TileReader(
            ResampledReader(scene, grid: resolution.grid), bands: bands, shapes: plan.shapes,
            threads: plan.tiling.workers, times: times)
        let stitcher = Stitcher(
            mask: maskWriter, probabilities: probabilityWriter, output: output, sceneGrid: sceneGrid)
        do {
            let computed = try runPipeline(reader, stitcher, times, cancellation, progress)
            try times.measure(.writing) {
                // Where the disk is full at the very end, neither is left.
                let isStopped = { cancellation.isCancelled }
                try probabilityWriter?.finish(isStopped: isStopped)
                try maskWriter.finish(isStopped: isStopped)
            }
            try probabilityWriter?.commit()
            try maskWriter.commit()
            return SegmentationSummary(
                scene: scene.size, tiles: plan.grid.count, tilesComputed: computed, workers: plan.tiling.workers,
                readers: reader.threads, seconds: started.secondsToNow, stages: times.seconds)
        } catch {
            maskWriter.discard()
            probabilityWriter?.discard()
            if cancellation.isCancelled { throw CancellationError() }
            throw error
        }
    }

    /// What brings tiles back to the scene's grid; nil where they are on the outputs' grid.
    private func sceneGrid() throws -> SceneGridOutput? {
        guard !resolution.grid.isNative, options.outputGrid == .scene else { return nil }
        return try SceneGridOutput(scene, grid: resolution.grid, bands: bands, output: output)
    }

    /// - Returns: the number of tiles that the network ran on.
    private func runPipeline(
        _ reader: TileReader, _ stitcher: Stitcher, _ times: StageTimes, _ cancellation: Cancellation,
        _ progress: @escaping (Int, Int) -> Void
    ) throws -> Int {
        let layout = plan.shapes.slotLayout(
            bands: model.bands, maskBytesPerPixel: output.maskBytesPerPixel, probabilityBands: output.probabilityBands)
        let slotCount = plan.tiling.workers * Pipeline.slotsPerWorker(layout)
        let slots = (0..<slotCount).map { _ in TileSlot(layout: layout) }
        let pipeline = Pipeline(grid: plan.grid, slots: slots, cancellation: cancellation)
        let (networks, normalization, output) = (networks, normalization, output)
        let computed = Counter()
        var written = 0
        try pipeline.run(
            workers: plan.tiling.workers,
            read: reader.read,
            makeWorker: {
                let worker = try TileWorker(networks, normalization: normalization, output: output)
                return { slot in
                    if try times.measure(.computing, { try worker.run(slot) }) { computed.increment() }
                }
            },
            stitch: { slot in
                let released = try times.measure(.writing) { try stitcher.accept(slot) }
                written += released.count
                if !released.isEmpty { progress(written, plan.grid.count) }
                return released
            })
        return computed.value
    }
}
