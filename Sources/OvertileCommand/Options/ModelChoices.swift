import ArgumentParser
import Overtile

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
            A STAC item (MLM extension) that describes the model. By default, the file with the model's name and the \
            ending .json, if there is one.
            """, valueName: "path"))
    var modelItem: String?

    var options: ModelOptions { ModelOptions(padded: padded, depth: depth) }

    /// Reads a model, and warns about the problems of its description.
    ///
    /// - Throws: `ModelFileError`, `ArchitectureError` or `ModelOptionsError`.
    func load(_ path: String, warn: (String) -> Void = Console.warn) throws -> Model {
        let model = try Model(path: path, options: options, item: modelItem)
        model.description.warnings.forEach(warn)
        return model
    }
}

extension SegmentationOptions {
    /// Collects the settings from the option groups of a command.
    init(
        _ input: InputOptions, _ area: AreaOptions, _ resolution: ResolutionOptions, _ output: OutputOptions,
        _ plan: PlanOptions
    ) throws {
        self.init()
        input.apply(to: &self)
        try area.apply(to: &self)
        resolution.apply(to: &self)
        output.apply(to: &self)
        plan.apply(to: &self)
    }
}
