public import Tensors

/// The named tensors of a model file, in the file's order, and the text that the file carries beside them.
public struct StateDict: Sendable {
    public var tensors: [(name: String, tensor: ConstantTensor)]
    /// safetensors' `__metadata__`; empty for containers without.
    public var metadata: [String: String]

    public init(tensors: [(name: String, tensor: ConstantTensor)], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }
}
