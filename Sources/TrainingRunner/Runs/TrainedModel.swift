import FileIO
import Foundation
import MaskProducts
import Models
import Segmentation
import StoredTensors
import Training
import WeightFiles

/// The file that a training makes: a network that says how it is fed, what its classes are, and how it was trained.
struct TrainedModel {
    let data: TrainingData
    let options: TrainingOptions

    /// A fingerprint of everything that the result depends on.
    ///
    /// - Parameter parts: those that the crops of a step are taken in.
    func settings(parts: Int) -> String {
        var settled = options
        (settled.workers, settled.memory, settled.seconds, settled.overwrites) = (nil, nil, nil, false)
        let start = options.start.map { (try? SHA256.checksum(ofFile: $0, isCancelled: { false })) ?? $0 } ?? ""
        return SHA256.checksum(of: "\(settled) \(parts) \(start) \(fingerprint)")
    }

    /// The SHA-256 of the labels, with the names of classes and the statistics of bands.
    var fingerprint: String {
        var hash = SHA256()
        for scene in data.scenes {
            Array("\(scene.size) \(scene.bands) \(String(describing: scene.heldOut))\n".utf8).withUnsafeBytes {
                hash.add($0)
            }
            scene.labels.withUnsafeBytes { hash.add($0) }
        }
        Array("\(data.classes) \(data.mean) \(data.std)".utf8).withUnsafeBytes { hash.add($0) }
        return hash.finish()
    }

    /// The description of the model: how it is fed, and what its classes are.
    var description: ModelDescription {
        var description = ModelDescription()
        let source = "the training"
        var scaling = PixelScaling()
        (scaling.scale, scaling.offset) = ([1], [0])
        (scaling.mean, scaling.std) = (data.mean.map { Float($0) }, data.std.map { Float($0) })
        description.scaling = Sourced(scaling, source: source)
        if options.start == nil, options.family == .paper, !options.hasBatchNorm {
            // Without norms, the network remembers nothing of its input, which was standardised.
            let (mean, std): ([Float], [Float]) = (data.mean.map { _ in 0 }, data.std.map { _ in 1 })
            description.seen = Sourced(InputStatistics(mean: mean, std: std), source: source)
        }
        let numbers = data.scenes[0].bands
        description.bands = Sourced(
            data.bandNames.isEmpty ? numbers.map { .number($0) } : data.bandNames.map { .name([$0]) }, source: source)
        if let metres = data.metresPerPixel { description.resolution = Sourced(metres, source: source) }
        description.classes = Sourced(
            // A number that is the class's own is no name.
            zip(data.classes, data.colors).enumerated().map { number, entry in
                ClassDescription(name: entry.0 == "\(number)" ? "class \(number)" : entry.0, color: entry.1)
            }, source: source)
        description.activation = Sourced(.logits, source: source)
        if options.isBinary { description.threshold = Sourced(options.threshold, source: source) }
        if let nodata = data.nodata { description.nodata = Sourced(nodata, source: source) }
        return description
    }

    /// The text entries of the file.
    ///
    /// - Parameters:
    ///   - best: the epoch whose network it is.
    ///   - judgement: how it does on what was held out.
    func metadata(best: TrainingSession.Epoch, judgement: Judgement?) -> [String: String] {
        var metadata = description.metadata
        metadata["format"] = "pt"
        metadata["overtile.trained.version"] = OvertileVersion.current
        metadata["overtile.trained.data"] = fingerprint
        metadata["overtile.trained.options"] = settingsText
        metadata["overtile.trained.steps"] = "\(best.step)"
        metadata["overtile.trained.epoch"] = "\(best.number)"
        if let judgement {
            if let iou = judgement.matrix.mean.iou { metadata["overtile.trained.mean_iou"] = "\(iou)" }
            if let f1 = judgement.matrix.mean.f1 { metadata["overtile.trained.mean_f1"] = "\(f1)" }
            metadata["overtile.trained.validation_loss"] = "\(judgement.loss)"
        }
        return metadata
    }

    /// The options that matter to somebody who wants to do it again.
    private var settingsText: String {
        [
            "network \(options.start ?? options.family.rawValue)", "base \(options.base)", "batch \(options.batch)",
            "rule \(options.rule)", "rate \(options.rate)", "schedule \(options.schedule.rawValue)",
            "seed \(options.seed)", "validation \(options.validation)",
        ].joined(separator: ", ")
    }

    /// The network as it is now, as `segment` would read it.
    ///
    /// - Throws: `ArchitectureError`, `ModelOptionsError`.
    func model(of network: TrainableNetwork, path: String) throws -> Model {
        try model(of: network.stateDict(), path: path)
    }

    func model(of state: StateDict, path: String) throws -> Model {
        var state = state
        state.metadata = description.metadata
        return try Model(state, path: path)
    }
}
