package import StoredTensors

/// The named tensors of a model file, in the file's order, and the text that the file carries beside them.
package struct StateDict: Sendable {
    /// The tensors, in the file's order.
    package var tensors: [(name: String, tensor: StoredTensor)]
    /// The text entries of safetensors' `__metadata__`; empty for containers without any.
    package var metadata: [String: String]
    /// The keys under which a checkpoint has these tensors, joined by points; nil if there are none, or if the tensors come
    /// from elsewhere.
    package var key: String?
    /// The keys of other dictionaries of tensors in the same checkpoint.
    package var otherKeys: [String] = []
    /// The modules of a network that was saved whole, in the order of their registration, under the names that they have in
    /// the file; empty for a state dict.
    package var modules: [ModuleRecord] = []
    /// True for a module of TorchScript.
    package var isScript = false
    /// True if the tensors stand in the order of their names, as libraries write safetensors, and no longer in that in
    /// which the layers were registered.
    package var isSortedByName = false

    /// The most tensors of a file: a hundred times what the largest networks have.
    static let largestCount = 100_000

    /// Makes a state dict of tensors that were read from a file, or that a program made.
    package init(tensors: [(name: String, tensor: StoredTensor)], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }
}

extension StateDict {
    /// The prefixes that wrappers put before every name: DataParallel and the like, Lightning modules, torch.compile.
    private static let wrapperPrefixes = ["module.", "model.", "net.", "_orig_mod."]

    /// The most prefixes that are removed: more wrappers than anybody puts around a network.
    private static let mostPrefixes = 8

    /// Removes such prefixes from the names, one after the other, as long as all names share one.
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
