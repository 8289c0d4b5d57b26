extension StateDict {
    /// What wrappers put before every name: DataParallel and its kin, Lightning modules, torch.compile.
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
