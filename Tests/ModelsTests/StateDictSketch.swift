import Models
import StoredTensors
import WeightFiles

/// A state dict written down layer by layer, with numbers that differ from tensor to tensor.
struct StateDictSketch {
    private(set) var stateDict = StateDict(tensors: [])

    /// Conv2d and ConvTranspose2d alike: the weights' shape is in PyTorch's order.
    mutating func convolution(_ name: String, _ shape: [Int], bias: Int?) {
        tensor("\(name).weight", shape)
        if let bias { tensor("\(name).bias", [bias]) }
    }

    mutating func norm(_ name: String, _ channels: Int) {
        for part in ["weight", "bias", "running_mean", "running_var"] { tensor("\(name).\(part)", [channels]) }
        tensor("\(name).num_batches_tracked", [])
    }

    /// 3 x 3 convolutions, each with its batch norm, through the given widths.
    mutating func block(_ layers: [(convolution: String, norm: String)], _ widths: [Int], isBiased: Bool) {
        for (index, layer) in layers.enumerated() {
            let (inputs, outputs) = (widths[index], widths[index + 1])
            convolution(layer.convolution, [outputs, inputs, 3, 3], bias: isBiased ? outputs : nil)
            norm(layer.norm, outputs)
        }
    }

    mutating func tensor(_ name: String, _ shape: [Int]) {
        let seed = stateDict.tensors.count
        let count = shape.reduce(1, *)
        let tensor = StoredTensor(shape: shape) { (0..<count).map { Float(($0 * 7 + seed * 31) % 97) / 97 } }
        stateDict.tensors.append((name, tensor))
    }
}

extension StateDict {
    func without(_ name: String) -> StateDict {
        StateDict(tensors: tensors.filter { $0.name != name })
    }

    /// The same tensors, but one of another shape, without elements: shapes alone must decide.
    func with(_ name: String, shape: [Int]) -> StateDict {
        let hollow = StoredTensor(shape: shape) { [] }
        return StateDict(
            tensors: tensors.map { $0.name == name ? (name, hollow) : $0 }
                + (tensors.contains { $0.name == name } ? [] : [(name, hollow)]))
    }

    func shape(_ name: String) -> [Int]? { tensors.first { $0.name == name }?.tensor.shape }
}
