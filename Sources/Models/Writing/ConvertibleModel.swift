import FileIO
package import StoredTensors
import WeightFiles

/// A checkpoint that was read in order to be written again in another format.
package struct ConvertibleModel: Sendable {
    /// The network that was recognised in it.
    package let model: Model
    private let stateDict: StateDict

    /// Reads a checkpoint. An ONNX network cannot be converted (`Model.isONNX`).
    ///
    /// - Parameters:
    ///   - options: what the file leaves open.
    ///   - item: as for `Model.init(path:)`.
    /// - Throws: as `Model.init(path:)`.
    package init(path: String, options: ModelOptions, item: String?) throws {
        (stateDict, model) = try ModelFileError.readingWhole {
            let stateDict = try Checkpoint.read(path: path, key: options.key)
            let model = try Model(stateDict, path: path, options: options, item: item)
            return (model.tensors.of(stateDict), model)
        }
    }

    /// Writes the network's tensors as safetensors, and beside them, as text, what the file said, the options and a
    /// description.
    ///
    /// - Parameters:
    ///   - path: the new file, which appears under its name only when it is complete.
    ///   - options: the options that the user set. What the file itself says is kept.
    ///   - description: what is known of the model.
    ///   - half: true to write float16.
    ///   - overwrite: true if a file of that name may be replaced.
    /// - Throws: as `StateDict.write(safetensors:)`.
    package func write(
        safetensors path: String, options: ModelOptions, description: ModelDescription, half: Bool, overwrite: Bool
    ) throws(ModelFileError) {
        try stateDict.write(
            safetensors: path, metadata: metadata(options, description), half: half, overwrite: overwrite)
    }

    /// Writes the network's tensors as a PyTorch checkpoint, with the same text beside them.
    ///
    /// - Parameters: as for `write(safetensors:)`.
    /// - Throws: as `StateDict.write(torch:)`.
    package func write(
        torch path: String, options: ModelOptions, description: ModelDescription, half: Bool, overwrite: Bool
    ) throws(ModelFileError) {
        try stateDict.write(torch: path, metadata: metadata(options, description), half: half, overwrite: overwrite)
    }

    private func metadata(_ options: ModelOptions, _ description: ModelDescription) -> [String: String] {
        var metadata = stateDict.metadata
            .merging(options.metadata) { _, said in said }
            .merging(description.metadata) { _, said in said }
        metadata["format"] = "pt"
        metadata["overtile.family"] = model.family
        return metadata
    }

    /// The text entries that a file of another format keeps: those about the training, and those that are not Overtile's.
    var carriedMetadata: [String: String] {
        stateDict.metadata.filter { key, _ in
            key.hasPrefix("overtile.trained.") || !(key.hasPrefix(OvertileMetadata.prefix) || key == "format")
        }
    }
}

/// The formats in which a model can be written, told by the ending of the file's name.
package enum ModelFormat: Sendable {
    /// Tensors by name, and text beside them.
    case safetensors
    /// PyTorch's checkpoint: a state dict for `torch.load`.
    case torch
    /// The network with its weights, for any program that runs ONNX.
    case onnx

    /// The endings of names, without the point.
    package static let endings = ["safetensors", "pth", "pt", "onnx"]

    /// Tells the format from a file's name; nil for another ending.
    package init?(path: String) {
        let name = FileName.last(of: path).lowercased()
        guard let ending = Self.endings.first(where: { name.hasSuffix("." + $0) }) else { return nil }
        switch ending {
        case "safetensors": self = .safetensors
        case "onnx": self = .onnx
        default: self = .torch
        }
    }
}
