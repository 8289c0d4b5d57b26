import ArgumentParser
import Overtile

/// What a shell offers where the name of a file is to be typed. Folders are always offered too.
extension CompletionKind {
    /// Files of any ending: scenes, of which GDAL reads more formats than anybody remembers.
    static var files: CompletionKind { .file() }

    /// Files that may hold a trained network.
    static var models: CompletionKind { .file(extensions: ["onnx", "pth", "pt", "ckpt", "safetensors"]) }

    /// Rasters of classes or confidences, as `segment` writes them.
    static var masks: CompletionKind { .file(extensions: maskExtensions) }

    /// Layers of polygons: zones, areas, labels.
    static var layers: CompletionKind { .file(extensions: layerExtensions) }

    /// Classes of pixels, as a raster or as polygons.
    static var truths: CompletionKind { .file(extensions: maskExtensions + layerExtensions) }

    private static var maskExtensions: [String] { ["tif", "tiff", "vrt"] }
    private static var layerExtensions: [String] { VectorFormat.allCases.map(\.rawValue) + ["json"] }
}
