import ArgumentParser
import Overtile

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a model as safetensors, safe to pass on and quick to open; or describe it in a STAC item.",
        discussion: """
            The new file holds the tensors of the network and nothing else: no optimizer, no pickle. What the model file \
            and its STAC item say of bands, scaling, classes and the like is written into it, as is what is said here, \
            and need not be said again.

            An output that ends in .json is a STAC item with the Machine Learning Model extension, which says the same \
            of the model file as it is. Beside the model, under its name, it is found without being named. An ONNX \
            model can be described so, and cannot become safetensors, which hold no network.

            Examples:
              overtile convert unet.pth --output unet.safetensors --bands 4,3,2 --std 10000
              overtile convert unet.onnx --output unet.json --classes land,water
            """)

    @Argument(
        help: "The trained network: a PyTorch checkpoint (.pth, .pt, .ckpt), safetensors, or for an item an ONNX model."
    )
    var model: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The new file; a STAC item where it ends in .json.", valueName: "path"))
    var output: String

    @Flag(help: "Store numbers in half precision: half the size, three digits.")
    var half = false

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace an output that exists.")
    var overwrite = false

    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Input") var input: InputOptions
    @OptionGroup(title: "Output") var classes: ClassOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Pixel size on the ground at which the model was trained.", valueName: "metres"))
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

    /// The tensors of an ONNX model mean nothing without its graph.
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
