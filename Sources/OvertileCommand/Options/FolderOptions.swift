import ArgumentParser
import Foundation
import Overtile

/// The model, and the folders and names of what is written: for commands that run scenes by the folder.
struct FolderOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The trained network: an ONNX model, PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors.",
            valueName: "file"))
    var model: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A folder that exists, for the masks and for the ledger of what was done.", valueName: "dir")
    )
    var output: String

    @Option(
        help: ArgumentHelp(
            "Also write probabilities, float32 GeoTIFFs with a band for each class, into another folder.",
            valueName: "dir"))
    var probabilities: String?

    @Option(
        help: ArgumentHelp(
            "Also write the probability of each pixel's class, uint8 GeoTIFFs as segment writes them, into another folder.",
            valueName: "dir"))
    var confidence: String?

    @Option(
        help: ArgumentHelp(
            """
            Names of outputs, of {stem} (the scene's name without its extension), {folder} (the name of the scene's folder), \
            {model} and {date} (the day of the run).
            """, valueName: "template"))
    var name = OutputNaming.standard

    @Flag(
        name: [.long, .customLong("overwrite", withSingleDash: true)],
        help: "Replace outputs that exist, also those that the ledger does not know.")
    var overwrite = false

    /// - Throws: `BatchError`; `ModelFileError` where there is no model, which a pass of watch that finds no scene would not
    ///   notice for months.
    func plan(_ products: FolderProductOptions) throws -> OutputPlan {
        guard FileManager.default.fileExists(atPath: model) else {
            throw ModelFileError(.noSuchFile, path: model, "no such file: check the path of the model")
        }
        return try OutputPlan(
            folder: output, probabilities: probabilities, besides: products.besides(confidence: confidence),
            products: products.options(), naming: OutputNaming(name), model: model)
    }
}

/// Which files of a folder are scenes.
struct SceneChoice: ParsableArguments {
    @Flag(help: "Also take scenes from folders inside a folder.")
    var recursive = false

    @Option(
        help: ArgumentHelp(
            """
            Which files of a folder are scenes, as '*_ms.tif'; may be given again. By default those with the extension of \
            a format that scenes mostly have, such as .tif, .jp2 and .vrt.
            """, valueName: "glob"))
    var pattern: [String] = []

    var names: SceneNames { SceneNames(patterns: pattern) }
}
