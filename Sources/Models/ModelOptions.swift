/// What a model file leaves open, and the user decides.
public struct ModelOptions: Hashable, Sendable {
    /// True if the convolutions pad with zeros. Only for families whose parameters are the same with and without padding.
    public var padded: Bool
    /// The pruned depth of a U-Net++ with deep supervision; nil for the mean of all heads' logits.
    public var depth: Int?

    /// Options; without arguments nothing is chosen.
    public init(padded: Bool = false, depth: Int? = nil) {
        self.padded = padded
        self.depth = depth
    }

    /// - Throws: `ModelOptionsError` where something is asked of a network that leaves nothing open.
    func checkThatNoneIsSet(for title: String, path: String) throws(ModelOptionsError) {
        if padded {
            throw ModelOptionsError(
                path: path, option: .padded,
                description: "\(path): leave out the request for padding: \(title) says itself how it pads")
        }
        if let depth {
            throw ModelOptionsError(
                path: path, option: .depth,
                description: "\(path): leave out depth \(depth): \(title) has no depths to choose")
        }
    }

    /// - Throws: `ModelOptionsError` for a wish that the network cannot fulfil.
    func check(against network: RecognizedNetwork, title: String, path: String) throws(ModelOptionsError) {
        if padded && !network.leavesPaddingOpen {
            throw ModelOptionsError(
                path: path, option: .padded,
                description: "\(path): leave out the request for padding: \(title) pads its convolutions anyway")
        }
        guard let depth else { return }
        guard let depths = network.depths else {
            throw ModelOptionsError(
                path: path, option: .depth,
                description: "\(path): leave out depth \(depth): \(title) \(network.whyNoDepths)")
        }
        guard depths.contains(depth) else {
            let range = "\(depths.lowerBound) to \(depths.upperBound)"
            throw ModelOptionsError(
                path: path, option: .depth,
                description: "\(path): there is no depth \(depth): this \(title) has depths \(range)")
        }
    }
}

/// A wish that a model cannot fulfil: the model file is sound.
public struct ModelOptionsError: Error, CustomStringConvertible, Sendable {
    /// What was asked for.
    public enum Option: Sendable {
        case padded
        case depth
    }

    /// The model file.
    public let path: String
    /// What was asked for.
    public let option: Option
    /// One line: what is wrong and what to do.
    public let description: String
}

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
    var metadata: [String: String] {
        var entries: [String: String] = [:]
        if padded { entries[Self.paddedKey] = "true" }
        if let depth { entries[Self.depthKey] = "\(depth)" }
        return entries
    }
}
