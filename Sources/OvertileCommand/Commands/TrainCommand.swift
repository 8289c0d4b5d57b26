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
            needs: bands, mean and standard deviation, pixel size and classes.

            What was reached is kept in a hidden folder beside the output. After Ctrl-C, or a kill, the same command goes \
            on from there, and makes the same bytes in the end.

            Examples:
              overtile train scene.tif --truth labels.tif --output model.safetensors
              overtile train scenes/*.tif --truth fields.gpkg --class-field crop --output fields.safetensors
              overtile train a.tif b.tif --truth 'labels/{stem}.tif' -o model.safetensors --network unet --base 32
              overtile train scene.tif --truth water.gpkg --class-field kind --labelled-area drawn.gpkg -o water.safetensors
            """)

    @Argument(help: "Rasters of any format that GDAL opens, all of the same bands and pixel size.")
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
        let pairs = try files.pairs(of: scenes)
        for input in scenes + pairs.map(\.truth.path) { try OutputPaths.require(files.output, isNoneOf: [input]) }
        RasterCache.limit(bytes: options.rasterCacheBytes)
        let data = try TrainingData(
            pairs, bands: files.bands?.values, nodata: files.nodata, renamed: try files.renamed(),
            validation: options.validation, memory: options.memoryLimit / 4)
        data.warnings.forEach(messages.warn)
        let session = try TrainingSession(data, to: files.output, options: options)
        if !messages.quiet { Console.note(summary(data, session, options)) }
        let log = try files.log.map { try EpochLog(path: $0) }
        let bar = messages.quiet || !Console.isTerminal ? nil : TrainingBar()
        var failure: (any Error)?
        let outcome = try session.run(cancellation: cancellation) { event in
            switch event {
            case .step(let step, let total, let loss): bar?.update(step: step, of: total, loss: loss)
            case .epoch(let epoch):
                do { try log?.add(epoch) } catch { failure = failure ?? error }
                if !messages.quiet { Console.note(Self.line(epoch)) }
            }
        }
        bar?.finish()
        if let failure { throw failure }
        if let judgement = outcome.judgement { try Console.print(table(judgement, data)) }
        try Console.print(
            "\(files.output): epoch \(outcome.best.number) of \(outcome.epochs.count), as \(outcome.reason)")
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
            numbers: Set(2..<(2 + data.classes.count))) + "\n\n" + Text.table(facts)
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
            ])
    }
}

/// A line for each epoch, as CSV.
private final class EpochLog {
    private let handle: FileHandle

    /// - Throws: `FileError`.
    init(path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else {
            throw FileError(.cannotCreate, "write the log", path: path, "it cannot be made", advice: "name another")
        }
        self.handle = handle
        try handle.write(contentsOf: Data("epoch,step,loss,validation_loss,mean_iou,mean_f1,rate\n".utf8))
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

/// A bar with step, loss and time left, drawn at most ten times a second.
private final class TrainingBar {
    private let started = Date()
    private var first: Int?
    private var drawn: Date?
    /// The loss, of which each step takes a tenth part of the new one.
    private var smooth: Double?

    func update(step: Int, of total: Int, loss: Double) {
        let now = Date()
        let first = first ?? step
        self.first = first
        smooth = smooth.map { 0.9 * $0 + 0.1 * loss } ?? loss
        if let drawn, now.timeIntervalSince(drawn) < 0.1, step < total { return }
        drawn = now
        let room = max(0, (Console.terminalWidth ?? 80) - 1)
        let filled = Int(Double(step) / Double(total) * 20)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
        var text =
            "[\(bar)] step \(Text.grouped(step)) of \(Text.grouped(total))  loss \(Text.number(smooth ?? loss, digits: 4))"
        if step > first {
            let left = now.timeIntervalSince(started) / Double(step - first) * Double(total - step)
            text += "  \(Text.time(.seconds(left))) left"
        }
        Console.writeError(Console.clearLine + String(text.prefix(room)))
    }

    func finish() { if drawn != nil { Console.writeError(Console.clearLine) } }
}
