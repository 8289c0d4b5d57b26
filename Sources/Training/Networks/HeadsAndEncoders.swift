package import Models
import NetworkGraph
import StoredTensors
import WeightFiles

extension TrainingGraph {
    /// The same network for another number of classes: where that differs, each head begins anew.
    ///
    /// - Parameter seed: of the new heads' weights.
    /// - Throws: `TrainingError` where a head is not a layer of its own.
    package func withClasses(_ classes: Int, seed: UInt64) throws -> TrainingGraph {
        var generator = TrainingGenerator(seed: seed)
        var stateDict = stateDict
        for output in outputs {
            let name = graph[output].label
            guard case .convolution(let head) = graph[output].operation,
                let index = stateDict.tensors.firstIndex(where: { $0.name == "\(name).weight" })
            else { throw TrainingError("\(family): its last layer is no convolution, and cannot begin anew") }
            guard head.outputChannels != classes else { continue }
            let fanIn = head.inputChannels * head.kernelHeight * head.kernelWidth
            let shape = [classes] + head.weights.shape.dropFirst()
            let weights = NewTensor(
                name: name, shape: shape, content: .weights(pytorchFanIn: fanIn, fanIn: fanIn))
            stateDict.tensors[index].tensor = StoredTensor(
                shape: shape, elements: weights.elements(.pytorch, &generator))
            if let bias = stateDict.tensors.firstIndex(where: { $0.name == "\(name).bias" }) {
                let tensor = NewTensor(name: name, shape: [classes], content: .bias(fanIn: fanIn))
                stateDict.tensors[bias].tensor = StoredTensor(
                    shape: [classes], elements: tensor.elements(.pytorch, &generator))
            }
        }
        return try TrainingGraph(stateDict, path: family)
    }

    /// The names of the encoder's parameters: those of all layers that no upsampling comes before.
    package var encoderParameters: Set<String> {
        var isUpsampled = [Bool](repeating: false, count: graph.nodes.count)
        var names: Set<String> = []
        for (index, node) in graph.nodes.enumerated() {
            isUpsampled[index] = node.inputs.contains { isUpsampled[$0.index] }
            switch node.operation {
            case .transposedConvolution, .resize: isUpsampled[index] = true
            case .convolution, .affine:
                if !isUpsampled[index] { names.formUnion(["\(node.label).weight", "\(node.label).bias"]) }
            default: break
            }
        }
        return names
    }
}
