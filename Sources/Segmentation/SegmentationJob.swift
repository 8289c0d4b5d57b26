import Foundation
package import InferenceEngine
package import Models
import NetworkGraph
package import RasterIO
import TileGeometry

/// One scene through one model, from file to file.
///
/// Making a job checks everything that can be checked and writes nothing; an output appears under its name only when it
/// is complete.
///
///     let model = try Model(path: "unet.onnx")
///     let options = SegmentationOptions()
///     let scene = try options.open(scene: "scene.tif", for: model)
///     let job = try SegmentationJob(scene: scene, model: model, options: options)
///     let summary = try job.run([.mask: "mask.tif"])
package final class SegmentationJob {
    /// The scene.
    package let scene: RasterReader
    /// The model that the scene goes through.
    package let model: Model
    /// The plan of the scene's way through the model.
    package var plan: Plan { compiled.plan }
    /// What the user should know before the run, a line each.
    package var warnings: [String] { planWarnings.map(\.description) }
    /// What the user should know before the run.
    package var planWarnings: [PlanWarning] { plan.warnings + feedWarnings }
    /// What the comparison of the scene's pixels with the model's memory gives reason to warn of.
    package var feedWarnings: [PlanWarning] {
        feed?.warnings(about: scene.path, adopts: options.scaling == .auto) ?? []
    }

    /// What a comparison of the scene's pixels with the model's memory of its training found; nil where nobody asked.
    package let feed: FeedReport?

    let options: SegmentationOptions
    let compiled: CompiledPlan
    /// The state of the scene's files when the job was made.
    let identity: SceneIdentity

    /// Plans how a scene goes through a model, and compiles the network for its tiles.
    ///
    /// - Parameters:
    ///   - scene: the raster, opened with `SegmentationOptions.open` so that its nodata value is the right one.
    ///   - model: the network, and what is known of what it was trained on.
    ///   - options: what the user asks for.
    ///   - kinds: the rasters that the run will make beside the mask.
    ///   - backend: what runs the network; nil for Overtile's own kernels.
    /// - Throws: `SegmentationError` where scene, model and options do not fit together, or too little memory is allowed;
    ///   `RasterError`, `EngineError`, `EngineCheckError` or `InstructionSetError`.
    package init(
        scene: RasterReader, model: Model, options: SegmentationOptions, kinds: Set<RasterOutput.Kind> = [],
        backend: (any Backend)? = nil
    ) throws {
        func planner(_ options: SegmentationOptions) throws -> Planner {
            try Planner(scene: scene, model: model, options: options, kinds: kinds, backend: backend)
        }
        let asked = try planner(options)
        feed = options.checksFeed || options.scaling == .auto ? try asked.feedReport() : nil
        let options = options.scaling == .auto ? options.adopting(feed?.best?.scaling) : options
        compiled = try planner(options).compiledPlan()
        identity = SceneIdentity(of: scene)
        self.scene = scene
        self.model = model
        self.options = options
    }

    /// The classes that the mask will have.
    package var legend: [LegendEntry] { plan.output.legend }

    /// What the outputs are for.
    package var task: ModelTask { plan.output.task }

    /// A line for each step of the network: its shapes, and the kernel that runs it.
    package var kernelListing: [String] { compiled.networks.listing }

    /// Expects how long the run will take, from a trial of a few seconds: of the network alone and, where they are small enough,
    /// of tiles of the scene.
    ///
    /// - Parameters:
    ///   - start: the seconds that it took to open the model and the scene and to make the plan, as a run does too.
    ///   - warn: called with a line where tiles of the scene cannot be run; the network alone is tried then.
    /// - Throws: `EngineError`.
    package func expectedTime(start: Double, warn: (String) -> Void = { _ in }) throws -> ExpectedTime {
        let started = DispatchTime.now()
        let trial = try TimeTrial(plan.tiling, compiled.networks, tiler: compiled.tiler)
        var own: TimeTrial.OwnTiles?
        do {
            own = try trial.runOwnTiles(compiled, preparedReader(StageTimes()))
        } catch let error as RasterError {
            warn("\(error)")
        } catch let error as SegmentationError {
            warn("\(error)")
        }
        let schedule = TileSchedule(plan.grid, costs: plan.tiling.costs)
        return ExpectedTime(
            start: start,
            computing: (own?.secondsPerCost ?? trial.secondsPerCost) * schedule.makespan(workers: plan.tiling.workers),
            isOwnTiles: own != nil, dataShare: options.area == nil ? own?.dataShare ?? 1 : 0,
            pixels: plan.outputWindow.size.area, trialSeconds: started.secondsToNow)
    }

    /// Ends what a killed run of the scene left half done beside its mask: outputs of which only some had got their names
    /// lose them again. Its work in progress stays.
    ///
    /// - Parameter command: a digest of the command that is about to be run.
    /// - Returns: `hasWork` is true if there was such a run, or one is at work, so that more of it may be found under hidden
    ///   names; `hasOutputs` is true if it was one of the same command, and all its outputs have their names: they are this
    ///   command's own, and may be replaced.
    package static func recover(mask: String, command: String?) -> (hasWork: Bool, hasOutputs: Bool) {
        let found = WorkFolder.sweep(for: mask, command: command)
        return (found != .nothing, found == .outputs)
    }

    /// Removes the record that `StagedRasters.endWork` kept beside a mask, at the end of the command.
    package static func forgetRecord(mask: String, command: String) {
        WorkFolder.forgetRecord(for: mask, command: command)
    }

    /// Runs the scene and puts its rasters in place: all of them, or none.
    ///
    ///     let job = try SegmentationJob(scene: scene, model: model, options: options)
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
    package func run(
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
    /// Work in progress lies in a hidden folder beside the mask. It stays there if the run ends early and may succeed later:
    /// the same run then goes on after the last finished row of tiles, and makes the same bytes in the end.
    ///
    /// - Parameters and errors: as for `run`.
    package func stage(
        _ rasters: [RasterOutput.Kind: String], verifiedWindows: Int = 0, cancellation: Cancellation = Cancellation(),
        progress: @escaping (Int, Int) -> Void = { _, _ in }, warn: (String) -> Void = { _ in }
    ) throws -> StagedRasters {
        let started = DispatchTime.now()
        let times = StageTimes()
        try checkVerification(verifiedWindows)
        let reader = try preparedReader(times)
        let outputs = outputs(rasters)
        if PartSet.exists(for: outputs[0].path) {
            warn(
                "\(outputs[0].path): parts of a divided run lie beside it, in \(WorkFolder.path(for: outputs[0].path)), and are "
                    + "not used: overtile merge takes them, or remove them")
        }
        let work = try WorkInProgress(outputs, key: key(outputs), tileRows: plan.grid.rows, warn: warn)
        do {
            work.removeLeftovers()
            try work.verifyRecovered(windows(of: whole), cancellation: cancellation, warn: warn)
            return try staged(work, reader, since: started, times, verifiedWindows, cancellation) { encoder in
                try finish(work, reader, encoder, times, cancellation, progress)
            }
        } catch {
            throw work.end(after: error, scene: scene.path)
        }
    }

    /// Makes the files of complete or growing samples.
    ///
    /// - Parameter encode: has the encoder write all rows.
    func staged(
        _ work: any RasterWork, _ reader: TileReader, since started: DispatchTime, _ times: StageTimes,
        _ verifiedWindows: Int, _ cancellation: Cancellation, _ encode: (BlockEncoder) throws -> Void
    ) throws -> StagedRasters {
        let encoder = try encoder(of: work, times, cancellation)
        do {
            try encode(encoder)
            let verification = try verify(verifiedWindows, work, reader, cancellation)
            return StagedRasters(
                self, work: work, encoder: encoder, started: started, times: times, readers: reader.threads,
                verification: verification)
        } catch {
            encoder.discard()
            throw error
        }
    }

    /// - Throws: `SegmentationError` (`.usage`) where windows cannot be compared.
    func checkVerification(_ windows: Int) throws {
        guard windows == 0 || plan.resampling.keepsPixels else {
            throw SegmentationError(
                .usage, "--verify compares tiles where they are: it needs --grid model with another resolution")
        }
        guard windows == 0 || plan.output.task == .segmentation else {
            throw SegmentationError(
                .usage, "--verify compares classes, and --task \(plan.output.task.rawValue) gives none")
        }
    }

    /// Makes the reader of tiles, when there are threads and memory for the run.
    ///
    /// - Throws: `SegmentationError` (`.shortOfResources`).
    func preparedReader(_ times: StageTimes) throws -> TileReader {
        let reader = TileReader(scene, plan, times: times)
        try ResourceTrial.require(
            threads: plan.tiling.workers + reader.threads + ResourceTrial.otherThreads,
            bytes: plan.tiling.memoryBytes - MemoryBudget.processBytes)
        RasterCache.limit(bytes: MemoryBudget(total: plan.tiling.memoryLimit).rasterCacheBytes)
        return reader
    }

    /// The rasters of a run with the places that they will have, the mask first.
    func outputs(_ rasters: [RasterOutput.Kind: String]) -> [RasterOutput] {
        let outputs = RasterOutput.Kind.allCases.compactMap { kind in
            rasters[kind].map { RasterOutput(kind: kind, path: $0, options: options(for: kind)) }
        }
        precondition(outputs.first?.kind == .mask, "every run makes a mask")
        return outputs
    }

    /// Begins the finished files of complete or growing samples.
    ///
    /// - Throws: `RasterError`.
    func encoder(of work: any RasterWork, _ times: StageTimes, _ cancellation: Cancellation) throws -> BlockEncoder {
        try BlockEncoder(
            work, sieve: options.sieve.map { SieveFilter(minimumPixels: $0) },
            nodata: plan.output.task == .segmentation ? plan.output.nodata : nil, times: times,
            cancellation: cancellation)
    }

    /// Computes the tiles that are missing, and completes the rasters.
    private func finish(
        _ work: WorkInProgress, _ reader: TileReader, _ encoder: BlockEncoder, _ times: StageTimes,
        _ cancellation: Cancellation, _ progress: @escaping (Int, Int) -> Void
    ) throws {
        try encoder.advance(toRow: outputRow(afterTileRows: work.progress.tileRows))
        progress(work.progress.tileRows * plan.grid.columns, plan.grid.count)
        if !work.isComplete {
            try runPipeline(work, whole, reader, times, cancellation, progress) {
                try encoder.advance(toRow: outputRow(afterTileRows: work.progress.tileRows))
            }
        }
        try encoder.finish()
    }

    func key(_ outputs: [RasterOutput]) -> WorkKey {
        var options = options
        // Only the finished files show these.
        (options.creationOptions, options.classNames, options.format) = ([], [], .geoTIFF)
        options.sieve = nil
        return WorkKey(
            scene: identity, settings: SettingsDigest(model: model, options: options), plan: WorkKey.Plan(plan.grid),
            kernels: compiled.kernels, outputs: outputs.map(WorkKey.Output.init))
    }

    /// The rows of tiles that a run computes, and the window of the scene that they fill in the outputs.
    struct Share {
        let tileRows: Range<Int>
        let window: PixelWindow
    }

    /// The share of a run that is not divided.
    var whole: Share { Share(tileRows: 0..<plan.grid.rows, window: plan.outputWindow) }

    /// Returns the rows of the outputs that rows of tiles make, counted from the top.
    func outputRow(afterTileRows rows: Int) -> Int {
        let (pixelGrid, keepsPixels) = (plan.resampling.pixelGrid, plan.resampling.keepsPixels)
        if rows == 0 { return 0 }
        let part = plan.outputWindow
        if rows == plan.grid.rows { return part.height }
        let computed = PixelWindow(
            x: 0, y: 0, width: pixelGrid.size.width, height: (plan.grid.firstRow + rows) * plan.grid.step)
        let bottom = keepsPixels ? computed.height : pixelGrid.rasterWindow(under: computed).maxY
        return min(max(0, bottom - part.y), part.height)
    }

    /// Returns what brings tiles back to the scene's pixels; nil where the outputs have the tiles' own.
    private func nativeGrid(_ share: Share) throws -> NativeGridWriter? {
        guard !plan.resampling.keepsPixels else { return nil }
        return try NativeGridWriter(
            scene, windows: windows(of: share), pixelGrid: plan.resampling.pixelGrid, bands: plan.bands, area: plan.area
        )
    }

    /// Where the samples of each tile go in the outputs.
    func windows(of share: Share) -> OutputWindows {
        OutputWindows(
            grid: plan.grid, pixelGrid: plan.resampling.keepsPixels ? nil : plan.resampling.pixelGrid,
            part: share.window, firstTileRow: share.tileRows.lowerBound)
    }

    func verify(
        _ windows: Int, _ work: any RasterWork, _ reader: TileReader, _ cancellation: Cancellation
    ) throws -> SegmentationSummary.Verification? {
        guard windows > 0 else { return nil }
        let verifier = Verifier(
            grid: plan.grid, stride: model.network.stride, reader: reader,
            worker: try TileWorker(compiled), output: plan.output, origin: plan.outputWindow,
            cancellation: cancellation)
        return try verifier.verify(windows: windows, in: work, slot: TileSlot(layout: plan.slotLayout))
    }

    /// Computes the tiles of a share that are missing.
    ///
    /// - Parameter rowIsDone: called when another row of tiles is done.
    func runPipeline(
        _ work: WorkInProgress, _ share: Share, _ reader: TileReader, _ times: StageTimes,
        _ cancellation: Cancellation, _ progress: @escaping (Int, Int) -> Void, rowIsDone: () throws -> Void = {}
    ) throws {
        let columns = plan.grid.columns
        let (first, end) = (share.tileRows.lowerBound * columns, share.tileRows.upperBound * columns)
        var written = work.progress.tileRows * columns
        let stitcher = Stitcher(
            work, columns: columns, firstTile: first + written, origin: share.window,
            nativeGrid: try nativeGrid(share))
        let layout = plan.slotLayout
        let slotCount = plan.tiling.workers * Pipeline.slotsPerWorker(layout)
        let slots = (0..<slotCount).map { _ in TileSlot(layout: layout) }
        let pipeline = Pipeline(
            grid: plan.grid, tiles: first + written..<end, slots: slots, cancellation: cancellation)
        let compiled = compiled
        try pipeline.run(
            workers: min(plan.tiling.workers, end - first),
            read: reader.read,
            makeWorker: {
                let worker = try TileWorker(compiled)
                return { slot in slot.isComputed = try times.measure(.computing) { try worker.run(slot) } }
            },
            stitch: { slot in
                let rows = work.progress.tileRows
                let released = try times.measure(.writing) { try stitcher.accept(slot) }
                if work.progress.tileRows > rows { try rowIsDone() }
                written += released.count
                if !released.isEmpty { progress(written, end - first) }
                return released
            })
    }
}
