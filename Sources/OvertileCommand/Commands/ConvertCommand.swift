import ArgumentParser
import Overtile

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: """
            Write a model as safetensors, as a PyTorch checkpoint or as ONNX, or describe it in a STAC item.
            """,
        discussion: """
            The ending of the output chooses the format. The new file holds the tensors of the network and no more of the \
            old one: no optimizer and no code. Its metadata hold what the model file, its STAC item and the options say \
            of bands, scaling, classes and the like, so that these need not be given again.

            .safetensors: safe to share, and quick to open.

            .pth or .pt: a state dict for the network's own code in Python: net.load_state_dict(torch.load(path)). It \
            loads with weights_only=True. What is known beside the tensors is torch.load(path).overtile, a dict of strings.

            .onnx: the network with its weights, opset 17, for QGIS (the plugin Deepness), ONNX Runtime and other programs. \
            It takes any number of images of any size, gives probabilities, and has Deepness's keys; scaling is not part of \
            the network but of these keys. The output of a network with valid convolutions is smaller than its input, and \
            lies over its middle. Deepness wants one size of input, and as large an output: give it with --tile, which \
            mirrors the image beyond its border. Overtile itself needs no --tile.

            .json: a STAC item with the Machine Learning Model extension, which says the same about the model file as it is. \
            An item beside the model, under the model's name, is found by itself. An ONNX model can be described in this way, \
            but it cannot become safetensors or a checkpoint, which hold no network.

            Examples:
              overtile convert unet.pth --output unet.safetensors --bands 4,3,2 --std 10000
              overtile convert fields.safetensors --output fields.pth
              overtile convert fields.safetensors --output fields.onnx --tile 512
              overtile convert unet.onnx --output unet.json --classes land,water
            """)

    @Argument(
        help: """
            The trained network: a PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors; for an item, also an ONNX \
            model.
            """, completion: .models)
    var model: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The new file, which ends in .safetensors, .pth, .pt, .onnx or .json.", valueName: "path"),
        completion: .file(extensions: ["safetensors", "pth", "pt", "onnx", "json"]))
    var output: String

    @Flag(help: "Store numbers in half precision, which takes half the space and keeps three digits.")
    var half = false

    @Option(
        help: ArgumentHelp(
            "For ONNX: the one size of image that the network takes, and gives as much for.", valueName: "pixels"))
    var tile: Int?

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace an output that exists.")
    var overwrite = false

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

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
        let format = ModelFormat(path: output)
        guard isItem || format != nil else {
            throw ValidationError(
                "--output \(output): the ending chooses the format: give a name that ends in .safetensors, .pth, .pt, "
                    + ".onnx or .json")
        }
        if half && format == .onnx {
            throw ValidationError("--half is for tensors, and an ONNX network computes in float32: leave it out")
        }
        if let tile {
            guard format == .onnx else {
                throw ValidationError("--tile is for an ONNX network, and \(output) will be none: leave it out")
            }
            guard (1...1 << 15).contains(tile) else {
                throw ValidationError("--tile \(tile) is no size of an image: give a number of pixels up to \(1 << 15)")
            }
        }
    }

    func run() throws {
        var options = SegmentationOptions()
        input.apply(to: &options)
        classes.apply(to: &options)
        if let resolution { options.resolution = .metres(resolution) }
        try OutputPaths.require(output, isNoneOf: [model] + (choices.modelItem.map { [$0] } ?? []))
        guard let format = ModelFormat(path: output) else {
            let model = try choices.load(model, warn: warn)
            return try model.writeItem(output, description: try description(of: model, options), overwrite: overwrite)
        }
        guard try !Model.isONNX(path: model) else { throw networkWithoutPlace }
        let source = try ConvertibleModel(path: model, options: choices.options, item: choices.modelItem)
        source.model.description.warnings.forEach(warn)
        let description = try description(of: source.model, options)
        switch format {
        case .safetensors:
            try source.write(
                safetensors: output, options: choices.options, description: description, half: half,
                overwrite: overwrite)
        case .torch:
            try source.write(
                torch: output, options: choices.options, description: description, half: half, overwrite: overwrite)
        case .onnx:
            ConvertibleModel.lossesInONNX(of: description).forEach { warn("\(output): \($0)") }
            try source.write(onnx: output, description: description, tile: tile, overwrite: overwrite)
        }
    }

    private func warn(_ message: String) {
        if !quiet { Console.warn(message) }
    }

    /// The error for an ONNX model, whose tensors mean nothing without its graph.
    private var networkWithoutPlace: ModelFileError {
        ModelFileError(
            .unrepresentable, path: model,
            "is an ONNX model already, whose network has no place in a file of tensors: convert the checkpoint that it was "
                + "exported from, or describe it in a STAC item with --output NAME.json")
    }

    private func description(of model: Model, _ options: SegmentationOptions) throws -> ModelDescription {
        let description = try options.description(of: model)
        description.refusals.values.sorted().forEach(warn)
        return description
    }
}
