package import TileGeometry

/// What is wrong with a GeoTIFF, or may become a nuisance: the judge of this project's own outputs, and of anybody's.
///
/// Looked at are its structure (is all of it there, does it lie in the file as a cloud-optimised one has to), its place
/// on the map, its nodata value, and the legend of a mask. Pixels are read of its smallest overview only. Sources: OGC
/// 21-026 (Cloud Optimized GeoTIFF 1.0), GDAL's driver pages of GTiff and COG.
package struct GeoTIFFCheck: Sendable {
    /// The file, as it was named.
    package let path: String
    /// What the file was checked as.
    package let format: RasterFormat
    /// The size of the raster.
    package let size: PixelSize
    /// The size of the raster's own tiles or strips.
    package let blockSize: PixelSize
    /// The sizes of the overviews in the file, the largest first.
    package let overviews: [PixelSize]
    /// What makes it another file than it should be, or unfit for some readers.
    package private(set) var errors: [String] = []
    /// What works, and may surprise or be slow.
    package private(set) var warnings: [String] = []

    /// True if no errors were found.
    package var isValid: Bool { errors.isEmpty }

    /// Looks at a file.
    ///
    /// - Parameter format: what the file should be; nil for what it says itself that it is.
    /// - Throws: `RasterError` for a file that is no GeoTIFF, or not a readable one.
    package init(path: String, format wanted: RasterFormat? = nil) throws(RasterError) {
        let raster = try RasterReader(path: path)
        guard raster.driverName == "GTiff", let header = TIFFHeader(path: path),
            let file = TIFFFile(path: path, fileSize: header.fileSize)
        else {
            throw RasterError(
                .unsupported, path: path, "cannot check \(path): it is no local GeoTIFF but \(raster.driverName)")
        }
        let directories = file.directories()
        let metadata = StructuralMetadata(path: path, after: header.length)
        let format = wanted ?? (metadata?.items["LAYOUT"] == nil ? .geoTIFF : .cloudOptimized)
        self.path = path
        self.format = format
        size = raster.size
        blockSize = directories[0].blockSize
        overviews = directories.filter { $0.kind == .overview }.map(\.size)

        var found = Findings()
        TIFFLayoutRules(directories: directories, header: header, metadata: metadata, format: format).judge(&found)
        RasterContentRules(raster: raster, format: format).judge(&found)
        errors = found.errors
        warnings = found.warnings
    }
}

/// What the rules of a check come to.
struct Findings {
    private(set) var errors: [String] = []
    private(set) var warnings: [String] = []

    mutating func error(_ text: String) { errors.append(text) }
    mutating func warn(_ text: String) { warnings.append(text) }
}
