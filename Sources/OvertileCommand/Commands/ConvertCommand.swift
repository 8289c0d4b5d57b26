import ArgumentParser
import Overtile

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a model as safetensors: safe to pass on, quick to open.",
        discussion: """
            The new file holds the tensors of the network and nothing else: no optimizer, no pickle. What was said of
            the network with --depth and --padded is written into it, and need not be said again.
            """)

    @Argument(help: "The trained network: a PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors file.")
    var model: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The new file.", valueName: "path"))
    var output: String

    @Flag(help: "Store numbers in half precision: half the size, three digits.")
    var half = false

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace an output that exists.")
    var overwrite = false

    @OptionGroup(title: "Network") var choices: ModelChoices

    func run() throws {
        let stateDict = try Checkpoint.read(path: model)
        let model = try Model(stateDict, path: model, options: choices.options)
        var metadata = stateDict.metadata.merging(choices.options.metadata) { _, said in said }
        metadata["format"] = "pt"
        metadata["overtile.family"] = model.family
        try stateDict.write(safetensors: output, metadata: metadata, half: half, overwrite: overwrite)
    }
}
