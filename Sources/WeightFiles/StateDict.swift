package import StoredTensors

/// The named tensors of a model file, in the file's order, and the text that the file carries beside them.
package struct StateDict: Sendable {
    package var tensors: [(name: String, tensor: StoredTensor)]
    /// safetensors' `__metadata__`; empty for containers without.
    package var metadata: [String: String]

    /// Tensors that a file may hold: a hundred times what the largest networks have.
    static let largestCount = 100_000

    package init(tensors: [(name: String, tensor: StoredTensor)], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }
}
