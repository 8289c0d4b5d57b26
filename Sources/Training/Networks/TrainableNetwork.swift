package import Models
import NetworkGraph
import StoredTensors
package import WeightFiles

/// A network in training: its graph, and the numbers that training changes.
///
///     let network = try TrainableNetwork(NetworkDesign(.paper, bands: 3, classes: 2).initialized(seed: 1))
///     let step = try TrainingStep(network, crops: CropShape(count: 8, height: 220, width: 220), loss: Loss(), workers: 2)
///     let loss = try step.run(batch, &optimizer)
package final class TrainableNetwork: Sendable {
    /// The parameters and running statistics.
    package let store: ParameterStore
    let graph: Graph
    /// The maps that the network gives: one, or with deep supervision one for each head.
    let outputs: [Graph.Value]

    private let training: TrainingGraph
    private let convolutions: [Int: ConvolutionOperation.Parameters]
    private let norms: [Int: NormOperation.Parameters]

    /// A network with the numbers of a state dict.
    ///
    /// - Parameter isFrozen: true for the names of parameters that stay as they are.
    /// - Throws: `TrainingError` where a layer of the graph has no tensors of its name.
    package init(
        _ training: TrainingGraph, freezing isFrozen: (String) -> Bool = { _ in false }
    ) throws(TrainingError) {
        self.training = training
        graph = training.graph
        outputs = training.outputs
        let tensors = Dictionary(
            training.stateDict.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        var (parameters, statistics): ([ParameterStore.Entry], [ParameterStore.Entry]) = ([], [])
        func place(_ name: String, _ entries: inout [ParameterStore.Entry]) -> Range<Int>? {
            guard let tensor = tensors[name] else { return nil }
            // Cache lines of their own.
            let end = ((entries.last?.range.upperBound ?? 0) + 15) / 16 * 16
            entries.append(ParameterStore.Entry(name: name, shape: tensor.shape, offset: end, isFrozen: isFrozen(name)))
            return entries.last!.range
        }
        var convolutions: [Int: ConvolutionOperation.Parameters] = [:]
        var norms: [Int: NormOperation.Parameters] = [:]
        for (index, node) in graph.nodes.enumerated() {
            let name = node.label
            switch node.operation {
            case .convolution, .transposedConvolution:
                guard let weights = place("\(name).weight", &parameters) else {
                    throw TrainingError(node, "the model has no weights of that name")
                }
                convolutions[index] = ConvolutionOperation.Parameters(
                    weights: weights, bias: place("\(name).bias", &parameters), isTrained: !isFrozen("\(name).weight"))
            case .affine(let affine):
                guard let memory = affine.memory else { continue }
                guard let mean = place("\(name).running_mean", &statistics),
                    let variance = place("\(name).running_var", &statistics)
                else { throw TrainingError(node, "the model has no running statistics of that name") }
                norms[index] = NormOperation.Parameters(
                    scale: place("\(name).weight", &parameters), shift: place("\(name).bias", &parameters), mean: mean,
                    variance: variance, epsilon: Double(memory.epsilon), isTrained: !isFrozen("\(name).weight"))
            default: break
            }
        }
        self.convolutions = convolutions
        self.norms = norms
        store = ParameterStore(parameters: parameters, statistics: statistics)
        for (entries, values) in [(parameters, store.values), (statistics, store.statisticValues)] {
            for entry in entries {
                for (index, element) in tensors[entry.name]!.elements().enumerated() {
                    values[entry.offset + index] = element
                }
            }
        }
    }

    func convolutionParameters(_ node: Int) -> ConvolutionOperation.Parameters { convolutions[node]! }
    func normParameters(_ node: Int) -> NormOperation.Parameters? { norms[node] }

    /// The kind of the network, by its name in messages: "the paper's U-Net".
    package var family: String { training.family }

    /// The tensors as they are now, or their mean, in the order of those that the network was made of.
    ///
    /// - Parameter metadata: the text beside them.
    package func stateDict(_ average: WeightAverage? = nil, metadata: [String: String] = [:]) -> StateDict {
        let parameters = Dictionary(uniqueKeysWithValues: store.parameters.map { ($0.name, $0) })
        let statistics = Dictionary(uniqueKeysWithValues: store.statistics.map { ($0.name, $0) })
        let tensors = training.stateDict.tensors.map { name, tensor in
            if let entry = parameters[name] {
                return (
                    name,
                    StoredTensor(
                        shape: entry.shape,
                        elements: average.map { Array($0.values[entry.range]) } ?? Array(store.values[entry.range]))
                )
            }
            if let entry = statistics[name] {
                return (
                    name,
                    StoredTensor(
                        shape: entry.shape,
                        elements: average.map { Array($0.statistics[entry.range]) }
                            ?? Array(store.statisticValues[entry.range]))
                )
            }
            if name.hasSuffix(".num_batches_tracked") {
                return (name, StoredTensor(shape: tensor.shape, elements: [Float(store.batchesTracked)]))
            }
            return (name, tensor)
        }
        return StateDict(tensors: tensors, metadata: metadata)
    }
}
