/// What Overtile writes into a safetensors file's `__metadata__` so that the file needs no flags, and reads from it.
extension ModelOptions {
    private static let paddedKey = "overtile.padded"
    private static let depthKey = "overtile.depth"

    /// These options, and for those that are not set what a model file says of itself. Values that make no sense are
    /// passed over: the file's own words never stop a model that can run.
    func completed(from metadata: [String: String]) -> ModelOptions {
        ModelOptions(
            padded: padded || metadata[Self.paddedKey] == "true",
            depth: depth ?? metadata[Self.depthKey].flatMap { Int($0) })
    }

    /// The entries that say the same in a file.
    public var metadata: [String: String] {
        var entries: [String: String] = [:]
        if padded { entries[Self.paddedKey] = "true" }
        if let depth { entries[Self.depthKey] = "\(depth)" }
        return entries
    }
}
