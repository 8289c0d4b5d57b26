import ArgumentParser
import Overtile

/// The model file, and what its tensors do not tell.
struct ModelOption: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The trained network: a PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors file.", valueName: "file"))
    var model: String

    @OptionGroup var choices: ModelChoices

    func load() throws -> Model { try choices.load(model) }
}

/// What a model's tensors do not tell.
struct ModelChoices: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "U-Net++ with deep supervision: the pruned depth; without it the mean of all heads.", valueName: "1...4"))
    var depth: Int?

    @Flag(help: "The paper's U-Net was trained with padded convolutions; its tensors do not tell.")
    var padded = false

    func load(_ path: String) throws -> Model {
        try Model(path: path, options: ModelOptions(padded: padded, depth: depth))
    }
}
