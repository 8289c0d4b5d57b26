import ArgumentParser
import Foundation
import Overtile

struct SegmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment",
        abstract: "Segment one scene into a file, or several into a folder.",
        discussion: """
            The mask is a GeoTIFF on the scene's grid (see --grid): the number of a class for each pixel, 255 where the scene has no \
            data (65535 for models of 255 classes and more). In a folder, it has the scene's name with .tif. \
            The names of the classes are in the file, and beside it, with .aux.xml, where GIS programs look for them.

            Examples:
              overtile segment scene.tif --model unet.pth --output mask.tif
              overtile segment scene.tif -m unet.pth -o mask.tif --bands 4,3,2 --std 1000
              overtile segment scene.tif -m unet.pth -o mask.tif --classes land,water
              overtile segment scene.tif -m unet.pth -o mask.tif --resolution 10
              overtile segment *.tif --model unet.pth --output masks/
              overtile segment B04.tif,B03.tif,B02.tif -m unet.pth -o mask.tif
              overtile segment S2A_MSIL2A_x.SAFE -m unet.pth -o mask.tif --bands B04,B03,B02 --apply-scale
              overtile segment scene.tif -m unet.pth -o mask.tif --part 1/2    (and 2/2 on another machine)
              overtile merge mask.tif
            """)

    @Argument(
        help: ArgumentHelp(
            """
            Rasters of any format that GDAL opens, /vsi paths included. Files with commas between them are the bands of \
            one scene, and so is a Sentinel-2 or Landsat product, named by its folder or archive.
            """), completion: .files)
    var scenes: [String]

    @Flag(help: "All the rasters named are the bands of one scene, in their order.")
    var stack = false

    @OptionGroup(title: "Files") var files: FileOptions
    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Input") var input: InputOptions
    @OptionGroup(title: "Area") var area: AreaOptions
    @OptionGroup(title: "Input") var feed: FeedOptions
    @OptionGroup(title: "Resolution") var resolution: ResolutionOptions
    @OptionGroup(title: "Output") var outputOptions: OutputOptions
    @OptionGroup(title: "Beside the mask") var products: SceneProductOptions
    @OptionGroup(title: "Tiles") var plan: PlanOptions
    @Option(
        help: ArgumentHelp(
            """
            Also run so many windows that lie across the borders of tiles in one piece, and print how far the tiled result is \
            from them.
            """, valueName: "n"))
    var verify: Int?

    @OptionGroup(title: "Parts") var parts: PartOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions
    @OptionGroup(title: "Messages") var progress: ProgressOptions
    @OptionGroup(title: "Log") var logOptions: LogOptions

    mutating func validate() throws {
        if let verify, verify < 1 { throw ValidationError("--verify \(verify) verifies nothing: give 1 or more") }
    }

    func run() throws { try run(try parts.choice().map { .part($0) } ?? .whole) }

    /// Runs the command, or what a part or the merge does of it.
    ///
    /// - Parameters:
    ///   - stored: parts in object storage that are merged; nil for none.
    ///   - mixesKernels: true if those may have been made by different kernels.
    /// - Throws: `UsageError` for a part of several scenes; what ends the run.
    func run(
        _ division: SceneRun.Division, merging stored: RemoteParts? = nil, mixesKernels: Bool = false
    ) throws {
        let cancellation = Signals.cancellationOnSignal()
        let scenes = stack ? [scenes.joined(separator: ",")] : scenes
        if case .whole = division {
        } else if scenes.count > 1 {
            throw UsageError("--part divides one scene, and \(scenes.count) are named: give each a command of its own")
        }
        var others = OtherFiles(
            models: files.networks.models, choices, area, zones: products.companions.zones.zones)
        others.write(logOptions.logFile, "--log-file")
        // Before the log is begun, which would add to whatever file that is.
        let outputs = try OutputPaths.resolve(scenes: scenes, files: files, products: products, others: others)
        if let work = files.work, !RemoteFile.isRemote(work) || !RemoteFile.isRemote(outputs[0].outputs.mask) {
            throw UsageError(
                "--work \(work) is for parts of an output in object storage, and a folder there: local ones work beside the output"
            )
        }
        if case .whole = division, stored == nil, files.work != nil {
            throw UsageError("--work says where parts keep their work: give --part too")
        }
        var merged = stored?.mask
        if case .merge(let merge, _) = division { merged = merge.parts.output }
        if let merged, CanonicalPath.named(outputs[0].outputs.mask) != merged {
            throw PartError(
                .bad,
                "\(merged): its parts were made for \(outputs[0].outputs.mask): merge them where they were made, by that name"
            )
        }
        let log = SceneLog(try logOptions.start(messages))
        // That on one scene is one of its outputs.
        let report = scenes.count > 1 ? products.report : nil
        if let report { try RunReport.check(report, overwrite: files.overwrite) }
        var options = SegmentationOptions(input, area, resolution, outputOptions, plan)
        feed.apply(to: &options)
        options.overwrites = files.overwrite
        let model = try choices.load(files.networks.models, for: options, on: scenes, warn: messages.warn)
        let warnings = messages.receiveRasterWarnings()
        let general = GeneralWarnings()
        let started = Date()
        var results: [SceneResult] = []
        var records: [SceneRun.Record] = []
        for paths in outputs {
            if case .part(let part) = division {
                do {
                    try compute(part, paths, model, options, warnings, log, cancellation)
                } catch let error as CancellationError {
                    if !RemoteFile.isRemote(paths.outputs.mask) { tell(KeptWork(of: paths.outputs.mask, part: part)) }
                    throw error
                }
                continue
            }
            do {
                let ending = try segment(
                    division, stored.map { ($0, mixesKernels) }, paths, model, options, warnings, general, log,
                    cancellation, &records)
                results.append(SceneResult(scene: paths.scene, ending: ending))
            } catch let error as CancellationError {
                if case .whole = division, !RemoteFile.isRemote(paths.outputs.mask) {
                    tell(KeptWork(of: paths.outputs.mask))
                }
                throw error
            } catch let error where outputs.count > 1 {
                Console.report(error)
                let status = ExitStatus.number(for: error)
                results.append(SceneResult(scene: paths.scene, ending: .failed(message: "\(error)", status: status)))
            }
        }
        if let report {
            let page = RunReport(
                results, model: model, folder: files.output, products: try products.options(), started: started)
            try page.write(to: report, overwrite: files.overwrite)
        }
        records.forEach { $0.remove() }
        let failed = results.count { $0.hasFailed }
        if failed > 0 { throw SomeScenesFailed(failed: failed, total: outputs.count) }
    }

    private func segment(
        _ division: SceneRun.Division, _ stored: (parts: RemoteParts, mixesKernels: Bool)?, _ paths: OutputPaths,
        _ model: Model,
        _ options: SegmentationOptions, _ warnings: SceneWarnings, _ general: GeneralWarnings, _ log: SceneLog,
        _ cancellation: Cancellation, _ records: inout [SceneRun.Record]
    ) throws -> SceneResult.Ending {
        warnings.begin(paths.scene)
        defer { warnings.end(paths.scene) }
        let remote = try RemoteOutputs(paths.outputs, scratch: files.scratch)
        defer { remote?.removeIfEmpty() }
        var options = options
        // Files under the local names are the program's own.
        if remote != nil { options.overwrites = true }
        func open(_ division: SceneRun.Division) throws -> SceneRun {
            try SceneRun(
                scene: paths.scene, model: model, options: options, outputs: remote?.local ?? paths.outputs,
                products: products.options(), division: division, asked: paths.outputs)
        }
        var run: SceneRun
        do {
            run = try open(division)
        } catch let error as SegmentationError {
            guard let question = error.question, !messages.quiet, try Console.ask(question, cancellation) == true else {
                throw error
            }
            options.allowsManyPixels = true
            run = try open(division)
        }
        if let remote, let outcome = remote.finished(run, paths.scene, access: options.access) {
            return .done(try upload(remote, outcome, cancellation, of: stored?.parts))
        }
        try remote?.prepare(overwrite: files.overwrite) { cancellation.isCancelled }
        if let stored, let remote {
            let merge = try fetched(stored.parts, for: remote)
            run = try open(.merge(merge, mixesKernels: stored.mixesKernels))
        }
        general.news(of: run.sceneWarnings).forEach { messages.warn($0.text) }
        if messages.verbose { Console.note(PlanReport(run.job).table(fitting: Console.terminalWidth)) }
        if messages.verbose { run.job.kernelListing.forEach(Console.note) }
        // Killed before the last scene, or the report on all of them, the same command makes them all.
        run.keepsRecord = scenes.count > 1 && !stack && remote == nil
        if run.keepsRecord { records.append(run.record) }
        let bar = progress.display(
            URL(fileURLWithPath: paths.scene).lastPathComponent, pixels: run.job.scene.size.area, messages)
        var isFirst = true
        var outcome = try withExtendedLifetime(bar) {
            defer { bar?.finish() }
            return try run.run(
                extras: logOptions.isAsked || products.report != nil ? .classShares : [], verifiedWindows: verify ?? 0,
                cancellation: cancellation,
                warnings: warnings,
                progress: {
                    if isFirst, $0 > 0, Console.isTerminal, !messages.quiet {
                        let share = Text.percentage($0, of: $1)
                        Console.note("going on where an earlier run was stopped, at \(share)")
                    }
                    isFirst = false
                    bar?.update(done: $0, of: $1)
                })
        }
        if let remote {
            try remote.note(run, outcome)
            outcome = try upload(remote, outcome, cancellation, of: stored?.parts)
        }
        if let found = outcome.summary.verification { try Console.print(line(paths, found)) }
        log.done(outcome)
        if messages.verbose || (Console.isTerminal && !messages.quiet) { Console.note(line(paths, outcome.summary)) }
        if messages.verbose { Console.note(stages(outcome.summary)) }
        return .done(outcome)
    }

    /// Has the last line say what a run has kept that was stopped.
    private func tell(_ kept: KeptWork?) {
        guard let kept else {
            if scenes.count == 1 || stack {
                Signals.tell(
                    kept: "no row of tiles was finished, and nothing is kept; run the same command again to begin anew")
            }
            return
        }
        let share = Text.percentage(kept.tileRows, of: kept.allTileRows)
        Signals.tell(
            kept:
                "\(share) is kept in \(kept.folder), \(ByteCount.text(kept.bytes)); run the same command again to go on"
        )
    }

    /// Brings the parts of an output in object storage onto this machine.
    ///
    /// - Throws: `PartError`, `FileError`.
    private func fetched(_ parts: RemoteParts, for remote: RemoteOutputs) throws -> PartMerge {
        let bucket = { (path: String) in path.split(separator: "/").prefix(2) }
        if let other = remote.remote.everything.first(where: { bucket($0.path) != bucket(parts.mask) }) {
            throw PartError(
                .bad,
                "\(parts.mask): its parts ask for \(other.path) too, which is in another bucket, and the merge writes into none but "
                    + "its own")
        }
        do {
            try parts.fetchAll(for: remote.local.mask)
            guard let merge = try PartMerge(of: remote.local.mask) else { throw parts.none }
            return merge
        } catch {
            parts.forget(for: remote.local.mask)
            guard let error = error as? PartError else { throw error }
            throw PartError(
                error.code,
                error.description.replacing(PartSet.folder(of: remote.local.mask), with: parts.place)
                    .replacing(remote.local.mask, with: parts.mask))
        }
    }

    private func upload(
        _ remote: RemoteOutputs, _ outcome: SceneOutcome, _ cancellation: Cancellation, of parts: RemoteParts?
    ) throws -> SceneOutcome {
        let isShown = messages.verbose || (Console.isTerminal && !messages.quiet)
        return try remote.upload(outcome, isCancelled: { cancellation.isCancelled }) { path, number, count in
            if isShown { Console.note("uploading \(path), \(number) of \(count)") }
        } uploaded: {
            try parts?.remove()
        }
    }

    /// Computes a part, for the merge to take.
    private func compute(
        _ part: ScenePart, _ paths: OutputPaths, _ model: Model, _ options: SegmentationOptions,
        _ warnings: SceneWarnings, _ log: SceneLog, _ cancellation: Cancellation
    ) throws {
        warnings.begin(paths.scene)
        defer { warnings.end(paths.scene) }
        let remote = try RemoteOutputs(paths.outputs, scratch: files.scratch, part: part)
        defer { remote?.removeIfEmpty() }
        let mask = remote?.local.mask ?? paths.outputs.mask
        let stored = remote.map { _ in RemoteParts(of: paths.outputs.mask, work: files.work) }
        try remote?.prepare(overwrite: files.overwrite) { cancellation.isCancelled }
        var options = options
        if remote != nil { options.overwrites = true }
        let summary = try parts.waiting(cancellation, while: { try PartSet.isHeld(part, of: mask) }) {
            try stored?.fetch(part, for: mask)
            let run = try SceneRun(
                scene: paths.scene, model: model, options: options, outputs: remote?.local ?? paths.outputs,
                products: products.options(), division: .part(part), asked: paths.outputs)
            run.warnings.forEach(messages.warn)
            if messages.verbose { Console.note(PlanReport(run.job).table(fitting: Console.terminalWidth)) }
            let bar = progress.display(
                URL(fileURLWithPath: paths.scene).lastPathComponent, pixels: run.job.scene.size.area, messages)
            defer { bar?.finish() }
            do {
                let summary = try run.compute(
                    folder: FileManager.default.currentDirectoryPath, arguments: PartOptions.argumentsWithoutPart,
                    verifiedWindows: verify ?? 0, cancellation: cancellation, warnings: warnings,
                    progress: { bar?.update(done: $0, of: $1) })
                try stored?.store(part, of: mask) { cancellation.isCancelled }
                return summary
            } catch let error as CancellationError {
                if let stored {
                    // Another machine may go on with it: who stops a part gives it a while for that.
                    try stored.store(part, of: mask) { false }
                    Signals.tell(kept: "what is done is kept in \(stored.place); run the same command again to go on")
                }
                throw error
            }
        }
        log.done(summary, of: paths.scene)
        if messages.verbose || (Console.isTerminal && !messages.quiet) { Console.note(line(paths, summary)) }
    }

    private func line(_ paths: OutputPaths, _ summary: PartSummary) -> String {
        let rows = summary.tileRows
        let what =
            rows.isEmpty
            ? "nothing to do, as there are fewer rows of tiles than parts"
            : "\(Text.counted(rows.count, "row")) of the \(summary.allTileRows) rows of tiles in "
                + Text.time(.seconds(summary.seconds))
        return "\(paths.outputs.mask), \(summary.part): \(what)"
            + (summary.tilesResumed > 0
                ? ", \(summary.tilesResumed) of \(summary.tiles) tiles from an earlier run" : "")
    }

    private func line(_ paths: OutputPaths, _ summary: SegmentationSummary) -> String {
        let skipped = summary.tiles - summary.tilesComputed
        return "\(paths.outputs.mask): \(summary.scene.width) x \(summary.scene.height) pixels in "
            + "\(Text.time(.seconds(summary.seconds))), \(Text.number(summary.megapixelsPerSecond, digits: 3)) Mpx/s"
            + (summary.tilesResumed > 0
                ? ", \(summary.tilesResumed) of \(summary.tiles) tiles from an earlier run" : "")
            + (skipped > 0 ? ", \(skipped) of \(summary.tiles) tiles without data" : "")
    }

    private func line(_ paths: OutputPaths, _ found: SegmentationSummary.Verification) -> String {
        guard found.windows > 0 else { return "\(paths.outputs.mask): one tile, so that there is no border to verify" }
        let difference = found.largestDifference.map { "; probabilities differ by \($0) at most" } ?? ""
        return
            "\(paths.outputs.mask): \(Text.counted(found.windows, "window")) across borders of tiles run in one piece: "
            + "\(Text.grouped(found.otherClasses)) of \(Text.counted(found.pixels, "pixel")) have another class\(difference)"
    }

    private func stages(_ summary: SegmentationSummary) -> String {
        func seconds(_ value: Double) -> String { Text.number(value, digits: 1) + " s" }
        return "reading \(seconds(summary.stages.reading)) on \(Text.counted(summary.readers, "thread")), computing "
            + "\(seconds(summary.stages.computing)) on \(Text.counted(summary.workers, "worker")), writing "
            + "\(seconds(summary.stages.writing)), of \(seconds(summary.seconds)) in all: the limit was \(summary.limit)"
    }
}
