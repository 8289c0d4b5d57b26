import ArgumentParser
import Overtile

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: """
            Write a model as safetensors, which are safe to share and quick to open, or describe it in a STAC item.
            """,
        discussion: """
            The new file holds the tensors of the network and no more of the old one: no optimizer and no pickle. Its \
            metadata hold what the model file, its STAC item and the options say of bands, scaling, classes and the \
            like, so that these need not be given again.

            An output that ends in .json is a STAC item with the Machine Learning Model extension, which says the same \
            about the model file as it is. An item beside the model, under the model's name, is found by itself. An \
            ONNX model can be described in this way, but it cannot become safetensors, which hold no network.

            Examples:
              overtile convert unet.pth --output unet.safetensors --bands 4,3,2 --std 10000
              overtile convert unet.onnx --output unet.json --classes land,water
            """)

    @Argument(
        help: """
            The trained network: a PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors; for an item, also an ONNX \
            model.
            """
    )
    var model: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The new file; a STAC item if it ends in .json.", valueName: "path"))
    var output: String

    @Flag(help: "Store numbers in half precision, which takes half the space and keeps three digits.")
    var half = false

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace an output that exists.")
    var overwrite = false

    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Input") var input: InputOptions
    @OptionGroup(title: "Output") var classes: ClassOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The pixel size on the ground for which the model was trained.", valueName: "metres"))
    var resolution: Double?

    private var isItem: Bool { output.lowercased().hasSuffix(".json") }

    mutating func validate() throws {
        if let resolution, !(resolution > 0 && resolution.isFinite) {
            throw ValidationError("--resolution \(resolution) is no size of a pixel: give a number of metres")
        }
        if isItem && half {
            throw ValidationError("--half is for a model, and \(output) will be an item: leave it out")
        }
    }

    func run() throws {
        var options = SegmentationOptions()
        input.apply(to: &options)
        classes.apply(to: &options)
        if let resolution { options.resolution = .metres(resolution) }
        try OutputPaths.require(output, isNoneOf: [model] + (choices.modelItem.map { [$0] } ?? []))
        if isItem {
            let model = try choices.load(model)
            return try model.writeItem(output, description: try description(of: model, options), overwrite: overwrite)
        }
        guard try !Model.isONNX(path: model) else { throw networkWithoutPlace }
        let source = try ConvertibleModel(path: model, options: choices.options, item: choices.modelItem)
        source.model.description.warnings.forEach(Console.warn)
        let description = try description(of: source.model, options)
        try source.write(
            safetensors: output, options: choices.options, description: description, half: half, overwrite: overwrite)
    }

    /// The error for an ONNX model, whose tensors mean nothing without its graph.
    private var networkWithoutPlace: ModelFileError {
        ModelFileError(
            .unrepresentable, path: model,
            "is an ONNX model, whose network has no place in safetensors: convert the checkpoint that it was exported "
                + "from, or describe it in a STAC item with --output NAME.json")
    }

    private func description(of model: Model, _ options: SegmentationOptions) throws -> ModelDescription {
        let description = try options.description(of: model)
        description.refusals.values.sorted().forEach(Console.warn)
        return description
    }
}
