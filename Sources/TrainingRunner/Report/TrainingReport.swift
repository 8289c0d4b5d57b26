package import FileIO
import Foundation
import MaskProducts
import Models
import RasterIO
package import Segmentation
import TileGeometry
import Training

/// The report of a training, as a page for people: curves, what is taken for what, the worst and the best of what was held
/// out, what was found, and the options.
///
/// It is written at the end, from the figures of all epochs and the model that was written: a training that was interrupted
/// and went on has the same page as one that was not.
package struct TrainingReport {
    private let session: TrainingSession
    private let outcome: TrainingSession.Outcome
    private let options: TrainingOptions
    private let model: String

    /// - Parameters:
    ///   - model: the file that the training made.
    package init(
        _ session: TrainingSession, _ outcome: TrainingSession.Outcome, options: TrainingOptions, model: String
    ) {
        self.session = session
        self.outcome = outcome
        self.options = options
        self.model = model
    }

    /// Returns normally where a report could be written, before any work is done.
    ///
    /// - Throws: `FileError` where the file cannot be made there, or is there and may not be replaced.
    package static func check(_ path: String, overwrite: Bool) throws(FileError) {
        try StagedDocument.check(path: path, overwrite: overwrite)
    }

    /// Runs the model over what was held out, and writes the page. It appears under its name only when it is complete.
    ///
    /// - Throws: `FileError`, `RasterError`, `SegmentationError`, `EngineError`, `CancellationError`.
    package func write(to path: String, overwrite: Bool, cancellation: Cancellation) throws {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent(
            "overtile-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try page(folder: folder.path, cancellation).write(to: path, overwrite: overwrite)
    }

    private func page(folder: String, _ cancellation: Cancellation) throws -> TrainingPage {
        let data = session.data
        let classes = data.classes.enumerated().map {
            LegendEntry(value: $0, name: $1 == "\($0)" ? "class \($0)" : $1, color: data.color(of: $0))
        }
        var page = TrainingPage(
            title: FileName.last(of: model),
            epochs: outcome.epochs.map {
                TrainingPage.Epoch(
                    step: $0.step, loss: $0.loss, validationLoss: $0.validationLoss, meanIoU: $0.meanIoU,
                    meanF1: $0.meanF1, rate: $0.rate)
            }, bestEpoch: outcome.best.number, ending: outcome.reason, classes: classes)
        page.matrix = outcome.judgement?.matrix
        page.scenes = zip(data.scenes, data.counts).map { scene, counts in
            let heldOut =
                scene.heldOut.map {
                    $0.size == scene.size
                        ? "all of it" : "\($0.width) x \($0.height) from column \($0.x), row \($0.y)"
                } ?? "nothing"
            return TrainingPage.Scene(
                name: FileName.last(of: scene.path), size: "\(scene.size.width) x \(scene.size.height)",
                heldOut: heldOut, pixels: counts)
        }
        page.found = found
        page.facts = facts
        if outcome.judgement != nil {
            var judge = session.judge
            judge.folder = folder
            let blocks = try ValidationBlocks(
                judge, classes: classes, model: Model(path: model), cancellation: cancellation)
            page.worst = try blocks.pictured(blocks.worst)
            page.best = try blocks.pictured(blocks.best)
        }
        return page
    }

    /// What the scenes are like.
    private var found: [ReportFact] {
        let data = session.data
        let names = data.bandNames.isEmpty ? data.scenes[0].bands.map { "\($0)" } : data.bandNames
        func text(_ value: Double) -> String { "\(Float(value))" }
        return [
            ReportFact("Bands", names.joined(separator: ", ")),
            ReportFact("Mean of each band", data.mean.map(text).joined(separator: ", ")),
            ReportFact("Standard deviation", data.std.map(text).joined(separator: ", ")),
            ReportFact("Size of pixels", data.metresPerPixel.map { "\(text($0)) m" } ?? "not known"),
            ReportFact(
                "Learned from",
                zip(data.classes, session.classPixels).map { "\($0) \($1)" }.joined(separator: ", ") + " pixels"),
        ]
    }

    /// The options that the network depends on.
    private var facts: [ReportFact] {
        var facts = [
            ReportFact("Network", options.start.map { "from \(FileName.last(of: $0))" } ?? session.network.family),
            ReportFact("Parameters", "\(session.network.store.values.count)"),
            ReportFact(
                "Crops",
                "\(options.batch) of \(session.crop) pixels a step, of which \(session.output) are learned from"),
            ReportFact("Steps of an epoch", "\(session.stepsPerEpoch)"),
            ReportFact("Loss", (options.isBinary ? "binary cross entropy" : "cross entropy") + lossDetails),
            ReportFact("Optimizer", "\(options.rule)"),
            ReportFact("Learning rate", "\(options.rate), \(options.schedule.rawValue)"),
            ReportFact("Warm-up", "\(options.warmUp) steps"),
            ReportFact("Largest gradient", options.largestGradient.map { "\($0)" } ?? "any"),
            ReportFact("Augmentation", augmentation), ReportFact("Seed", "\(options.seed)"),
        ]
        if options.start == nil {
            facts.insert(
                ReportFact(
                    "Design",
                    "\(options.levels.map { "\($0) levels" } ?? "the usual levels"), base \(options.base)"
                        + (options.hasBatchNorm ? ", batch norm" : "")), at: 1)
        }
        switch options.draw {
        case .labels: break
        case .classes: facts.append(ReportFact("Crops are drawn", "so that all classes are seen equally often"))
        case .borders: facts.append(ReportFact("Crops are drawn", "where classes meet"))
        }
        if options.isBinary { facts.append(ReportFact("Threshold", "\(options.threshold)")) }
        if let averaging = options.averaging { facts.append(ReportFact("Average of networks", "decay \(averaging)")) }
        facts.append(ReportFact("Overtile", OvertileVersion.current))
        return facts
    }

    private var lossDetails: String {
        var details = options.addsDice ? " and soft Dice" : ""
        switch options.classWeights {
        case .equal: break
        case .inverseFrequency: details += ", classes weighted as they are rare"
        case .given(let weights):
            details += ", classes weighted " + weights.map { "\($0)" }.joined(separator: ", ")
        }
        return details + (options.borderWeights == nil ? "" : ", borders between objects weighted")
    }

    private var augmentation: String {
        let augmentation = options.augmentation
        var parts = [(augmentation.flips, "flips"), (augmentation.turns, "quarter turns")].filter(\.0).map(\.1)
        if augmentation.intensity > 0 { parts.append("brightness and contrast by up to \(augmentation.intensity)") }
        if augmentation.elastic > 0 { parts.append("elastic deformation by \(augmentation.elastic) pixels") }
        if let plasma = augmentation.plasma { parts.append(plasma.text) }
        return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }
}
