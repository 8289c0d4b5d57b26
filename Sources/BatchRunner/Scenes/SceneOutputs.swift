import RasterIO

/// What is written for one scene, and where.
public struct SceneOutputs: Equatable, Sendable {
    public var mask: String
    /// nil for none.
    public var probabilities: String?
    /// nil for none.
    public var confidence: String?

    public init(mask: String, probabilities: String? = nil, confidence: String? = nil) {
        self.mask = mask
        self.probabilities = probabilities
        self.confidence = confidence
    }

    /// All outputs, the mask first, with what they are called in ledgers, logs and the environment of commands.
    public var files: [(kind: String, path: String)] {
        [("mask", mask), ("probabilities", probabilities), ("confidence", confidence)]
            .compactMap { kind, path in path.map { (kind, $0) } }
    }

    /// Names that promise another format than the outputs have.
    public var warnings: [String] {
        let others: Set = ["png", "jpg", "jpeg", "jp2", "img", "vrt", "nc", "asc", "shp", "gpkg", "geojson"]
        return files.map(\.path).filter { others.contains(FileName.pathExtension(of: $0)) }
            .map { "\($0) will be a GeoTIFF, whatever its name says: name it .tif" }
    }

    /// - Throws: `BatchError` where an output would replace a file that the scene is made of, as a mosaic is.
    func check(against scene: RasterReader) throws(BatchError) {
        let sources = Set(scene.files.map(ScenePath.canonical))
        for (_, output) in files where sources.contains(ScenePath.canonical(output)) {
            throw BatchError(
                .usage, "\(output) is a part of \(scene.path) and would be overwritten: choose another output")
        }
    }
}
