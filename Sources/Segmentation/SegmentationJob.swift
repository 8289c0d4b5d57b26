import Foundation
public import InferenceEngine
public import Models
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
    /// The kernels that run: others give other last digits.
    private let kernels: String
    private let identity: SceneIdentity
    let output: OutputEncoding

    /// - Parameter backend: nil for Overtile's own kernels.
    /// - Throws: `RasterError`, `SegmentationError`, `EngineError`, `EngineCheckError` or `InstructionSetError`.
    public init(
        scene: RasterReader, model: Model, options: SegmentationOptions, writesProbabilities: Bool,
        writesConfidence: Bool = false,
        backend: (any Backend)? = nil
    ) throws {
        let input = try SceneInput(scene, model: model, options: options)
        let resolution = try SceneResolution(scene, description: model.description, options: options)
        let grid = resolution.grid
        output = try OutputEncoding(
            model, options, writesProbabilities: writesProbabilities, writesConfidence: writesConfidence)
        func compile(_ backend: any Backend) throws -> (ScenePlan, ScenePlanner, TileNetworks) {
            let planner = ScenePlanner(
                model, backend: backend, options: options, writesProbabilities: writesProbabilities,
                writesConfidence: writesConfidence, readerBytes: grid.scratchByteCount(bands: model.bands))
            let (plan, networks) = try Self.compile(planner, scene: grid.size, backend: backend)
            return (plan, planner, networks)
        }
        let isDefault = backend == nil
        var memoryWarnings: [String] = []
        let backend = try backend ?? CheckedEngine.backend()
        var kernels = backend.name
        do {
            (plan, planner, networks) = try compile(backend)
        } catch let error as SegmentationError where error.code == .memoryTooSmall && isDefault {
            (plan, planner, networks) = try compile(CheckedEngine.backend(savesMemory: true))
            memoryWarnings = ["memory is short: wide layers run without Winograd's algorithm, which is slower"]
            kernels += ", without Winograd"
        }
        self.kernels = kernels
        identity = SceneIdentity(of: scene)
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

    /// The classes that the mask will have.
    package var legend: [LegendEntry] { output.legend }

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

    /// Ends what a killed run of the scene left half done beside its mask: outputs of which only some had got their names
    /// lose them again. Its work in progress stays.
    ///
    /// - Returns: true if there was such a run, or one is at work, so that more of it may be found under hidden names.
    @discardableResult
    package static func recover(mask: String) -> Bool { WorkFolder.sweep(for: mask) }

    /// Runs the scene and puts its rasters in place: all of them, or none.
    ///
    ///     let job = try SegmentationJob(scene: scene, model: model, options: options, writesProbabilities: false)
    ///     try job.run([.mask: "mask.tif"])
    ///
    /// - Parameters:
    ///   - rasters: where each raster goes, the mask among them; of the others those that the job was made for.
    ///   - verifiedWindows: the number of windows across the borders of tiles that are also run in one piece, and compared.
    ///   - progress: called at the start, and after each written tile, with the number of tiles written and in all.
    ///   - warn: called with a line where an earlier run's work in progress is discarded.
    /// - Throws: `RasterError`, `FileError`, `EngineError`, `SegmentationError` (`.locked`), or `CancellationError`; no
    ///   output is left behind then.
    @discardableResult
    public func run(
        _ rasters: [RasterOutput.Kind: String], verifiedWindows: Int = 0, cancellation: Cancellation = Cancellation(),
        progress: @escaping (Int, Int) -> Void = { _, _ in }, warn: (String) -> Void = { _ in }
    ) throws -> SegmentationSummary {
        let staged = try stage(
            rasters, verifiedWindows: verifiedWindows, cancellation: cancellation, progress: progress, warn: warn)
        try staged.publish(cancellation: cancellation)
        staged.endWork()
        return staged.summary
    }

    /// Runs the scene up to complete rasters that have no names yet.
    ///
    /// Work in progress lies in a hidden folder beside the mask. Where a run ends early, and going on makes sense, it stays
    /// there, and the same run goes on after the last finished row of tiles: with the same bytes in the end.
    ///
    /// - Parameters and errors: as for `run`.
    package func stage(
        _ rasters: [RasterOutput.Kind: String], verifiedWindows: Int = 0, cancellation: Cancellation = Cancellation(),
        progress: @escaping (Int, Int) -> Void = { _, _ in }, warn: (String) -> Void = { _ in }
    ) throws -> StagedRasters {
        let started = DispatchTime.now()
        guard verifiedWindows == 0 || resolution.grid.isNative || options.outputGrid == .model else {
            throw SegmentationError(
                .usage, "--verify compares tiles where they are: it needs --grid model with another resolution")
        }
        RasterCache.limit(bytes: MemoryBudget(total: plan.memoryLimit).rasterCacheBytes)
        let outputs = RasterOutput.Kind.allCases.compactMap { kind in
            rasters[kind].map { RasterOutput(kind: kind, path: $0, options: options(for: kind)) }
        }
        precondition(outputs.first?.kind == .mask, "every run makes a mask")
        let work = try WorkInProgress(outputs, key: key(outputs), tileRows: plan.grid.rows, warn: warn)
        do {
            work.removeLeftovers()
            let times = StageTimes()
            let reader = TileReader(
                ResampledReader(scene, grid: resolution.grid), bands: bands, shapes: plan.shapes,
                threads: plan.tiling.workers, times: times)
            let encoder = try BlockEncoder(
                work, sieve: options.sieve.map { SieveFilter(minimumPixels: $0) }, times: times,
                cancellation: cancellation)
            do {
                try finish(work, reader, encoder, times, cancellation, progress)
                let verification = try verify(verifiedWindows, work, reader, cancellation)
                return StagedRasters(
                    self, work: work, encoder: encoder, started: started, times: times, readers: reader.threads,
                    verification: verification)
            } catch {
                encoder.discard()
                throw error
            }
        } catch {
            throw work.end(after: error, scene: scene.path)
        }
    }

    /// Computes the tiles that are missing, and completes the rasters.
    private func finish(
        _ work: WorkInProgress, _ reader: TileReader, _ encoder: BlockEncoder, _ times: StageTimes,
        _ cancellation: Cancellation, _ progress: @escaping (Int, Int) -> Void
    ) throws {
        try encoder.advance(toRow: finishedRows(work))
        progress(work.progress.tileRows * plan.grid.columns, plan.grid.count)
        if !work.isComplete { try runPipeline(work, reader, encoder, times, cancellation, progress) }
        try encoder.finish()
    }

    private func key(_ outputs: [RasterOutput]) -> WorkKey {
        var options = options
        // Only the finished files show these.
        (options.creationOptions, options.classNames, options.format) = ([], [], .geoTIFF)
        options.sieve = nil
        return WorkKey(
            scene: identity, settings: SettingsDigest(model: model, options: options), plan: WorkKey.Plan(plan.grid),
            kernels: kernels, outputs: outputs.map(WorkKey.Output.init))
    }

    /// Rows of the outputs that the finished rows of tiles make.
    private func finishedRows(_ work: WorkInProgress) -> Int {
        let (grid, rows) = (resolution.grid, work.progress.tileRows)
        let isOnGrid = grid.isNative || options.outputGrid == .model
        if rows == 0 { return 0 }
        if rows == plan.grid.rows { return isOnGrid ? grid.size.height : scene.size.height }
        let computed = PixelWindow(x: 0, y: 0, width: grid.size.width, height: rows * plan.grid.step)
        return isOnGrid ? computed.height : grid.rasterWindow(under: computed).maxY
    }

    /// What brings tiles back to the scene's grid; nil where they are on the outputs' grid.
    private func nativeGrid() throws -> NativeGridWriter? {
        guard !resolution.grid.isNative, options.outputGrid == .scene else { return nil }
        return try NativeGridWriter(scene, grid: resolution.grid, bands: bands)
    }

    private func verify(
        _ windows: Int, _ work: WorkInProgress, _ reader: TileReader, _ cancellation: Cancellation
    ) throws -> Verification? {
        guard windows > 0 else { return nil }
        let verifier = Verifier(
            grid: plan.grid, stride: model.network.stride, reader: reader,
            worker: try TileWorker(networks, normalization: normalization, output: output), output: output,
            cancellation: cancellation)
        return try verifier.verify(windows: windows, in: work, slot: TileSlot(layout: slotLayout))
    }

    private var slotLayout: TileSlotLayout {
        plan.shapes.slotLayout(
            bands: model.bands, maskBytesPerPixel: output.maskBytesPerPixel,
            probabilityBytesPerPixel: output.probabilityBytesPerPixel,
            confidenceBytesPerPixel: output.confidenceBytesPerPixel)
    }

    private func runPipeline(
        _ work: WorkInProgress, _ reader: TileReader, _ encoder: BlockEncoder, _ times: StageTimes,
        _ cancellation: Cancellation, _ progress: @escaping (Int, Int) -> Void
    ) throws {
        let stitcher = Stitcher(work, columns: plan.grid.columns, nativeGrid: try nativeGrid())
        let layout = slotLayout
        let slotCount = plan.tiling.workers * Pipeline.slotsPerWorker(layout)
        let slots = (0..<slotCount).map { _ in TileSlot(layout: layout) }
        var written = work.progress.tileRows * plan.grid.columns
        let pipeline = Pipeline(grid: plan.grid, firstTile: written, slots: slots, cancellation: cancellation)
        let (networks, normalization, output) = (networks, normalization, output)
        try pipeline.run(
            workers: plan.tiling.workers,
            read: reader.read,
            makeWorker: {
                let worker = try TileWorker(networks, normalization: normalization, output: output)
                return { slot in slot.isComputed = try times.measure(.computing) { try worker.run(slot) } }
            },
            stitch: { slot in
                let rows = work.progress.tileRows
                let released = try times.measure(.writing) { try stitcher.accept(slot) }
                if work.progress.tileRows > rows { try encoder.advance(toRow: finishedRows(work)) }
                written += released.count
                if !released.isEmpty { progress(written, plan.grid.count) }
                return released
            })
    }
}
