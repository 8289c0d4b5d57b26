import ArgumentParser
import Foundation
import Logging
import Overtile

struct BatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Segment whole folders of scenes, and skip what is done and has not changed.",
        discussion: """
            A ledger in the output folder (.overtile-ledger.sqlite) remembers each scene; overtile status prints it. A \
            scene is run again if the scene, the model or an option that changes results is not the same as before, if \
            an output is missing, or if the scene failed. Outputs of earlier runs are then replaced; other files are \
            replaced only with --overwrite.

            If one scene fails, the others are run all the same, and a table at the end shows the result of each. \
            Small scenes are run several at a time, which changes no pixel. Only one run at a time can work in an \
            output folder.

            Machines that share the folder can share the work: each is given a part with --part, and overtile merge DIR makes \
            the rest when all parts are done, with the bytes of a batch that one machine has run. Which scenes a part has \
            follows from their names and sizes.

            Examples:
              overtile batch scenes/ --model unet.pth --output masks/
              overtile batch scenes/ --recursive --pattern '*_ms.tif' -m unet.pth -o masks/
              overtile batch '2024-*/*.tif' @more.txt -m unet.pth -o masks/ --name '{stem}-{model}.tif'
              overtile batch scenes/ -m unet.pth -o masks/ --report report.json --log-file night.log
              overtile batch scenes/ -m unet.pth -o masks/ --part 1/2    (and 2/2 on another machine)
              overtile merge masks/
            """)

    @Argument(
        help: ArgumentHelp(
            """
            Scenes of any format that GDAL opens, /vsi paths included; folders; quoted patterns such as \
            'scenes/*.tif'; or @list.txt, a file with one of these on each line.
            """, valueName: "input"), completion: .files)
    var inputs: [String]

    @OptionGroup(title: "Files") var files: FolderOptions
    @OptionGroup(title: "Scenes") var choice: SceneChoice
    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Input") var input: InputOptions
    @OptionGroup(title: "Area") var area: AreaOptions
    @OptionGroup(title: "Input") var feed: FeedOptions
    @OptionGroup(title: "Resolution") var resolution: ResolutionOptions
    @OptionGroup(title: "Output") var outputOptions: OutputOptions
    @OptionGroup(title: "Beside the masks") var products: FolderProductOptions
    @OptionGroup(title: "Tiles") var plan: PlanOptions
    @OptionGroup(title: "Parts") var parts: PartOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions
    @OptionGroup(title: "Messages") var progress: ProgressOptions
    @OptionGroup(title: "Log") var logOptions: LogOptions
    @OptionGroup(title: "Reports") var reports: ReportOptions

    func run() throws {
        if let part = try parts.choice() { return try make(part) }
        let cancellation = Signals.cancellationOnSignal()
        let place = try prepare()
        let outputs = place.outputs
        let claim = try FolderClaim(outputs.state)
        let ledger = try openLedger(outputs)
        let started = Date()
        // Masks that lie among the scenes are not scenes.
        var written: Set<String> = []
        try ledger.forEachEntry { entry in entry.outputs.forEach { written.insert($0.path) } }
        let found = try findScenes(ignoring: written, place, date: started)
        let scenes = found.scenes
        let warnings = messages.receiveRasterWarnings()
        let batch = try makeBatch(
            ledger, scenes, named: found.named, place, options, warnings, claim: claim)
        let report: BatchReport
        do {
            report = try tell(try run(batch, scenes, cancellation), of: batch, place, started: started)
        } catch let stopped as Batch.Stopped {
            // The reason for the stop is the error to report, even if the reports cannot be written for the same
            // reason.
            if let report = try? tell(stopped.results, of: batch, place, started: started) { try? show(report) }
            throw stopped
        }
        try show(report)
        if cancellation.isCancelled { throw CancellationError() }
        if report.failed > 0 { throw SomeScenesFailed(failed: report.failed, total: scenes.count) }
    }

    /// Where a batch reads and writes, beside its scenes.
    struct Place {
        let others: OtherFiles
        let outputs: FolderLayout
        let logger: Logger
    }

    /// Checks all files that are not scenes, and begins the log.
    ///
    /// - Throws: `OutputError`, `BatchError`, `FileError`, `ModelFileError`.
    func prepare() throws -> Place {
        let others = FolderRunFiles(
            models: files.networks.models, choices, area, products: products, reports: reports, log: logOptions)
        let named = try SceneInputs(inputs, names: choice.names, recursive: choice.recursive)
        try others.check(scenes: named.scenes, model: files.networks.models[0])
        let logger = try logOptions.start(messages)
        try reports.check()
        return Place(others: others.files, outputs: try files.plan(products), logger: logger)
    }

    /// Opens the ledger that this run alone writes to.
    ///
    /// - Throws: `LedgerError`.
    func openLedger(_ outputs: FolderLayout) throws -> Ledger {
        let ledger = try outputs.openLedger()
        try ledger.requeueInterrupted()
        try ledger.forgetNeverFound()
        return ledger
    }

    /// The options that scenes are run with.
    var options: SegmentationOptions {
        var options = SegmentationOptions(input, area, resolution, outputOptions, plan)
        feed.apply(to: &options)
        options.overwrites = files.overwrite
        options.access = choice.access
        return options
    }

    /// Reads the model, and makes the batch.
    ///
    /// - Parameters:
    ///   - scenes: all scenes of the batch.
    ///   - named: those that were named one by one.
    ///   - claim: the right to the folder, for a batch that is not divided.
    /// - Throws: as `ModelChoices.load`.
    func makeBatch(
        _ ledger: Ledger, _ scenes: [String], named: Set<String>, _ place: Place, _ options: SegmentationOptions,
        _ warnings: SceneWarnings, claim: FolderClaim? = nil
    ) throws -> Batch {
        Batch(
            ledger: ledger,
            model: try choices.load(files.networks.models, for: options, on: scenes, warn: messages.warn),
            options: options, outputs: place.outputs, logger: place.logger, warnings: warnings, named: named,
            errorStatus: { ExitStatus.number(for: $0) }, claim: claim)
    }

    /// Writes the reports that were asked for.
    ///
    /// - Throws: `FileError`, `LedgerError`, `BatchError`.
    func tell(
        _ results: [SceneResult], of batch: Batch, _ place: Place, started: Date
    ) throws -> BatchReport {
        let folder = place.outputs.folder
        let report = BatchReport(
            results, model: batch.model.path, folder: folder, started: started, finished: Date())
        report.log(to: place.logger)
        if let path = reports.report {
            try RunReport(
                results, model: batch.model, folder: folder, products: batch.outputs.products, started: started
            ).write(to: path)
        }
        try reports.writeMetrics(of: batch.ledger, in: folder)
        return report
    }

    /// Prints the table, which comes last, because its reader may have closed the pipe.
    ///
    /// - Throws: `StandardOutputError`.
    func show(_ report: BatchReport) throws { if !messages.quiet { try Console.print(report.table) } }

    /// Finds the scenes, and checks where their outputs go.
    ///
    /// - Parameter written: files that are no scenes, as batches have written them.
    /// - Throws: `BatchError`, `OutputError`.
    func findScenes(ignoring written: Set<String>, _ place: Place, date: Date) throws -> SceneInputs {
        let found = try SceneInputs(inputs, names: choice.names, recursive: choice.recursive, ignoring: written)
        found.warnings.forEach(messages.warn)
        try place.outputs.check(found.scenes, date: date, others: place.others)
        return found
    }

    private func run(_ batch: Batch, _ scenes: [String], _ cancellation: Cancellation) throws -> [SceneResult] {
        let stamps = scenes.map { FileStamp(storedScene: $0) ?? .unknown }
        let progress = BatchProgress(
            messages, progress, sizes: Dictionary(zip(scenes, stamps.map(\.size)), uniquingKeysWith: { $1 }))
        defer { progress.finish() }
        // All scenes are in the ledger from the start, so that `status` can tell how many are waiting.
        try batch.note(scenes, at: Date())
        return try batch.runChecked(scenes, observer: progress, cancellation: cancellation)
    }
}

extension BatchReport {
    /// The table of a batch: a row for each scene that was run, and a line about all of them.
    var table: String {
        let rows = scenes.filter { $0.state != "unchanged" }.map { scene in
            [
                Console.oneLine(scene.scene), scene.state,
                scene.pixels.map { Text.number(Double($0) / 1e6, digits: 2) } ?? "",
                scene.seconds.map { Text.time(.seconds($0)) } ?? "",
                scene.megapixelsPerSecond.map { Text.number($0, digits: 2) } ?? "",
                Console.oneLine(
                    scene.error.map { Text.reason($0, of: scene.scene) } ?? Text.shares(scene.classShares)),
            ]
        }
        let seconds = finished.timeIntervalSince(started)
        let others = [(unchanged, "unchanged"), (failed, "failed"), (stopped, "stopped")].filter { $0.0 > 0 }
        let end =
            "\(Text.counted(done, "scene")) done" + others.map { ", \(Text.grouped($0.0)) \($0.1)" }.joined()
            + " in \(Text.time(.seconds(seconds)))"
        guard !rows.isEmpty else { return end }
        return Text.columns(
            ["SCENE", "STATE", "MPX", "TIME", "MPX/S", "RESULT"], rows, numbers: [2, 3, 4],
            spare: [4, 2, 3], fitting: Console.resultWidth) + "\n" + end
    }
}
