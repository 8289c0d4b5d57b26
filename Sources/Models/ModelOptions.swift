import StoredTensors
import WeightFiles

/// The choices that a model file leaves to the user.
///
///     let model = try Model(path: "nested.pth", options: ModelOptions(depth: 3))
///     print(model.depths ?? 1...1)  // those that the network has
public struct ModelOptions: Hashable, Sendable {
    /// True if the convolutions pad with zeros. It is used only for families whose parameters are the same with and
    /// without padding.
    public var padded: Bool
    /// The pruned depth of a U-Net++ with deep supervision; nil for the mean of all heads' logits.
    public var depth: Int?
    /// The assumptions about a network whose tensors leave more open than that.
    package var assumptions = ModelAssumptions()
    /// What pixels of a scene show, where nothing is assumed.
    package var shown = ModelAssumptions()
    /// The assumptions, completed by what a scene shows.
    package var settled: ModelAssumptions { assumptions.completed(from: shown) }
    /// The key under which a checkpoint has the network, or the first words of its tensors' names; nil for what is found.
    package var key: String?
    /// The output of an ONNX network that is meant; nil for the first that could be a map of scores.
    package var outputName: String?

    /// Makes options. Without arguments, nothing is chosen.
    public init(padded: Bool = false, depth: Int? = nil) {
        self.padded = padded
        self.depth = depth
    }

    /// Checks the options for a network that leaves no choice.
    ///
    /// - Throws: `ModelOptionsError` if anything was chosen.
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
        if !assumptions.isEmpty {
            throw ModelOptionsError(
                path: path, option: .assumptions,
                description: "\(path): leave out the assumption \(assumptions.text): \(title) leaves nothing open")
        }
        if let key {
            throw ModelOptionsError(
                path: path, option: .key,
                description: "\(path): leave out key \(ModelFileError.quoted(key)): \(title) is the whole file")
        }
    }

    /// Checks the output that is asked for against those of an ONNX network.
    ///
    /// - Throws: `ModelOptionsError` for one that it does not have.
    func checkOutput(among names: [String], path: String) throws(ModelOptionsError) {
        guard let outputName, !names.contains(outputName) else { return }
        let known = names.prefix(8).map(ModelFileError.quoted).joined(separator: ", ")
        throw ModelOptionsError(
            path: path, option: .outputName,
            description: "\(path): there is no output \(ModelFileError.quoted(outputName)): the network has \(known)")
    }

    /// Returns the prefix of the network's names that the key means; nil if there is no key, or if it is that of a
    /// dictionary, which has been taken.
    ///
    /// - Throws: `ModelOptionsError` for a key that the file does not have.
    func prefix(in stateDict: StateDict, path: String) throws(ModelOptionsError) -> String? {
        guard let key, stateDict.key != key, stateDict.key?.hasSuffix("." + key) != true else { return nil }
        let prefix = key + "."
        guard !stateDict.tensors.contains(where: { $0.name.hasPrefix(prefix) }) else { return prefix }
        let words = Set(stateDict.tensors.map { String($0.name.prefix { $0 != "." }) }).sorted()
        let keys = ([stateDict.key].compactMap { $0 } + stateDict.otherKeys).filter { !$0.isEmpty }
        let known = (keys + words).prefix(8).map(ModelFileError.quoted).joined(separator: ", ")
        throw ModelOptionsError(
            path: path, option: .key,
            description: "\(path): there is no key \(ModelFileError.quoted(key)): the file has \(known)")
    }

    /// Checks the options against a network.
    ///
    /// - Throws: `ModelOptionsError` for a choice that the network does not offer.
    func check(against network: RecognizedNetwork, title: String, path: String) throws(ModelOptionsError) {
        if let outputName {
            throw ModelOptionsError(
                path: path, option: .outputName,
                description:
                    "\(path): leave out the output \(ModelFileError.quoted(outputName)): a checkpoint names none")
        }
        if padded && !network.leavesPaddingOpen {
            throw ModelOptionsError(
                path: path, option: .padded,
                description: "\(path): leave out the request for padding: \(title) pads its convolutions anyway")
        }
        try check(network.assumptions, title: title, path: path)
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

    private func check(
        _ settled: SettledAssumptions, title: String, path: String
    ) throws(ModelOptionsError) {
        if let problem = settled.problems.first {
            throw ModelOptionsError(path: path, option: .assumptions, description: "\(path): \(problem)")
        }
        guard let needless = settled.needless.first else { return }
        let open = settled.settled.map(\.key.rawValue).joined(separator: ", ")
        throw ModelOptionsError(
            path: path, option: .assumptions,
            description: "\(path): leave out the assumption about \(needless): \(title) leaves "
                + (open.isEmpty ? "nothing open" : "open only \(open)"))
    }
}

/// The error that a sound model does not offer what an option asks for.
package struct ModelOptionsError: Error, CustomStringConvertible, Sendable {
    /// The option that was asked for.
    package enum Option: Sendable {
        case padded
        case depth
        case assumptions
        case key
        case outputName
        case tile
    }

    /// The model file.
    package let path: String
    /// The option that was asked for.
    package let option: Option
    /// One line: what is wrong and what to do.
    package let description: String
}

/// The options as Overtile writes them into `__metadata__` of a safetensors file, and reads them from it, so that the
/// file needs no flags.
extension ModelOptions {
    private static let paddedKey = "overtile.padded"
    private static let depthKey = "overtile.depth"
    private static let assumptionsKey = "overtile.assume"

    /// Returns these options, with those that are not set taken from a model file. Values that make no sense are
    /// ignored, so that metadata never stop a model that can run.
    func completed(from metadata: [String: String]) -> ModelOptions {
        var options = ModelOptions(
            padded: padded || metadata[Self.paddedKey] == "true",
            depth: depth ?? metadata[Self.depthKey].flatMap { Int($0) })
        let said = metadata[Self.assumptionsKey].flatMap { try? ModelAssumptions(parsing: $0) }
        options.assumptions = assumptions.completed(from: said ?? ModelAssumptions())
        (options.shown, options.key, options.outputName) = (shown, key, outputName)
        return options
    }

    /// The entries that hold these options in a file.
    var metadata: [String: String] {
        var entries: [String: String] = [:]
        if padded { entries[Self.paddedKey] = "true" }
        if let depth { entries[Self.depthKey] = "\(depth)" }
        if !settled.isEmpty { entries[Self.assumptionsKey] = settled.text }
        return entries
    }
}
