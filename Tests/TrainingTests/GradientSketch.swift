import Models
import NetworkGraph
import StoredTensors
import TestMaps
import Training
import WeightFiles

/// A small network with random numbers, put together layer by layer.
struct GradientSketch {
    private(set) var graph: Graph
    private var tensors: [(name: String, tensor: StoredTensor)] = []
    private var seed: UInt32

    init(bands: Int, seed: UInt32 = 1) {
        graph = Graph(inputChannels: bands)
        self.seed = seed
    }

    private mutating func tensor(_ name: String, _ shape: [Int], around middle: Float = 0) -> ConstantTensor {
        seed += 1
        let elements = noise(count: shape.reduce(1, *), seed: seed, scale: 0.5).map { $0 + middle }
        tensors.append((name, StoredTensor(shape: shape, elements: elements)))
        return ConstantTensor(shape: shape, elements: elements)
    }

    mutating func convolution(
        _ name: String, _ inputs: Int, _ outputs: Int, height: Int = 3, width: Int = 3, dilation: Int = 1,
        hasBias: Bool = true, on map: Graph.Value
    ) -> Graph.Value {
        let weights = tensor("\(name).weight", [outputs, inputs, height, width])
        let bias = hasBias ? tensor("\(name).bias", [outputs]) : nil
        return graph.append(
            .convolution(Convolution(weights: weights, bias: bias, dilation: dilation)), map, label: name)
    }

    mutating func upConvolution(
        _ name: String, _ inputs: Int, _ outputs: Int, stride: Int = 2, on map: Graph.Value
    ) -> Graph.Value {
        let weights = tensor("\(name).weight", [inputs, outputs, stride, stride])
        let bias = tensor("\(name).bias", [outputs])
        return graph.append(
            .transposedConvolution(TransposedConvolution(weights: weights, bias: bias, stride: stride)), map,
            label: name)
    }

    mutating func norm(_ name: String, _ channels: Int, on map: Graph.Value) -> Graph.Value {
        let affine = ChannelAffine(
            batchNorm: tensor("\(name).weight", [channels], around: 1), bias: tensor("\(name).bias", [channels]),
            mean: tensor("\(name).running_mean", [channels]),
            variance: tensor("\(name).running_var", [channels], around: 1))
        return graph.append(.affine(affine), map, label: name)
    }

    mutating func append(_ operation: Operation, _ maps: Graph.Value...) -> Graph.Value {
        graph.append(operation, maps)
    }

    func training(outputs: [Graph.Value]) -> TrainingGraph {
        TrainingGraph(graph: graph, outputs: outputs, family: "a sketch", stateDict: StateDict(tensors: tensors))
    }
}
