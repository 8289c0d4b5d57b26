import ArgumentParser
import Overtile

/// The rasters that `segment` writes beside the mask, each to a path.
struct SceneRasterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Also write the probabilities, as a GeoTIFF with a band for each class. For several scenes, another folder.
            """,
            valueName: "path"), completion: .masks)
    var probabilities: String?

    @Option(
        help: ArgumentHelp(
            """
            Also write the probability of each pixel's class, as a uint8 GeoTIFF in steps of 0.004 (the band's scale) \
            with 255 for no data. For several scenes, another folder.
            """, valueName: "path"), completion: .masks)
    var confidence: String?

    /// The path of each raster that was asked for.
    var rasters: [RasterOutput.Kind: String] {
        [.probabilities: probabilities, .confidence: confidence].compactMapValues { $0 }
    }
}

/// The rasters that commands for folders of scenes write beside the masks, each into a folder.
struct FolderRasterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Also write the probabilities, as float32 GeoTIFFs with a band for each class, into another folder.",
            valueName: "dir"), completion: .directory)
    var probabilities: String?

    @Option(
        help: ArgumentHelp(
            """
            Also write the probability of each pixel's class, as uint8 GeoTIFFs like those of segment, into another \
            folder.
            """,
            valueName: "dir"), completion: .directory)
    var confidence: String?

    /// The folder of each raster that was asked for.
    var rasters: [RasterOutput.Kind: String] {
        [.probabilities: probabilities, .confidence: confidence].compactMapValues { $0 }
    }
}
