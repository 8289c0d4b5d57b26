import ArgumentParser

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
            "Also write probabilities, a float32 GeoTIFF with a band for each class; another folder for several scenes.",
            valueName: "path"))
    var probabilities: String?

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace outputs that exist.")
    var overwrite = false
}
