import Foundation
import Models
import StoredTensors
import TestData
import Testing
import Training
import WeightFiles

/// Training steps that PyTorch took in double, and how far its own float32 is from them.
struct TrainingCase: CustomTestStringConvertible, Sendable {
    let name: String
    /// PyTorch's float32: relative errors of the losses, errors of the first gradients by the largest of the network, and
    /// of parameters and statistics at the end likewise.
    let losses: Double
    let gradients: Double
    let parameters: Double

    var testDescription: String { name }

    static let all = [
        // Valid convolutions, no norms.
        TrainingCase(name: "paper-sgd", losses: 8e-8, gradients: 6e-7, parameters: 3e-8),
        // Norms behind ReLUs; weights of classes and pixels.
        TrainingCase(name: "paper-batchnorm-adamw", losses: 1e-7, gradients: 4e-7, parameters: 8e-7),
        // Bilinear upsampling without aligned corners; soft Dice.
        TrainingCase(name: "paper-bilinear-dice", losses: 2e-7, gradients: 2e-7, parameters: 3e-7),
        // Padded convolutions, norms in front of ReLUs, up-convolutions.
        TrainingCase(name: "pytorch-unet-adam", losses: 7e-8, gradients: 7e-7, parameters: 4e-4),
        TrainingCase(name: "seed000-rmsprop", losses: 7e-8, gradients: 1e-6, parameters: 7e-4),
        // One output; convolutions with biases in front of norms.
        TrainingCase(name: "seed002-rmsprop", losses: 1e-5, gradients: 2e-6, parameters: 8e-3),
        // Pooled skips, padded to size; ceil mode; a crop at the end.
        TrainingCase(name: "seed003-adam", losses: 9e-8, gradients: 1e-6, parameters: 2e-3),
        // Nested skips, bilinear upsampling with aligned corners.
        TrainingCase(name: "unetplusplus-adam", losses: 5e-5, gradients: 2e-3, parameters: 2e-3),
        // Four heads.
        TrainingCase(name: "unetplusplus-deep-adam", losses: 7e-9, gradients: 2e-6, parameters: 9e-4),
    ]

    struct Description: Decodable {
        let loss: String
        let optimizer: String
        let classWeights: [Double]?
        let steps: Int
        let losses: [Double]
        let input: [Int]
    }

    var description: Description {
        get throws {
            let data = try Data(contentsOf: URL(fileURLWithPath: SharedData.conformance("training/\(name)/case.json")))
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Description.self, from: data)
        }
    }

    /// The tensors of the case, by name.
    func tensors() throws -> StateDict {
        try Checkpoint.read(path: SharedData.conformance("training/\(name)/steps.safetensors"), key: nil)
    }
}

extension StateDict {
    /// The tensors whose names start with a word, under the rest of their names.
    func under(_ prefix: String) -> [(name: String, tensor: StoredTensor)] {
        tensors.filter { $0.name.hasPrefix(prefix) }.map { (String($0.name.dropFirst(prefix.count)), $0.tensor) }
    }

    func elements(_ name: String) -> [Float]? { tensors.first { $0.name == name }?.tensor.elements() }
}

extension TrainingCase.Description {
    var rule: (rule: OptimizerRule, rate: Double) {
        switch optimizer {
        case "sgd": (.sgd(momentum: 0.99), 0.01)
        case "rmsprop": (.rmsprop(momentum: 0.9, weightDecay: 1e-8), 1e-3)
        case "adam": (.adam(), 1e-3)
        default: (.adamW(weightDecay: 0.01), 1e-3)
        }
    }

    func batch(_ index: Int, _ tensors: StateDict) -> TrainingBatch {
        TrainingBatch(
            images: tensors.elements("batch\(index).input")!,
            targets: tensors.elements("batch\(index).target")!.map { UInt8($0) },
            weights: tensors.elements("batch\(index).weight"))
    }
}

/// The largest distance of numbers from the true ones, divided by the largest of these.
private func error(_ pairs: [(ours: Float, truth: Float)]) -> Double {
    let largest = pairs.map { abs(Double($0.truth)) }.max() ?? 0
    return (pairs.map { abs(Double($0.ours) - Double($0.truth)) }.max() ?? 0) / largest
}

@Suite("Training steps against PyTorch's in double", .enabled(if: SharedData.isPresent, "\(SharedData.missing)"))
struct ConformanceTests {
    @Test("at most four times as far away as PyTorch's own float32", arguments: TrainingCase.all)
    func steps(_ training: TrainingCase) throws {
        let (description, tensors) = (try training.description, try training.tensors())
        let graph = try TrainingGraph(StateDict(tensors: tensors.under("initial.")), path: training.name)
        let network = try TrainableNetwork(graph)
        let loss = Loss(
            description.loss == "bce" ? .binaryCrossEntropy : .crossEntropy, classWeights: description.classWeights,
            addsDice: description.loss == "ce+dice")
        let step = try TrainingStep(
            network,
            crops: CropShape(count: description.input[0], height: description.input[2], width: description.input[3]),
            loss: loss, workers: 2)
        let (rule, rate) = description.rule
        var optimizer = Optimizer<Float>(rule, count: network.store.values.count)
        var lossErrors: [Double] = []
        for index in 0..<description.steps {
            let value = try step.take(description.batch(index, tensors), &optimizer, rate: rate)
            lossErrors.append(abs(value / description.losses[index] - 1))
            if index == 0 { checkGradients(training, network, tensors) }
        }
        report("\(training.name): losses", lossErrors.max()!, training.losses)

        let ours = Dictionary(uniqueKeysWithValues: network.stateDict().tensors.map { ($0.name, $0.tensor.elements()) })
        var pairs: [(Float, Float)] = []
        for (name, tensor) in tensors.under("final.") where !name.hasSuffix("num_batches_tracked") {
            let mine = try #require(ours[name], "\(name) is missing")
            pairs += zip(mine, tensor.elements())
        }
        report("\(training.name): parameters", error(pairs), training.parameters)
    }

    private func checkGradients(_ training: TrainingCase, _ network: TrainableNetwork, _ tensors: StateDict) {
        var pairs: [(Float, Float)] = []
        let truth = tensors.under("gradient.")
        #expect(truth.count == network.store.parameters.count)
        for (name, tensor) in truth {
            guard let entry = network.store.parameter(name) else {
                Issue.record("there is no parameter \(name)")
                continue
            }
            pairs += zip(network.store.gradients[entry.range], tensor.elements())
        }
        report("\(training.name): gradients", error(pairs), training.gradients)
    }

    private func report(_ what: String, _ error: Double, _ peer: Double) {
        if ProcessInfo.processInfo.environment["OVERTILE_SHOW_ERRORS"] != nil {
            print("\(what): \(error), \((error / peer * 100).rounded() / 100) times PyTorch's")
        }
        #expect(error <= 4 * peer, "\(what): \(error), PyTorch's float32 is \(peer) away")
    }
}
