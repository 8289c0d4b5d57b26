import Foundation
package import InferenceEngine
public import Models
import NetworkGraph
public import RasterIO
import TileGeometry

/// One scene through one model, from file to file.
///
/// Making a job checks everything that can be checked and writes nothing; an output appears under its name only when it
/// is complete.
///
///     let model = try Model(path: "unet.onnx")
///     let options = SegmentationOptions()
///     let scene = try options.open(scene: "scene.tif", for: model)
///     let job = try SegmentationJob(scene: scene, model: model, options: options, writesProbabilities: false)
///     let summary = try job.run(mask: "mask.tif", probabilities: nil)
public final class SegmentationJob {
    /// The scene.
    public let scene: RasterReader
    /// The model that the scene goes through.
    public let model: Model
    /// How the scene goes through the model.
    package var plan: Plan { compiled.plan }
    /// What the user should know before the run, a line each.
    public var warnings: [String] { plan.warnings.map(\.description) }

    let options: SegmentationOptions
    private let compiled: CompiledPlan
    private let identity: SceneIdentity

    /// Plans how a scene goes through a model, and compiles the network for its tiles.
    ///
    /// - Parameters:
    ///   - scene: the raster, opened with `SegmentationOptions.open` so that its nodata value is the right one.
    ///   - model: the network, and what is known of what it was trained on.
    ///   - options: what the user asks for.
    ///   - writesProbabilities: true if the run will write the probabilities of all classes.
    ///   - writesConfidence: true if the run will write the probability of each pixel's class.
    /// - Throws: `SegmentationError` where scene, model and options do not fit together, or too little memory is allowed;
    ///   `RasterError`, `EngineError`, `EngineCheckError` or `InstructionSetError`.
    public convenience init(
        scene: RasterReader, model: Model, options: SegmentationOptions, writesProbabilities: Bool,
        writesConfidence: Bool = false
    ) throws {
        try self.init(
            scene: scene, model: model, options: options, writesProbabilities: writesProbabilities,
            writesConfidence: writesConfidence, backend: nil)
    }

    /// Plans and compiles for a backend of the caller's own; nil for Overtile's own kernels.
    ///
    /// - Throws: as the other initialiser.
    package init(
        scene: RasterReader, model: Model, options: SegmentationOptions, writesProbabilities: Bool,
        writesConfidence: Bool, backend: (any Backend)?
    ) throws {
        let planner = try Planner(
            scene: scene, model: model, options: options, writesProbabilities: writesProbabilities,
            writesConfidence: writesConfidence, backend: backend)
        compiled = try planner.compiledPlan()
        identity = SceneIdentity(of: scene)
        self.scene = scene
        self.model = model
        self.options = options
    }

    /// The classes that the mask will have.
    package var legend: [LegendEntry] { plan.output.legend }

    /// A line for each step of the network: its shapes, and the kernel that runs it.
    package var kernelListing: [String] { compiled.networks.listing }

    /// Expects how long the run will take if reading and writing are not the limit, from a trial of a second or two.
    ///
    /// - Throws: `EngineError`.
    package func expectedTime() throws -> ExpectedTime {
        let trial = try TimeTrial(plan.tiling, compiled.networks, tiler: compiled.tiler)
        let schedule = TileSchedule(plan.grid, costs: plan.tiling.costs)
        return ExpectedTime(
            seconds: trial.secondsPerCost * schedule.makespan(workers: plan.tiling.workers),
            trialSeconds: trial.seconds)
    }

    /// Checks that outputs can be made under these names, before any work is spent on them. Files that a killed run was
    /// just giving their names are not in the way: the same command goes on from there.
    ///
    /// - Throws: `RasterError`: `.outputExists`, `.cannotCreate`.
    package static func check(
        mask: String, probabilities: String?, confidence: String? = nil, overwrite: Bool
    ) throws(RasterError) {
        WorkFolder.sweep(for: mask)
        let publication = Publication(folder: WorkFolder.path(for: mask))
        for output in [mask, probabilities, confidence].compactMap({ $0 }) {
            do {
                try RasterWriter.check(path: output, overwrite: overwrite)
            } catch let error where error.code == .outputExists && publication?.covers(output) == true {
                continue
            }
        }
    }

    /// Runs the scene and puts the outputs in place.
    ///
    /// Work in progress lies in a hidden folder beside the mask. It stays there if the run ends early and may succeed later:
    /// the same run then goes on after the last finished row of tiles, and makes the same bytes in the end.
    ///
    /// - Parameters:
    ///   - mask: the path of the mask, which has the class of each pixel.
    ///   - probabilities: the path of the probabilities, a band for each output channel; nil for none. The job was made
    ///     with `writesProbabilities` then.
    ///   - confidence: the path of the probability of each pixel's class, as uint8 with a scale; nil for none. The job was
    ///     made with `writesConfidence` then.
    ///   - verifiedWindows: how many windows across the borders of tiles are also run in one piece, and compared.
    ///   - progress: called at the start, and after each written tile, with the number of tiles written and in all.
    ///   - warn: called with a line where an earlier run's work in progress is discarded.
    ///   - derive: what else is made of the rasters, before they have their names; what it throws ends the run.
    /// - Throws: `RasterError`, `EngineError`, `SegmentationError` (`.locked`), or `CancellationError`; no output is left
    ///   behind then.
    public func run(
        mask: String, probabilities: String?, confidence: String? = nil, verifiedWindows: Int = 0,
        cancellation: Cancellation = Cancellation(),
        progress: @escaping (Int, Int) -> Void = { _, _ in }, warn: (String) -> Void = { _ in },
        derive: (StagedRasters) throws -> Void = { _ in }
    ) throws -> SegmentationSummary {
        let started = DispatchTime.now()
        guard verifiedWindows == 0 || plan.resampling.keepsPixels else {
            throw SegmentationError(
                .usage, "--verify compares tiles where they are: it needs --grid model with another resolution")
        }
        try Self.check(
            mask: mask, probabilities: probabilities, confidence: confidence, overwrite: options.overwrites)
        RasterCache.limit(bytes: MemoryBudget(total: plan.tiling.memoryLimit).rasterCacheBytes)
        var outputs = [RasterOutput(kind: .mask, path: mask, options: maskOptions)]
        if let probabilities {
            outputs.append(RasterOutput(kind: .probabilities, path: probabilities, options: probabilityOptions))
        }
        if let confidence {
            outputs.append(RasterOutput(kind: .confidence, path: confidence, options: confidenceOptions))
        }
        let work = try WorkInProgress(outputs, key: key(outputs), tileRows: plan.grid.rows, warn: warn)
        do {
            if !options.overwrites { Publication(folder: work.folder.path)?.withdraw(outputs.map(\.path)) }
            work.removeLeftovers()
            let times = StageTimes()
            let reader = TileReader(scene, plan, times: times)
            var verification: Verification?
            try finish(work, reader, times, cancellation, progress) { rasters in
                verification = try verify(verifiedWindows, work, reader, cancellation)
                try derive(rasters)
            }
            return SegmentationSummary(
                scene: scene.size, tiles: plan.grid.count, tilesComputed: work.progress.tilesComputed,
                tilesResumed: work.recovered.tileRows * plan.grid.columns, workers: plan.tiling.workers,
                readers: reader.threads, seconds: started.secondsToNow, stages: times.seconds,
                verification: verification)
        } catch {
            // Both have their names, or neither.
            if !options.overwrites { Publication(folder: work.folder.path)?.withdraw(outputs.map(\.path)) }
            throw work.end(after: error, scene: scene.path)
        }
    }

    /// Computes the tiles that are missing, makes the outputs, and removes what was in progress.
    private func finish(
        _ work: WorkInProgress, _ reader: TileReader, _ times: StageTimes, _ cancellation: Cancellation,
        _ progress: @escaping (Int, Int) -> Void, _ derive: (StagedRasters) throws -> Void
    ) throws {
        let finisher = try BlockEncoder(
            work, sieve: options.sieve.map { SieveFilter(minimumPixels: $0) }, times: times, cancellation: cancellation)
        do {
            try finisher.advance(toRow: finishedRows(work))
            progress(work.progress.tileRows * plan.grid.columns, plan.grid.count)
            if !work.isComplete { try runPipeline(work, reader, finisher, times, cancellation, progress) }
            let files = try finisher.finish()
            try derive(finisher.stagedRasters)
            try work.announce(Publication(files))
            try finisher.commit()
        } catch {
            finisher.discard()
            throw error
        }
        work.remove()
    }

    private func key(_ outputs: [RasterOutput]) -> WorkKey {
        var options = options
        // Only the finished files show these.
        (options.creationOptions, options.classNames, options.format) = ([], [], .geoTIFF)
        options.sieve = nil
        return WorkKey(
            scene: identity, settings: SettingsDigest(model: model, options: options), plan: WorkKey.Plan(plan.grid),
            kernels: compiled.kernels, outputs: outputs.map(WorkKey.Output.init))
    }

    /// Rows of the outputs that the finished rows of tiles make.
    private func finishedRows(_ work: WorkInProgress) -> Int {
        let (pixelGrid, keepsPixels) = (plan.resampling.pixelGrid, plan.resampling.keepsPixels)
        let rows = work.progress.tileRows
        if rows == 0 { return 0 }
        if rows == plan.grid.rows { return keepsPixels ? pixelGrid.size.height : scene.size.height }
        let computed = PixelWindow(x: 0, y: 0, width: pixelGrid.size.width, height: rows * plan.grid.step)
        return keepsPixels ? computed.height : pixelGrid.rasterWindow(under: computed).maxY
    }

    /// Returns what brings tiles back to the scene's pixels; nil where the outputs have the tiles' own.
    private func nativeGrid() throws -> NativeGridWriter? {
        guard !plan.resampling.keepsPixels else { return nil }
        return try NativeGridWriter(scene, pixelGrid: plan.resampling.pixelGrid, bands: plan.bands)
    }

    private func verify(
        _ windows: Int, _ work: WorkInProgress, _ reader: TileReader, _ cancellation: Cancellation
    ) throws -> Verification? {
        guard windows > 0 else { return nil }
        let verifier = Verifier(
            grid: plan.grid, stride: model.network.stride, reader: reader,
            worker: try TileWorker(compiled), output: plan.output, cancellation: cancellation)
        return try verifier.verify(windows: windows, in: work, slot: TileSlot(layout: plan.slotLayout))
    }

    private func runPipeline(
        _ work: WorkInProgress, _ reader: TileReader, _ finisher: BlockEncoder, _ times: StageTimes,
        _ cancellation: Cancellation, _ progress: @escaping (Int, Int) -> Void
    ) throws {
        let stitcher = Stitcher(work, columns: plan.grid.columns, nativeGrid: try nativeGrid())
        let layout = plan.slotLayout
        let slotCount = plan.tiling.workers * Pipeline.slotsPerWorker(layout)
        let slots = (0..<slotCount).map { _ in TileSlot(layout: layout) }
        var written = work.progress.tileRows * plan.grid.columns
        let pipeline = Pipeline(grid: plan.grid, firstTile: written, slots: slots, cancellation: cancellation)
        let compiled = compiled
        try pipeline.run(
            workers: plan.tiling.workers,
            read: reader.read,
            makeWorker: {
                let worker = try TileWorker(compiled)
                return { slot in slot.isComputed = try times.measure(.computing) { try worker.run(slot) } }
            },
            stitch: { slot in
                let rows = work.progress.tileRows
                let released = try times.measure(.writing) { try stitcher.accept(slot) }
                if work.progress.tileRows > rows { try finisher.advance(toRow: finishedRows(work)) }
                written += released.count
                if !released.isEmpty { progress(written, plan.grid.count) }
                return released
            })
    }
}
