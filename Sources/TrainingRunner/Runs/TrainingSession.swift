import FileIO
import Foundation
import InferenceEngine
import MaskProducts
import Models
import NetworkGraph
import RasterIO
package import Segmentation
import StoredTensors
import TileGeometry
package import Training
import WeightFiles

/// The training of one network, from scenes and labels to a file that `segment` runs.
///
/// What it has reached is kept beside the output after each epoch, and each minute: the same training goes on from there, and
/// gives the same bytes in the end.
package final class TrainingSession {
    /// The figures of an epoch, which are told at its end.
    package struct Epoch: Sendable, Codable, Equatable {
        /// The number of the epoch, from 1 on.
        package var number: Int
        /// The steps that were taken so far.
        package var step: Int
        /// The mean loss of the epoch's steps.
        package var loss: Double
        /// The mean loss over what is held out; nil where nothing is.
        package var validationLoss: Double?
        /// The mean over classes of the intersection over union; nil where nothing is held out.
        package var meanIoU: Double?
        /// The mean over classes of F1.
        package var meanF1: Double?
        /// The learning rate of the last step.
        package var rate: Double
    }

    /// What became of a training.
    package struct Outcome: Sendable {
        /// All epochs.
        package var epochs: [Epoch]
        /// The epoch whose network was kept.
        package var best: Epoch
        /// How the kept network does on what is held out; nil where nothing is.
        package var judgement: Judgement?
        /// Why it ended: "no better for 10 epochs".
        package var reason: String
        /// Set where a loss that is not finite ended it, after the best network so far was written.
        package var failure: TrainingError?
    }

    /// An event of the training, which is told when it happens.
    package enum Event {
        /// An earlier run is gone on with, which had come to the end of these epochs.
        case resumed([Epoch])
        /// A step was taken, with its loss.
        case step(Int, of: Int, loss: Double)
        /// An epoch ended.
        case epoch(Epoch)
    }

    /// The scenes and labels.
    package let data: TrainingData
    /// The network in training.
    package let network: TrainableNetwork
    /// The input pixels of a crop on a side.
    package let crop: Int
    /// The pixels of a crop that are learned from, on a side.
    package let output: Int
    /// The steps of an epoch.
    package let stepsPerEpoch: Int
    /// The steps that are taken at most.
    package let mostSteps: Int
    /// The bytes that the training takes.
    package let byteCount: Int
    /// The parts that the crops of a step are taken in, one after the other, as memory allows.
    package var parts: Int { step.parts }
    /// The labelled pixels of each class that are learned from.
    package var classPixels: [Int] { sampler.classPixels }

    private let path: String
    private let options: TrainingOptions
    private let step: TrainingStep
    private let sampler: CropSampler
    private let model: TrainedModel
    private let folder: TrainingFolder
    let judge: Judge

    /// Prepares a training; nothing is written yet but a hidden folder beside the output.
    ///
    /// - Parameters:
    ///   - path: the safetensors file that will be made.
    /// - Throws: `TrainingError`, `RasterError`, `FileError`, `ModelFileError`, `SegmentationError`.
    package init(_ data: TrainingData, to path: String, options: TrainingOptions) throws {
        self.data = data
        self.path = path
        self.options = options
        let channels = options.isBinary ? 1 : data.classes.count
        guard !options.isBinary || data.classes.count == 2 else {
            throw TrainingError(
                "binary cross entropy tells two classes apart, and the labels have \(data.classes.count): leave it out")
        }
        let graph = try Self.graph(options, bands: data.mean.count, channels: channels)
        let frozen = options.freezesEncoder ? graph.encoderParameters : []
        network = try TrainableNetwork(graph) { frozen.contains($0) }
        model = TrainedModel(data: data, options: options)
        let tiled = try model.model(of: network, path: path).network
        crop = try options.crop ?? Self.crop(for: tiled, data)
        let workers = options.workers ?? GrantedResources.current.processors
        let shape = CropShape(count: options.batch, height: crop, width: crop)
        var loss = Loss(options.isBinary ? .binaryCrossEntropy : .crossEntropy, addsDice: options.addsDice)
        loss.classWeights = try Self.weights(options, data)
        // What stays in memory beside a step: parameters, gradients, moments and means, the copies that are judged and
        // written, and the crops.
        let network = network.store.values.count * (6 + options.rule.momentCount + (options.averaging == nil ? 0 : 2))
        let crops = 3 * options.batch * data.mean.count * crop * crop
        let kept = data.byteCount + options.rasterCacheBytes + (network + crops) * MemoryLayout<Float>.stride
        let left = options.memoryLimit - kept
        step = try TrainingStep(
            self.network, crops: shape, loss: loss, workers: workers, memory: left - MemoryBudget.processBytes)
        byteCount = MemoryBudget.processBytes + kept + step.byteCount
        output = step.outputHeight
        let margin: Int =
            switch tiled {
            case .seamless(let network): network.margin
            case .fixedTiles: 0
            }
        sampler = try CropSampler(
            data, shape: shape, output: PixelSize(width: step.outputWidth, height: step.outputHeight), margin: margin,
            options: options)
        if let index = sampler.classPixels.firstIndex(of: 0) {
            let name = data.classes[index]
            throw TrainingError(
                "the class \(name) has pixels only in what is held out to judge by: give another --validation or other "
                    + "--validation-scenes, or leave it out with --map \(name)=none")
        }
        let perStep = options.batch * step.outputHeight * step.outputWidth
        stepsPerEpoch = min(500, max(10, (sampler.labelledPixels + perStep - 1) / perStep))
        mostSteps = min(options.steps ?? .max, options.epochs * stepsPerEpoch)
        folder = try TrainingFolder(for: path, overwrites: options.overwrites)
        judge = Judge(data: data, workers: workers, memory: left - step.heldByteCount, folder: folder.path)
        do {
            try judge.check(model.model(of: self.network, path: path))
        } catch {
            if !folder.holdsState { folder.remove() }
            throw error
        }
    }

    private static func graph(_ options: TrainingOptions, bands: Int, channels: Int) throws -> TrainingGraph {
        guard let start = options.start else {
            return try NetworkDesign(
                options.family, bands: bands, classes: channels, levels: options.levels, base: options.base,
                hasBatchNorm: options.hasBatchNorm, upsampling: options.upsampling,
                hasDeepSupervision: options.hasDeepSupervision
            ).initialized(seed: options.seed, options.initialWeights)
        }
        let graph = try TrainingGraph(try Checkpoint.read(path: start, key: nil), path: start)
        guard case .input(let taken) = graph.graph.nodes[0].operation, taken == bands else {
            throw TrainingError(
                "\(start) takes another number of bands than the \(bands) of the scenes: choose with --bands")
        }
        return try graph.withClasses(channels, seed: options.seed)
    }

    /// The smallest crop that the network takes and that gives 128 pixels, or the scenes where these are smaller.
    private static func crop(for network: TiledNetwork, _ data: TrainingData) throws -> Int {
        let smallest = data.learnedScenes.map { min($0.size.width, $0.size.height) }.min()!
        let wanted: Int =
            switch network {
            case .seamless(let network): min(128, smallest) + (network.tileRemainder == 0 ? 0 : 2 * network.margin)
            case .fixedTiles: min(160, smallest)
            }
        let (stride, remainder) = (network.stride, network.tileRemainder)
        let size = wanted - ((wanted - remainder) % stride + stride) % stride
        guard size > 0 else {
            throw TrainingError("scenes of \(smallest) pixels are too small for this network: give fewer --levels")
        }
        return size
    }

    private static func weights(_ options: TrainingOptions, _ data: TrainingData) throws -> [Double]? {
        switch options.classWeights {
        case .equal: return nil
        case .inverseFrequency:
            let counts = data.classes.indices.map { index in
                zip(data.scenes, data.counts).reduce(0) { $0 + ($1.0.isForJudging ? 0 : $1.1[index]) }
            }
            let inverse = counts.map { 1 / Double(max(1, $0)) }
            let mean = inverse.reduce(0, +) / Double(inverse.count)
            return inverse.map { $0 / mean }
        case .given(let weights):
            guard weights.count == data.classes.count, weights.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
                throw TrainingError(
                    "--class-weights has \(weights.count) numbers: give one for each class, which are "
                        + data.classes.joined(separator: ", "))
            }
            return weights
        }
    }

    // MARK: Running

    /// Measures a step, of which nothing is kept: the training is as it was before.
    ///
    /// - Throws: `TrainingError`, `RasterError`.
    package func secondsOfAStep() throws -> Double {
        let state = network.checkpoint(Optimizer<Float>(options.rule, count: network.store.values.count))
        var seconds = 0.0
        // The first one makes what later ones have.
        for _ in 0..<2 {
            let started = Date()
            _ = try step.computeGradients(sampler.batch(step: 0))
            seconds = Date().timeIntervalSince(started)
        }
        _ = try network.restore(state, rule: options.rule)
        return seconds
    }

    /// Trains, and writes the network that was best on what is held out.
    ///
    /// - Parameter tell: called after each step and epoch.
    /// - Returns: what became of it, with the failure of a loss that is not finite, if there is a network from before.
    /// - Throws: `TrainingError` for a loss that is not finite before anything was learned; `CancellationError`, after what was
    ///   reached was kept; `RasterError`, `FileError`, `ModelFileError`.
    package func run(cancellation: Cancellation, tell: (Event) -> Void) throws -> Outcome {
        // Where nothing was reached, nothing is kept.
        defer { if !folder.holdsState { folder.remove() } }
        var optimizer = Optimizer<Float>(options.rule, count: network.store.values.count)
        var average = options.averaging.map { WeightAverage(of: network, decay: $0) }
        var rate = LearningRate(base: options.rate, schedule, warmUp: options.warmUp)
        let settings = model.settings(parts: step.parts)
        var progress = TrainingProgress(settings: settings)
        if let kept = try folder.read(settings: settings) {
            progress = kept.progress
            optimizer = try network.restore(kept.state, rule: options.rule)
            if average != nil { try network.restore(&average!, from: kept.state) }
            for epoch in progress.epochs { rate.judge(epoch.validationLoss ?? epoch.loss) }
            tell(.resumed(progress.epochs))
        }
        let started = Date()
        var saved = Date()
        var reason = "all epochs are done"
        while progress.step < mostSteps {
            // Here, and not behind an epoch: a training that was killed there ends as it would have ended.
            if progress.epochsWithoutImprovement >= options.patience {
                reason = "no better for \(options.patience) epochs"
                break
            }
            if cancellation.isCancelled {
                try folder.write(network, optimizer, average, progress)
                throw CancellationError()
            }
            let batch = try sampler.batch(step: progress.step)
            let now = rate.rate(atStep: progress.step)
            let loss: Double
            do {
                loss = try step.take(batch, &optimizer, rate: now, clippingTo: options.largestGradient)
            } catch {
                guard let best = progress.best else { throw error }
                let judgement = try finish(progress, cancellation)
                return Outcome(
                    epochs: progress.epochs, best: best, judgement: judgement, reason: "the loss was not finite",
                    failure: TrainingError("\(error); the network of epoch \(best.number) was written to \(path)"))
            }
            progress.step += 1
            average?.add(network, step: progress.step)
            progress.losses.append(loss)
            tell(.step(progress.step, of: mostSteps, loss: loss))
            if progress.step % stepsPerEpoch == 0 || progress.step == mostSteps {
                let epoch = try endEpoch(&progress, network.stateDict(average), rate: now, cancellation)
                rate.judge(epoch.validationLoss ?? epoch.loss)
                try folder.write(network, optimizer, average, progress)
                saved = Date()
                tell(.epoch(epoch))
                if let seconds = options.seconds, Date().timeIntervalSince(started) >= seconds {
                    reason = "the time is over"
                    break
                }
            } else if Date().timeIntervalSince(saved) >= 60 {
                try folder.write(network, optimizer, average, progress)
                saved = Date()
            }
        }
        let judgement = try finish(progress, cancellation)
        return Outcome(epochs: progress.epochs, best: progress.best!, judgement: judgement, reason: reason)
    }

    private var schedule: LearningRate.Schedule {
        switch options.schedule {
        case .constant: .constant
        case .cosine: .cosine(steps: mostSteps)
        case .plateau: .plateau(patience: max(1, options.patience / 2))
        }
    }

    private func endEpoch(
        _ progress: inout TrainingProgress, _ state: StateDict, rate: Double, _ cancellation: Cancellation
    ) throws -> Epoch {
        step.releaseMemory()
        let judgement = try judge.judge(try model.model(of: state, path: path), cancellation)
        let epoch = Epoch(
            number: progress.epochs.count + 1, step: progress.step,
            loss: progress.losses.reduce(0, +) / Double(max(1, progress.losses.count)),
            validationLoss: judgement?.loss, meanIoU: judgement?.matrix.mean.iou, meanF1: judgement?.matrix.mean.f1,
            rate: rate)
        progress.losses = []
        progress.epochs.append(epoch)
        // The more certain of two networks that are as good is the better one.
        let isBetter =
            progress.best.map { best in
                let (iou, bestIoU) = (epoch.meanIoU ?? 0, best.meanIoU ?? -1)
                return iou > bestIoU || iou == bestIoU && epoch.validationLoss ?? 0 < best.validationLoss ?? 0
            } ?? true
        // Without anything held out, the last network is the one to keep.
        if isBetter || judgement == nil {
            progress.best = epoch
            try folder.writeBest(state)
        }
        return epoch
    }

    /// Writes the best network under the output's name, and removes what was kept for going on.
    @discardableResult
    private func finish(_ progress: TrainingProgress, _ cancellation: Cancellation) throws -> Judgement? {
        guard let best = progress.best, let state = try folder.readBest() else {
            throw TrainingError("nothing was learned: no epoch came to its end")
        }
        step.releaseMemory()
        let judgement = try judge.judge(try model.model(of: state, path: path), cancellation)
        let metadata = model.metadata(best: best, judgement: judgement)
        try folder.publish(state.stage(safetensors: path, metadata: metadata, overwrite: options.overwrites))
        folder.remove()
        return judgement
    }
}

/// How far a training has come.
struct TrainingProgress: Codable {
    /// What it was begun with: a training with other settings begins anew.
    var settings: String
    var step = 0
    var epochs: [TrainingSession.Epoch] = []
    var best: TrainingSession.Epoch?
    /// The losses of the epoch's steps so far.
    var losses: [Double] = []

    init(settings: String) { self.settings = settings }

    var epochsWithoutImprovement: Int { epochs.count - (best?.number ?? 0) }
}
