extension StateDict {
    /// What wrappers put before every name: DataParallel and its kin, Lightning modules, torch.compile.
    private static let wrapperPrefixes = ["module.", "model.", "net.", "_orig_mod."]

    /// Takes such prefixes off the names, one after the other, as long as all of them share one.
    mutating func removeSharedPrefixes() {
        while let prefix = Self.wrapperPrefixes.first(where: isShared) {
            for index in tensors.indices { tensors[index].name.unicodeScalars.removeFirst(prefix.utf8.count) }
        }
    }

    private func isShared(_ prefix: String) -> Bool {
        !tensors.isEmpty
            && tensors.allSatisfy { $0.name.utf8.starts(with: prefix.utf8) && $0.name.utf8.count > prefix.utf8.count }
    }
}
