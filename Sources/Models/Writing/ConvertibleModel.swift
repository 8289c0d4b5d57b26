package import StoredTensors
import WeightFiles

/// A checkpoint that was read in order to be written again as safetensors.
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
            let stateDict = try Checkpoint.read(path: path)
            return (stateDict, try Model(stateDict, path: path, options: options, item: item))
        }
    }

    /// Writes the network's tensors, and beside them, as text, what the file said, the options and a description.
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
        var metadata = stateDict.metadata
            .merging(options.metadata) { _, said in said }
            .merging(description.metadata) { _, said in said }
        metadata["format"] = "pt"
        metadata["overtile.family"] = model.family
        try stateDict.write(safetensors: path, metadata: metadata, half: half, overwrite: overwrite)
    }
}
