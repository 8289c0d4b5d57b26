import ArgumentParser
import Foundation
import Overtile

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a network from scenes and labels, for segment to run.",
        discussion: """
            The truth is a raster of classes on any grid, or polygons with a field that holds the class. Pixels without a \
            class are learned from as little as they are judged by. A strip of each scene is held out: after each epoch the \
            network is run over it, and the one with the best mean IoU is written. The file holds everything that segment \
            needs: bands, mean and standard deviation, pixel size, classes with their colours, the threshold of one output, \
            and the value of pixels without data.

            What was reached is kept in a hidden folder beside the output. After Ctrl-C, or a kill, the same command goes \
            on from there, and makes the same bytes in the end.

            Examples:
              overtile train scene.tif --truth labels.tif --output model.safetensors
              overtile train scenes/*.tif --truth fields.gpkg --class-field crop --output fields.safetensors
              overtile train a.tif b.tif --truth 'labels/{stem}.tif' -o model.safetensors --network unet --base 32
              overtile train scene.tif --truth water.gpkg --class-field kind --labelled-area drawn.gpkg -o water.safetensors
              overtile train a.tif --truth t.tif --validation-scenes b.tif --report r.html -o m.safetensors
            """)

    @Argument(help: "Rasters of any format that GDAL opens, all of the same bands and pixel size.", completion: .files)
    var scenes: [String]

    @OptionGroup(title: "Files") var files: TrainingFiles
    @OptionGroup(title: "Network") var network: TrainingNetworkOptions
    @OptionGroup(title: "Loss") var loss: TrainingLossOptions
    @OptionGroup(title: "Steps") var steps: TrainingStepOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        let cancellation = Signals.cancellationOnSignal()
        let warnings = messages.receiveRasterWarnings()
        for scene in scenes { warnings.begin(scene) }
        var options = TrainingOptions()
        network.apply(to: &options)
        loss.apply(to: &options)
        try steps.apply(to: &options)
        options.overwrites = files.overwrite
        let (pairs, validationPairs) = (try files.pairs(of: scenes), try files.validationPairs())
        try checkOutputs((pairs + validationPairs).flatMap { [$0.scene, $0.truth.path] })
        RasterCache.limit(bytes: options.rasterCacheBytes)
        let data = try TrainingData(
            pairs, judgedBy: validationPairs, bands: files.bands?.values, nodata: files.nodata,
            renamed: try files.renamed(), colors: try files.classColors(), validation: options.validation,
            memory: options.memoryLimit / 4)
        data.warnings.forEach(messages.warn)
        let session = try TrainingSession(data, to: files.output, options: options)
        if !messages.quiet { Console.note(summary(data, session, options)) }
        let log = try files.log.map { try EpochLog(path: $0, overwrite: files.overwrite) }
        if !messages.quiet { Console.note(duration(session, try session.secondsOfAStep())) }
        let bar = messages.quiet || !Console.isTerminal ? nil : TrainingBar()
        var failure: (any Error)?
        let outcome = try session.run(cancellation: cancellation) { event in
            switch event {
            case .resumed(let epochs):
                do { for epoch in epochs { try log?.add(epoch) } } catch { failure = failure ?? error }
                bar?.meanIoU = epochs.last?.meanIoU
                if !messages.quiet {
                    Console.note("Goes on from an earlier run, of which \(epochs.count) epochs were done.")
                }
            case .step(let step, let total, let loss): bar?.update(step: step, of: total, loss: loss)
            case .epoch(let epoch):
                do { try log?.add(epoch) } catch { failure = failure ?? error }
                bar?.meanIoU = epoch.meanIoU
                if !messages.quiet { Console.note(Self.line(epoch)) }
            }
        }
        bar?.finish()
        if let failure { throw failure }
        // A report is the more wanted where the end was not good.
        if let report = files.report {
            try TrainingReport(session, outcome, options: options, model: files.output)
                .write(to: report, overwrite: files.overwrite, cancellation: cancellation)
        }
        if let failure = outcome.failure { throw failure }
        if let judgement = outcome.judgement { try Console.print(table(judgement, data)) }
        try Console.print(
            "\(files.output): epoch \(outcome.best.number) of \(outcome.epochs.count), as \(outcome.reason)")
    }

    /// Makes sure that no output is one of the inputs or another output, and that the report can be written.
    ///
    /// - Throws: `UsageError`, `FileError`.
    private func checkOutputs(_ inputs: [String]) throws {
        var taken = inputs
        for output in [files.output, files.log, files.report].compactMap({ $0 }) {
            try OutputPaths.require(output, isNoneOf: taken)
            taken.append(output)
        }
        if let report = files.report { try TrainingReport.check(report, overwrite: files.overwrite) }
    }

    /// How long it will take, as far as a first step tells.
    private func duration(_ session: TrainingSession, _ seconds: Double) -> String {
        func time(_ steps: Int) -> String { Text.time(.seconds(seconds * Double(steps))) }
        return
            "A step takes \(Text.number(seconds, digits: seconds < 1 ? 3 : 1)) s: \(time(session.stepsPerEpoch)) an epoch "
            + "beside its judgement, \(time(session.mostSteps)) for all steps."
    }

    /// What was found, and what is to be done.
    private func summary(_ data: TrainingData, _ session: TrainingSession, _ options: TrainingOptions) -> String {
        let total = Double(max(1, data.counts.joined().reduce(0, +)))
        let scenes = zip(data.scenes, data.counts).map { scene, counts in
            [Console.oneLine(scene.path), "\(scene.size.width) x \(scene.size.height)"]
                + counts.map { Text.grouped($0) }
        }
        let shares = data.classes.indices.map { index in
            Text.number(100 * Double(data.counts.reduce(0) { $0 + $1[index] }) / total, digits: 1) + " %"
        }
        let facts = [
            ("Network", session.network.family + ", \(Text.grouped(session.network.store.values.count)) parameters"),
            ("Bands", data.bandNames.isEmpty ? "\(data.mean.count)" : data.bandNames.joined(separator: ", ")),
            ("Pixels", data.metresPerPixel.map { "\(Text.number($0, digits: 2)) m" } ?? "of unknown size"),
            (
                "Crops",
                "\(options.batch) of \(session.crop) pixels a step, of which \(session.output) are learned from"
                    + (session.parts > 1 ? "; \(options.batch / session.parts) at a time, as memory allows" : "")
            ),
            ("Steps", "\(Text.grouped(session.stepsPerEpoch)) an epoch, \(Text.grouped(session.mostSteps)) at most"),
            ("Memory", ByteCount.text(session.byteCount)),
        ]
        return Text.columns(
            ["SCENE", "SIZE"] + data.classes.map(Console.oneLine), scenes + [["labelled", ""] + shares],
            numbers: Set(2..<(2 + data.classes.count)), fitting: Console.resultWidth) + "\n\n"
            + Text.table(facts, fitting: Console.resultWidth)
    }

    private static func line(_ epoch: TrainingSession.Epoch) -> String {
        var parts = ["epoch \(epoch.number): loss \(Text.number(epoch.loss, digits: 4))"]
        if let loss = epoch.validationLoss { parts.append("held out \(Text.number(loss, digits: 4))") }
        if let iou = epoch.meanIoU { parts.append("mean IoU \(Text.number(iou, digits: 4))") }
        return parts.joined(separator: ", ")
    }

    private func table(_ judgement: Judgement, _ data: TrainingData) -> String {
        func number(_ value: Double?) -> String { value.map { Text.number($0, digits: 4) } ?? "-" }
        let rows = data.classes.indices.map { index in
            let scores = judgement.matrix.scores(of: index)
            return [Console.oneLine(data.classes[index]), number(scores.iou), number(scores.f1)]
        }
        return Text.columns(
            [["Held out", "IoU", "F1"]] + rows + [
                ["mean", number(judgement.matrix.mean.iou), number(judgement.matrix.mean.f1)]
            ], fitting: Console.resultWidth)
    }
}

/// A line for each epoch, as CSV.
private final class EpochLog {
    private let handle: FileHandle

    private static let header = "epoch,step,loss,validation_loss,mean_iou,mean_f1,rate\n"

    /// Begins the log. One that a training has begun is written anew, as it goes on with all of its epochs.
    ///
    /// - Throws: `FileError`.
    init(path: String, overwrite: Bool) throws {
        func failure(_ code: FileError.Code, _ reason: String, _ advice: String) -> FileError {
            FileError(code, "write the log", path: path, reason, advice: advice)
        }
        if !overwrite, let reader = FileHandle(forReadingAtPath: path) {
            let begin = try reader.read(upToCount: Self.header.utf8.count) ?? Data()
            guard begin.isEmpty || begin == Data(Self.header.utf8) else {
                throw failure(
                    .outputExists, "it is there already, and no log of a training", "name another, or give --overwrite")
            }
        }
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw failure(.cannotCreate, "it cannot be made", "name another") }
        self.handle = handle
        try handle.write(contentsOf: Data(Self.header.utf8))
    }

    func add(_ epoch: TrainingSession.Epoch) throws {
        func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
        let cells = [
            "\(epoch.number)", "\(epoch.step)", "\(epoch.loss)", text(epoch.validationLoss), text(epoch.meanIoU),
            text(epoch.meanF1), "\(epoch.rate)",
        ]
        try handle.write(contentsOf: Data((cells.joined(separator: ",") + "\n").utf8))
    }
}

/// A bar with step, loss, IoU and time left, drawn at most ten times a second.
private final class TrainingBar {
    private let started = Date()
    private var first: Int?
    private var drawn: Date?
    /// The loss, of which each step takes a tenth part of the new one.
    private var smooth: Double?
    /// What the last epoch came to.
    var meanIoU: Double?

    func update(step: Int, of total: Int, loss: Double) {
        let now = Date()
        let first = first ?? step
        self.first = first
        smooth = smooth.map { 0.9 * $0 + 0.1 * loss } ?? loss
        if let drawn, now.timeIntervalSince(drawn) < 0.1, step < total { return }
        drawn = now
        var text =
            "\(ProgressBar.bar(Double(step) / Double(total))) step \(Text.grouped(step)) of \(Text.grouped(total))  loss \(Text.number(smooth ?? loss, digits: 4))"
        if let meanIoU { text += "  IoU \(Text.number(meanIoU, digits: 4))" }
        if step > first {
            let left = now.timeIntervalSince(started) / Double(step - first) * Double(total - step)
            text += "  \(Text.time(.seconds(left))) left"
        }
        Console.draw([Text.prefix(text, columns: Console.drawnWidth)])
    }

    func finish() { if drawn != nil { Console.writeError(Console.clear) } }
}
