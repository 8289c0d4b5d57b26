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
    /// What the user should know before the run.
    public let warnings: [String]

    let options: SegmentationOptions
    private let network: CompiledNetwork
    let output: OutputEncoding

    /// - Throws: `RasterError`, `SegmentationError` or `EngineError`.
    public init(
        scene: RasterReader, model: Model, options: SegmentationOptions, writesProbabilities: Bool,
        backend: any Backend = OneDNNBackend()
    ) throws {
        let input = try SceneInput(scene, model: model, options: options)
        output = OutputEncoding(
            channels: model.outputChannels, threshold: options.threshold, writesProbabilities: writesProbabilities)
        try output.check(options)
        let planner = ScenePlanner(model, backend: backend, options: options, writesProbabilities: writesProbabilities)
        (plan, network) = try Self.compile(planner, scene: scene.size, model: model, backend: backend)
        self.scene = scene
        self.model = model
        self.options = options
        bands = input.bands
        normalization = input.normalization
        warnings = input.warnings + plan.warnings
    }

    /// Plans with estimates, compiles, and plans again with what the kernels really take, until both agree.
    private static func compile(
        _ planner: ScenePlanner, scene: PixelSize, model: Model, backend: any Backend
    ) throws -> (ScenePlan, CompiledNetwork) {
        var plan = try planner.plan(scene: scene)
        var sessionBytes: [Int: Int] = [:]
        while true {
            let step = plan.grid.step
            let network = try CompiledNetwork(planner.computation(plan.grid), backend: backend)
            // Each round measures one more step, so that this ends.
            if sessionBytes.updateValue(network.sessionByteCount, forKey: step) != nil { return (plan, network) }
            plan = try planner.plan(scene: scene, weightBytes: network.weightByteCount, sessionBytes: sessionBytes)
            if plan.grid.step == step { return (plan, network) }
        }
    }

    /// A line for each step of the network: shapes, and the kernel that runs it.
    public var kernelListing: [String] { network.listing }

    /// How long the run will take if reading and writing are not the limit, from a trial of one tile on one worker.
    ///
    /// - Throws: `EngineError`.
    public func expectedSeconds() throws -> Double {
        let session = try InferenceSession(network)
        session.input.update(repeating: 0)
        let started = DispatchTime.now()
        try session.run()
        let rounds = (plan.grid.count + plan.tiling.workers - 1) / plan.tiling.workers
        return started.secondsToNow * Double(rounds)
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
        let maskWriter = try RasterWriter(path: mask, options: maskOptions)
        let probabilityWriter = try probabilities.map { try RasterWriter(path: $0, options: probabilityOptions) }
        let times = StageTimes()
        do {
            let computed = try runPipeline(
                Stitcher(mask: maskWriter, probabilities: probabilityWriter, output: output), times, cancellation,
                progress)
            // Where the disk is full at the very end, neither is left.
            try probabilityWriter?.finish()
            try maskWriter.finish()
            try probabilityWriter?.commit()
            try maskWriter.commit()
            return SegmentationSummary(
                scene: scene.size, tiles: plan.grid.count, tilesComputed: computed, workers: plan.tiling.workers,
                seconds: started.secondsToNow, stages: times.seconds)
        } catch {
            maskWriter.discard()
            probabilityWriter?.discard()
            throw error
        }
    }

    /// - Returns: the number of tiles that the network ran on.
    private func runPipeline(
        _ stitcher: Stitcher, _ times: StageTimes, _ cancellation: Cancellation,
        _ progress: @escaping (Int, Int) -> Void
    ) throws -> Int {
        let layout = TileSlotLayout(
            bands: model.bands, inputPixels: plan.input.rows.count * plan.input.columns.count,
            outputPixels: plan.grid.step * plan.grid.step, maskBytesPerPixel: output.maskBytesPerPixel,
            probabilityBands: output.probabilityBands)
        let slots = (0..<Pipeline.slots(forWorkers: plan.tiling.workers)).map { _ in TileSlot(layout: layout) }
        let pipeline = Pipeline(grid: plan.grid, slots: slots, cancellation: cancellation)
        let reader = TileReader(scene, bands: bands, input: plan.input)
        let (network, normalization, output) = (network, normalization, output)
        let computed = Counter()
        var written = 0
        try pipeline.run(
            workers: plan.tiling.workers,
            read: { tile, slot in try times.measure(.reading) { try reader.read(tile, into: slot) } },
            makeWorker: {
                let worker = try TileWorker(network, normalization: normalization, output: output)
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
