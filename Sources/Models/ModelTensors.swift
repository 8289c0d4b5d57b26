import ONNXReader
package import StoredTensors
import WeightFiles

/// The named tensors of a model file of any kind: those of a checkpoint, or the weights of an ONNX network.
package struct ModelTensors: Sendable {
    /// A tensor and what the file says of it.
    package struct Entry: Hashable, Sendable {
        /// The tensor's name.
        package let name: String
        /// The extent of each axis; empty for a scalar.
        package let shape: [Int]
        /// The element type in the file, by its name in PyTorch and NumPy: "float16".
        package let type: String
    }

    /// The tensors, in the file's order.
    package let entries: [Entry]

    /// Reads what a model file holds, whether or not its network is known.
    ///
    /// - Parameter key: the dictionary of a checkpoint that is meant; nil for the one that is found.
    /// - Throws: `ModelFileError` for a file that cannot be read.
    package init(path: String, key: String? = nil) throws(ModelFileError) {
        let stateDict: StateDict
        if try Checkpoint.isONNX(path: path) {
            let model = try ONNXModel(path: path)
            stateDict = try Checkpoint.finished(StateDict(tensors: model.graph.weights), of: model.file)
        } else {
            stateDict = try Checkpoint.read(path: path, key: key)
        }
        entries = stateDict.tensors.map { name, tensor in
            Entry(name: name, shape: tensor.shape, type: tensor.type?.rawValue ?? "")
        }
    }
}

extension Model {
    /// Returns true if a file is an ONNX network, and false if it is a checkpoint or of another kind.
    ///
    /// - Throws: `ModelFileError` for a file that cannot be read.
    package static func isONNX(path: String) throws(ModelFileError) -> Bool { try Checkpoint.isONNX(path: path) }
}
