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

    /// Where rasters other than the mask go.
    var rasters: [RasterOutput.Kind: String] {
        [.probabilities: probabilities, .confidence: confidence].compactMapValues { $0 }
    }

    /// - Throws: `BatchError`; `ModelFileError` where there is no model, which a pass of watch that finds no scene would not
    ///   notice for months.
    func plan(_ products: FolderProductOptions) throws -> FolderLayout {
        guard FileManager.default.fileExists(atPath: model) else {
            throw ModelFileError(.noSuchFile, path: model, "no such file: check the path of the model")
        }
        return try FolderLayout(
            folder: output, others: rasters, companions: products.beside, products: products.options(),
            naming: OutputNaming(name), model: model)
    }
}
