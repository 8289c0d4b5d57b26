public import Tensors

/// The named tensors of a model file, in the file's order, and the text that the file carries beside them.
public struct StateDict: Sendable {
    public var tensors: [(name: String, tensor: ConstantTensor)]
    /// safetensors' `__metadata__`; empty for containers without.
    public var metadata: [String: String]

    /// What the file's elements are, by the tensor's name; nothing for tensors that come from no file.
    public var elementTypes: [String: ElementType]

    /// Tensors that a file may hold: a hundred times what the largest networks have.
    static let largestCount = 100_000

    public init(
        tensors: [(name: String, tensor: ConstantTensor)], metadata: [String: String] = [:],
        elementTypes: [String: ElementType] = [:]
    ) {
        self.tensors = tensors
        self.metadata = metadata
        self.elementTypes = elementTypes
    }
}
