package import StoredTensors

/// The named tensors of a model file, in the file's order, and the text that the file carries beside them.
package struct StateDict: Sendable {
    /// The tensors, in the file's order.
    package var tensors: [(name: String, tensor: StoredTensor)]
    /// The text of safetensors' `__metadata__`; empty for containers that have none.
    package var metadata: [String: String]

    /// Tensors that a file may hold: a hundred times what the largest networks have.
    static let largestCount = 100_000

    /// Tensors that were read from a file, or that a program made.
    package init(tensors: [(name: String, tensor: StoredTensor)], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }
}

extension StateDict {
    /// The prefixes that wrappers put before every name: DataParallel and the like, Lightning modules, torch.compile.
    private static let wrapperPrefixes = ["module.", "model.", "net.", "_orig_mod."]

    /// More wrappers than anybody puts around a network.
    private static let mostPrefixes = 8

    /// Takes such prefixes off the names, one after the other, as long as all of them share one.
    mutating func removeSharedPrefixes() {
        for _ in 0..<Self.mostPrefixes {
            guard let prefix = Self.wrapperPrefixes.first(where: isShared) else { return }
            func shortened(_ name: String) -> String { String(name.unicodeScalars.dropFirst(prefix.utf8.count)) }
            for index in tensors.indices { tensors[index].name = shortened(tensors[index].name) }
        }
    }

    private func isShared(_ prefix: String) -> Bool {
        !tensors.isEmpty
            && tensors.allSatisfy { $0.name.utf8.starts(with: prefix.utf8) && $0.name.utf8.count > prefix.utf8.count }
    }
}
