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

    @Option(
        help: ArgumentHelp(
            """
            A STAC item (MLM extension) that describes the model; by default the file with the model's name and .json, \
            where there is one.
            """, valueName: "path"))
    var modelItem: String?

    var options: ModelOptions { ModelOptions(padded: padded, depth: depth) }

    /// Reads a model, and warns of what is wrong with its description.
    ///
    /// - Throws: `ModelFileError`, `ArchitectureError` or `ModelOptionsError`.
    func load(_ path: String, warn: (String) -> Void = Console.warn) throws -> Model {
        let model = try Model(path: path, options: options, item: modelItem)
        model.description.warnings.forEach(warn)
        return model
    }
}

extension SegmentationOptions {
    /// What a command's options ask for.
    init(_ input: InputOptions, _ resolution: ResolutionOptions, _ output: OutputOptions, _ plan: PlanOptions) {
        self.init()
        input.apply(to: &self)
        resolution.apply(to: &self)
        output.apply(to: &self)
        plan.apply(to: &self)
    }
}
