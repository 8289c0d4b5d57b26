import ArgumentParser
import Foundation
import Logging
import Overtile

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Segment the scenes that arrive in a folder: one pass, for cron, or staying.",
        discussion: """
            A pass looks through the folder, runs each scene that is new or was replaced once its upload is complete, \
            and ends when no such scene is left. A ledger in the output folder remembers each scene; overtile status \
            prints it. A scene that was done is not run again because the model or an option changed; overtile batch \
            does that. Hidden files, uploads under a temporary name (.part, .tmp) and sidecars are not scenes.

            A scene that fails is tried again after 5 minutes, then after 30 minutes, 2 hours, and every 6 hours. \
            After the last attempt it is moved to --failed-folder, together with the files that belong to it. If it is \
            moved back, its attempts count from the beginning. If outputs cannot be written, as on a full disk, the \
            pass ends, and that counts against no scene.

            A pass that finds another one at work in the output folder ends at once with exit code 75. With --follow, \
            the exit code is 0 if the signal came between two scenes.

            Examples:
              overtile watch incoming/ --model unet.pth --output masks/
              overtile watch incoming/ -m unet.pth -o masks/ --follow --settle 10
              overtile watch incoming/ -m unet.pth -o masks/ --on-done 'cp "$OVERTILE_MASK" /mnt/share/'
              */5 * * * * overtile watch /srv/in -m /srv/unet.pth -o /srv/out --log-file /var/log/overtile.log
            """)

    @Argument(help: ArgumentHelp("The folder that scenes arrive in.", valueName: "folder"), completion: .directory)
    var folder: String

    @OptionGroup(title: "Files") var files: FolderOptions
    @OptionGroup(title: "Scenes") var choice: SceneChoice
    @OptionGroup(title: "Watching") var watching: WatchOptions
    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Input") var input: InputOptions
    @OptionGroup(title: "Area") var area: AreaOptions
    @OptionGroup(title: "Input") var feed: FeedOptions
    @OptionGroup(title: "Resolution") var resolution: ResolutionOptions
    @OptionGroup(title: "Output") var outputOptions: OutputOptions
    @OptionGroup(title: "Beside the masks") var products: FolderProductOptions
    @OptionGroup(title: "Tiles") var plan: PlanOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions
    @OptionGroup(title: "Log") var logOptions: LogOptions
    @OptionGroup(title: "Reports") var reports: ReportOptions

    func run() throws {
        let cancellation = Signals.cancellationOnSignal()
        let others = FolderRunFiles(
            models: files.networks.models, choices, area, products: products, reports: reports, log: logOptions)
        try others.check(scenes: others.files.outputs.map(\.path).filter(isScene), model: files.networks.models[0])
        let logger = try logOptions.start(messages)
        try reports.check()
        let outputs = try files.plan(products)
        try outputs.check([], date: Date(), others: others.files)
        let settings = try watching.settings(
            folder: folder, choice: choice, outputs: outputs.folders)
        let claim = try FolderClaim(outputs.state)
        let ledger = try outputs.openLedger()
        let progress = WatchProgress(messages)
        defer { progress.finish() }
        let scenes = WatchedScenes(
            ledger: ledger, retry: settings.retry, command: watching.onDone.map { DoneCommand($0) },
            observer: progress, cancellation: cancellation, warn: messages.warn,
            batch: { try batch(for: $0, ledger, claim, outputs, logger) })
        let watch = FolderWatch(
            settings, ledger: ledger, logger: logger, cancellation: cancellation, warn: messages.warn,
            run: scenes.run)
        var started = Date()
        func tell(_ tally: FolderWatch.Tally) throws {
            try claim.requireHeld()
            try writeReports(scenes, ledger, outputs, started: started)
            log(tally, to: logger)
            if tally.done + tally.failed + tally.movedAside > 0 { try outputs.ledgerCopy?.store(ledger) }
            started = Date()
        }
        do {
            if watching.follow {
                if Console.isTerminal, !messages.quiet {
                    Console.note("watching \(folder) for scenes; masks go to \(outputs.folder). Ctrl-C ends it")
                }
                return try watch.follow(afterPass: tell)
            }
            let tally = try watch.pass()
            try tell(tally)
            let failed = max(tally.failed, tally.movedAside)
            if failed > 0 { throw SomeScenesFailed(failed: failed, total: failed + tally.done) }
        } catch let error where !(error is SomeScenesFailed) {
            // Even if the pass failed, report what was done before, if that is possible.
            try? outputs.ledgerCopy?.store(ledger)
            try? writeReports(scenes, ledger, outputs, started: started)
            throw error
        }
    }

    /// Returns true if a file lies in the watched folder and would be taken for a scene.
    private func isScene(_ path: String) -> Bool {
        let (place, watched) = (CanonicalPath.destination(of: path), CanonicalPath.destination(of: folder))
        return place.hasPrefix(watched + "/") && choice.names.matches(FileName.last(of: place))
    }

    private func batch(
        for scene: String, _ ledger: Ledger, _ claim: FolderClaim, _ outputs: FolderLayout, _ logger: Logger
    ) throws -> Batch {
        var options = SegmentationOptions(input, area, resolution, outputOptions, plan)
        feed.apply(to: &options)
        options.overwrites = files.overwrite
        options.access = choice.access
        return Batch(
            ledger: ledger,
            model: try choices.load(files.networks.models, for: options, on: [scene], warn: messages.warn),
            options: options, outputs: outputs, logger: logger, warnings: messages.receiveRasterWarnings(),
            errorStatus: { ExitStatus.number(for: $0) }, claim: claim)
    }

    /// Writes the report, which is about the last pass that ran a scene, and the metrics, which are about all passes.
    private func writeReports(
        _ scenes: WatchedScenes, _ ledger: Ledger, _ outputs: FolderLayout, started: Date
    ) throws {
        let results = scenes.takeResults()
        if let path = reports.report, let batch = scenes.batch, !results.isEmpty {
            try RunReport(
                results, model: batch.model, folder: outputs.folder, products: outputs.products, started: started
            ).write(to: path)
        }
        try reports.writeMetrics(of: ledger, in: outputs.folder)
    }

    private func log(_ tally: FolderWatch.Tally, to logger: Logger) {
        let didSomething = tally.done + tally.failed + tally.movedAside > 0
        logger.log(
            level: didSomething ? .info : .debug, "pass ended",
            metadata: [
                "done": .stringConvertible(tally.done), "failed": .stringConvertible(tally.failed),
                "movedAside": .stringConvertible(tally.movedAside), "arriving": .stringConvertible(tally.arriving),
                "resting": .stringConvertible(tally.resting), "folder": .string(folder),
            ])
        guard messages.verbose || (Console.isTerminal && !messages.quiet && !watching.follow) else { return }
        let others = [
            (tally.failed, "failed"), (tally.arriving, "arriving"), (tally.resting, "to be tried again"),
        ].filter { $0.0 > 0 }
        Console.note(
            "\(Text.counted(tally.done, "scene")) done" + others.map { ", \(Text.grouped($0.0)) \($0.1)" }.joined())
    }
}
