import ArgumentParser
import Overtile

/// The model, and where the results go.
struct FileOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The trained network: an ONNX model, PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors.",
            valueName: "file"))
    var model: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The mask, a GeoTIFF; a folder that exists for several scenes.", valueName: "path"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "Also write probabilities, a GeoTIFF with a band for each class; another folder for several scenes.",
            valueName: "path"))
    var probabilities: String?

    @Option(
        help: ArgumentHelp(
            """
            Also write the probability of each pixel's class in the mask, a uint8 GeoTIFF in steps of 0.004 (the band's \
            scale), 255 where there is no data; another folder for several scenes.
            """, valueName: "path"))
    var confidence: String?

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace outputs that exist.")
    var overwrite = false

    /// Where rasters other than the mask go.
    var rasters: [RasterOutput.Kind: String] {
        [.probabilities: probabilities, .confidence: confidence].compactMapValues { $0 }
    }
}
