import ArgumentParser
import Overtile

/// What a model's tensors do not tell.
struct ModelChoices: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "U-Net++ with deep supervision: the pruned depth; without it the mean of all heads.", valueName: "1...4"))
    var depth: Int?

    @Flag(help: "The paper's U-Net was trained with padded convolutions, which its tensors do not tell.")
    var padded = false

    var options: ModelOptions { ModelOptions(padded: padded, depth: depth) }

    /// - Throws: `WeightsError`, `ArchitectureError` or `ModelOptionsError`.
    func load(_ path: String) throws -> Model { try Model(path: path, options: options) }
}
