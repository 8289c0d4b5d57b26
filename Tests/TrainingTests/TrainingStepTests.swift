import Models
import StoredTensors
import TestData
import TestMaps
import Testing
import Training
import WeightFiles

@Suite("Training steps")
struct TrainingStepTests {
    private static let crops = CropShape(count: 3, height: 28, width: 36)

    private static func network(_ design: NetworkDesign? = nil) throws -> TrainableNetwork {
        let design = design ?? NetworkDesign(.paper, bands: 2, classes: 2, levels: 2, base: 20)
        return try TrainableNetwork(design.initialized(seed: 3))
    }

    private static func bytes(of network: TrainableNetwork) -> [[UInt32]] {
        network.stateDict().tensors.map { $0.tensor.elements().map(\.bitPattern) }
    }

    /// Wide enough for weights that are parted by pairs of blocks, and narrow ones that are parted by samples.
    @Test(
        "give the same bytes for any number of workers", arguments: [NetworkDesign.Family.paper, .unet, .unetPlusPlus])
    func workers(_ family: NetworkDesign.Family) throws {
        let results = try [1, 2, 5].map { workers in
            let network = try Self.network(NetworkDesign(family, bands: 2, classes: 2, levels: 3, base: 24))
            let crops = CropShape(count: 3, height: 44, width: 60)
            let step = try TrainingStep(network, crops: crops, loss: Loss(addsDice: true), workers: workers)
            var optimizer = Optimizer<Float>(.adamW(), count: network.store.values.count)
            var losses: [Double] = []
            for index in 0..<2 {
                let batch = TrainingBatch.noise(bands: 2, step, crops, seed: UInt32(index))
                losses.append(try step.take(batch, &optimizer, rate: 1e-3, clippingTo: 1))
            }
            return (losses, Self.bytes(of: network))
        }
        #expect(results[1].0 == results[0].0 && results[2].0 == results[0].0)
        #expect(results[1].1 == results[0].1 && results[2].1 == results[0].1)
    }

    /// Crops with few labels, or none, count for as little as they do in the whole batch.
    @Test("take a batch in parts where it does not fit, with the whole batch's loss and gradients")
    func parts() throws {
        var design = NetworkDesign(.paper, bands: 2, classes: 2, levels: 3, base: 8)
        design.hasBatchNorm = false
        let crops = CropShape(count: 6, height: 44, width: 60)
        var whole: (loss: Double, gradients: [Float], byteCount: Int)?
        for parts in [1, 2, 3, 6] {
            let network = try Self.network(design)
            let most = whole.map { $0.byteCount / parts + (1 << 20) }
            let step = try TrainingStep(
                network, crops: crops, loss: Loss(classWeights: [1, 3]), workers: 2, memory: most)
            var batch = TrainingBatch.noise(bands: 2, step, crops)
            let labels = batch.targets.count / 6
            for index in 0..<labels { batch.targets[index] = Loss.unlabelled }
            for index in labels..<labels * 3 / 2 { batch.targets[index] = Loss.unlabelled }
            let loss = try step.computeGradients(batch)
            let gradients = Array(network.store.gradients)
            guard let whole else {
                whole = (loss, gradients, step.byteCount)
                continue
            }
            #expect(step.parts > 1 && step.byteCount <= most!, "\(step.parts) parts in \(step.byteCount) bytes")
            #expect(abs(loss / whole.loss - 1) < 1e-6)
            let largest = whole.gradients.map(abs).max()!
            let farthest = zip(gradients, whole.gradients).map { abs($0 - $1) }.max()!
            #expect(farthest < 1e-5 * largest, "in \(step.parts) parts: \(farthest) of \(largest)")
        }
        let error = #expect(throws: TrainingError.self) {
            try TrainingStep(Self.network(design), crops: crops, loss: Loss(), workers: 2, memory: 1 << 10)
        }
        #expect(error?.description.contains("smaller crops") == true)
    }

    /// After n steps with a share of 0, it is the last network; with more, it lies between all that there were.
    @Test("have a running mean of all networks")
    func average() throws {
        let network = try Self.network()
        let step = try TrainingStep(network, crops: Self.crops, loss: Loss(), workers: 2)
        var optimizer = Optimizer<Float>(.adamW(), count: network.store.values.count)
        var (none, mean) = (WeightAverage(of: network, decay: 0), WeightAverage(of: network, decay: 0.75))
        var expected = Array(network.store.values)
        for index in 1...6 {
            _ = try step.take(TrainingBatch.noise(bands: 2, step, Self.crops), &optimizer, rate: 1e-2)
            none.add(network, step: index)
            mean.add(network, step: index)
            let kept = min(0.75, Float(index) / Float(index + 9))
            expected = zip(expected, network.store.values).map { kept * $0 + (1 - kept) * $1 }
        }
        #expect(zip(none.values, network.store.values).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) })
        #expect(zip(mean.values, expected).allSatisfy { abs($0 - $1) < 1e-5 })
        let written = network.stateDict(mean).tensors.first { $0.name == network.store.parameters[0].name }
        #expect(written?.tensor.elements() == Array(mean.values[network.store.parameters[0].range]))
    }

    @Test(
        "go on from a file with the same bytes",
        arguments: [OptimizerRule.adamW(), .rmsprop(momentum: 0.9), .sgd(momentum: 0.9)])
    func resumes(_ rule: OptimizerRule) throws {
        func run(_ network: TrainableNetwork, _ optimizer: inout Optimizer<Float>, _ steps: Range<Int>) throws {
            let step = try TrainingStep(network, crops: Self.crops, loss: Loss(), workers: 2)
            for index in steps {
                let batch = TrainingBatch.noise(bands: 2, step, Self.crops, seed: UInt32(index))
                _ = try step.take(batch, &optimizer, rate: 1e-3)
            }
        }
        let whole = try Self.network()
        var optimizer = Optimizer<Float>(rule, count: whole.store.values.count)
        try run(whole, &optimizer, 0..<4)

        let folder = try TemporaryFolder()
        let first = try Self.network()
        optimizer = Optimizer(rule, count: first.store.values.count)
        try run(first, &optimizer, 0..<2)
        try first.checkpoint(optimizer).write(safetensors: folder.path("state.safetensors"))

        let second = try Self.network()
        let state = try Checkpoint.read(path: folder.path("state.safetensors"), key: nil)
        var restored = try second.restore(state, rule: rule)
        #expect(restored.step == 2)
        try run(second, &restored, 2..<4)
        #expect(Self.bytes(of: second) == Self.bytes(of: whole))
        #expect(second.store.batchesTracked == 4)

        let other = try Self.network(NetworkDesign(.paper, bands: 2, classes: 2, levels: 2, base: 8))
        let before = Self.bytes(of: other)
        #expect(throws: TrainingError.self) { try other.restore(state, rule: rule) }
        #expect(Self.bytes(of: other) == before)
    }

    @Test("make the loss small on one batch, whatever the network", arguments: NetworkDesign.Family.allCases)
    func learns(_ family: NetworkDesign.Family) throws {
        var design = NetworkDesign(family, bands: 2, classes: 2, levels: 3, base: 8)
        design.hasDeepSupervision = family == .unetPlusPlus
        let network = try Self.network(design)
        let crops = CropShape(count: 2, height: 44, width: 44)
        let step = try TrainingStep(network, crops: crops, loss: Loss(), workers: 2)
        var batch = TrainingBatch.noise(bands: 2, step, crops)
        batch.targets = (0..<batch.targets.count).map { $0 / 6 % 2 == 0 ? 0 : 1 }
        var optimizer = Optimizer<Float>(.adamW(), count: network.store.values.count)
        let first = try step.take(batch, &optimizer, rate: 0.01)
        var last = first
        for _ in 0..<12 { last = try step.take(batch, &optimizer, rate: 0.01) }
        #expect(last < 0.95 * first, "\(family): from \(first) to \(last)")
    }

    @Test("leave frozen parameters alone, and change all others")
    func freezing() throws {
        let graph = try NetworkDesign(.unetPlusPlus, bands: 2, classes: 2, levels: 3, base: 4).initialized(seed: 3)
        let frozen = graph.encoderParameters
        #expect(frozen.contains("conv2_0.conv1.weight") && !frozen.contains("conv0_1.conv1.weight"))
        let network = try TrainableNetwork(graph, freezing: frozen.contains)
        let before = Dictionary(
            uniqueKeysWithValues: network.stateDict().tensors.map { ($0.name, $0.tensor.elements()) })
        let step = try TrainingStep(network, crops: Self.crops, loss: Loss(), workers: 1)
        var optimizer = Optimizer<Float>(.adamW(), count: network.store.values.count)
        _ = try step.take(.noise(bands: 2, step, Self.crops), &optimizer, rate: 1e-3)
        for entry in network.store.parameters {
            let isSame = Array(network.store.values[entry.range]) == before[entry.name]!
            #expect(isSame == frozen.contains(entry.name), "\(entry.name)")
        }
    }

    @Test("pixels without labels, and weights of 0, count for nothing")
    func unlabelled() throws {
        let network = try Self.network()
        let step = try TrainingStep(
            network, crops: Self.crops, loss: Loss(.crossEntropy, classWeights: [1, 3]), workers: 2)
        var batch = TrainingBatch.noise(bands: 2, step, Self.crops)
        batch.targets = batch.targets.map { _ in Loss.unlabelled }
        #expect(try step.computeGradients(batch) == 0)
        #expect(network.store.gradients.allSatisfy { $0 == 0 })

        // Weights of 0 are as good as no label.
        batch = .noise(bands: 2, step, Self.crops)
        let some = batch.targets.enumerated().map { index, target in index % 3 == 0 ? Loss.unlabelled : target }
        batch.weights = batch.targets.indices.map { $0 % 3 == 0 ? 0 : 1 }
        let weighted = try step.computeGradients(batch)
        let gradients = Array(network.store.gradients)
        let left = try step.computeGradients(TrainingBatch(images: batch.images, targets: some))
        #expect(abs(weighted - left) < 1e-12)
        let largest = gradients.map(abs).max()!
        for (a, b) in zip(gradients, network.store.gradients) { #expect(abs(a - b) <= 1e-6 * largest) }
    }

    @Test("refuse batches and losses that do not go with the network")
    func refusals() throws {
        let network = try Self.network()
        let step = try TrainingStep(network, crops: Self.crops, loss: Loss(), workers: 1)
        let batch = TrainingBatch.noise(bands: 2, step, Self.crops)
        var short = batch
        short.images.removeLast()
        var odd = batch
        odd.targets[5] = 2
        for bad in [short, odd] { #expect(throws: TrainingError.self) { try step.computeGradients(bad) } }
        #expect(throws: TrainingError.self) {
            try TrainingStep(network, crops: Self.crops, loss: Loss(.binaryCrossEntropy), workers: 1)
        }
        #expect(throws: TrainingError.self) {
            try TrainingStep(network, crops: Self.crops, loss: Loss(classWeights: [1]), workers: 1)
        }
        let single = try Self.network(NetworkDesign(.paper, bands: 2, classes: 1, levels: 2, base: 4))
        #expect(throws: TrainingError.self) {
            try TrainingStep(single, crops: Self.crops, loss: Loss(.crossEntropy), workers: 1)
        }
        #expect(throws: TrainingError.self) {
            try TrainingStep(network, crops: CropShape(count: 1, height: 12, width: 12), loss: Loss(), workers: 1)
        }
    }

    @Test("stop at a loss that is not finite, and change nothing")
    func divergence() throws {
        let network = try Self.network()
        let step = try TrainingStep(network, crops: Self.crops, loss: Loss(), workers: 1)
        var batch = TrainingBatch.noise(bands: 2, step, Self.crops)
        batch.images[0] = .nan
        var optimizer = Optimizer<Float>(.adamW(), count: network.store.values.count)
        let before = Array(network.store.values)
        #expect(throws: TrainingError.self) { try step.take(batch, &optimizer, rate: 1e-3) }
        #expect(Array(network.store.values) == before && optimizer.step == 0)
    }
}
