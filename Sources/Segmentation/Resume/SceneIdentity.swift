public import RasterIO
import TileGeometry

/// Which scene it is, down to the state of its files: two identities are equal only where nothing that the scene is made of
/// has changed in between, as far as sizes and times tell.
public struct SceneIdentity: Codable, Hashable, Sendable {
    /// All files that the scene is made of, its own first: a mosaic's sources and all sidecars. Of what GDAL finds under a
    /// path of its own (`/vsi…`), that path; empty for what is no file at all, as a database.
    package let files: [SourceFile]
    /// The raster as it was opened.
    public let width: Int
    public let height: Int
    public let bands: Int
    /// As it was opened: what it is called where there are no files.
    private let path: String

    /// - Parameter scene: opened just before, so that it is what its files are now.
    public init(of scene: RasterReader) {
        let paths = scene.files.isEmpty ? [scene.path] : scene.files
        files = paths.compactMap { SourceFile(path: $0) }
        (width, height, bands) = (scene.size.width, scene.size.height, scene.bands.count)
        path = files.first?.path ?? scene.path
    }

    /// Whether all files are what they were, told without opening any of them. A sidecar that has appeared since is not
    /// seen: only opening the scene shows whether it counts.
    public var isUnchanged: Bool {
        !files.isEmpty && files.allSatisfy { SourceFile(path: $0.path) == $0 }
    }
}
