import FileIO
import MaskProducts
import RasterIO

/// What is written for one scene, and where.
public struct SceneOutputs: Equatable, Sendable {
    /// What an output is called in ledgers, logs and the environment of commands.
    public enum Kind: String, Sendable {
        case mask, probabilities, confidence, polygons, statistics, style
        /// Of a catalogue (STAC).
        case item
    }

    public var mask: String
    // nil for none.
    public var probabilities: String?
    public var confidence: String?
    public var polygons: String?
    public var statistics: String?
    /// Whether a QGIS style lies beside the mask.
    public var hasStyle = false
    /// Whether a STAC item lies beside each raster.
    public var hasItems = false

    public init(mask: String, probabilities: String? = nil, confidence: String? = nil) {
        self.mask = mask
        self.probabilities = probabilities
        self.confidence = confidence
    }

    /// The mask first.
    public var rasters: [(kind: Kind, path: String)] {
        [(.mask, mask), (.probabilities, probabilities), (.confidence, confidence)]
            .compactMap { kind, path in path.map { (kind, $0) } }
    }

    /// All outputs, the mask first.
    public var files: [(kind: Kind, path: String)] {
        let derived: [(kind: Kind, path: String?)] = [
            (.polygons, polygons), (.statistics, statistics),
            (.style, hasStyle ? QGISStyle.path(besideRaster: mask) : nil),
        ]
        return rasters + derived.compactMap { kind, path in path.map { (kind, $0) } }
            + (hasItems ? rasters.map { (.item, STACItem.path(besideRaster: $0.path)) } : [])
    }

    /// Names that promise another format than the rasters have.
    public var warnings: [String] {
        let others: Set = ["png", "jpg", "jpeg", "jp2", "img", "vrt", "nc", "asc", "shp", "gpkg", "geojson"]
        return rasters.map(\.path).filter { others.contains(FileName.pathExtension(of: $0)) }
            .map { "\($0) will be a GeoTIFF, whatever its name says: name it .tif" }
    }

    /// - Throws: `BatchError` where outputs would replace each other, the model's own item, or a file that the scene is
    ///   made of, as a mosaic is.
    func check(against scene: RasterReader, model: String) throws(BatchError) {
        let sources = Set(scene.files.map(CanonicalPath.named))
        let item = CanonicalPath.named(STACItem.path(besideRaster: model))
        var taken: [String: Kind] = [:]
        for (kind, output) in files {
            let path = CanonicalPath.named(output)
            if sources.contains(path) {
                throw BatchError(
                    .usage, "\(output) is a part of \(scene.path) and would be overwritten: choose another output")
            }
            if kind == .item, path == item {
                throw BatchError(
                    .usage, "\(output) is where the model's own item is looked for: choose another output")
            }
            if let other = taken.updateValue(kind, forKey: path) {
                throw BatchError(
                    .usage, "\(output) would be both \(other) and \(kind): choose names that differ before the dot")
            }
        }
    }
}
