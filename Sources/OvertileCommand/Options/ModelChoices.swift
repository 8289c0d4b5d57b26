import ArgumentParser
import Overtile

/// The files of the networks that a scene goes through.
struct ModelPaths: ParsableArguments {
    @Option(
        name: [.customShort("m"), .customLong("model")],
        help: ArgumentHelp(
            """
            The trained network: an ONNX model, PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors. Given several times, \
            the mean of the networks' probabilities is taken; all must have the same bands and classes.
            """, valueName: "file"), completion: .models)
    var models: [String]
}

/// Options about a model that its tensors do not settle.
struct ModelChoices: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The depth to which a U-Net++ with deep supervision is pruned. By default, the mean of its heads is taken.
            """, valueName: "1...4"))
    var depth: Int?

    @Flag(help: "Say that the paper's U-Net was trained with padded convolutions, which its tensors do not show.")
    var padded = false

    @Option(
        help: ArgumentHelp(
            """
            What is assumed where the tensors of a network leave something open, such as upsampling=bilinear. inspect \
            shows what a network leaves open, what is taken for it, and what else may be.
            """, valueName: "key=value,..."),
        transform: { try ModelAssumptions(argument: $0) })
    var assume = ModelAssumptions()

    @Option(
        help: ArgumentHelp(
            """
            The key under which the checkpoint has the network, or the first word of its tensors' names, where a file \
            holds several networks. By default, the one that training loops mean.
            """, valueName: "name"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            """
            The output of an ONNX network that is the map of scores, where it has several. By default, the first that \
            could be one.
            """, valueName: "name"))
    var outputName: String?

    @Option(
        help: ArgumentHelp(
            """
            A STAC item (MLM extension) that describes the model. By default, the file with the model's name and the \
            ending .json, if there is one.
            """, valueName: "path"), completion: .file(extensions: ["json"]))
    var modelItem: String?

    var options: ModelOptions {
        var options = ModelOptions(padded: padded, depth: depth)
        options.assumptions = assume
        options.key = key
        options.outputName = outputName
        return options
    }

    /// Reads the model of a run, which may be the mean of several, and warns about the problems of their descriptions.
    ///
    /// - Parameters:
    ///   - options: those of the run.
    ///   - scenes: the scenes, which tell what is open about networks that are wired by their shapes.
    /// - Throws: `ModelFileError`, `ArchitectureError`, `WiringError` or `ModelOptionsError`; `SegmentationError` for models
    ///   that do not go together; and where no scene can be read that is needed to tell.
    func load(
        _ paths: [String], for options: SegmentationOptions, on scenes: [String], warn: (String) -> Void
    ) throws -> Model {
        if paths.count > 1, let modelItem {
            throw UsageError("--model-item \(modelItem) describes one model: leave it out where there are several")
        }
        return try options.mean(of: paths.map { try load($0, for: scenes, as: options, warn: warn) })
    }

    /// Reads a model, and warns about the problems of its description.
    ///
    /// - Throws: `ModelFileError`, `ArchitectureError`, `WiringError` or `ModelOptionsError`.
    func load(_ path: String, warn: (String) -> Void = Console.warn) throws -> Model {
        let model = try Model(path: path, options: options, item: modelItem)
        model.description.warnings.forEach(warn)
        return model
    }

    /// Reads a model that is to run on scenes, which tell what is open about a network that is wired by its shapes.
    ///
    /// - Parameter input: how the scenes are opened and fed.
    /// - Throws: as `load(_:warn:)`, and where no scene can be read that is needed to tell.
    func load(
        _ path: String, for scenes: [String], as input: SegmentationOptions, warn: (String) -> Void = Console.warn
    ) throws -> Model {
        let model = try Model(
            path: path, options: options, item: modelItem, decidedBy: scenes, as: input, note: warn)
        model.description.warnings.forEach(warn)
        return model
    }
}

extension ModelAssumptions {
    /// Reads the value of `--assume`.
    ///
    /// - Throws: `ValidationError`.
    fileprivate init(argument: String) throws(ValidationError) {
        do {
            try self.init(parsing: argument)
        } catch {
            throw ValidationError(error.description)
        }
    }
}

extension SegmentationOptions {
    /// Collects the settings from the option groups of a command.
    init(
        _ input: InputOptions, _ area: AreaOptions, _ resolution: ResolutionOptions, _ output: OutputOptions,
        _ plan: PlanOptions
    ) {
        self.init()
        input.apply(to: &self)
        area.apply(to: &self)
        resolution.apply(to: &self)
        output.apply(to: &self)
        plan.apply(to: &self)
    }
}
