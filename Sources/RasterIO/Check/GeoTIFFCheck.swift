package import TileGeometry

/// Checks a GeoTIFF for errors, and for properties that may become a nuisance. It judges Overtile's own outputs and
/// those of any other program.
///
/// It checks the structure (is the file complete, and is it laid out as a cloud-optimised one must be), the place on
/// the map, the nodata value, and the legend of a mask. Only the pixels of the smallest overview are read. Sources: OGC
/// 21-026 (Cloud Optimized GeoTIFF 1.0), GDAL's driver pages of GTiff and COG.
package struct GeoTIFFCheck: Sendable {
    /// The file, as it was named.
    package let path: String
    /// The format that the file was checked for.
    package let format: RasterFormat
    /// The size of the raster.
    package let size: PixelSize
    /// The size of the raster's own tiles or strips.
    package let blockSize: PixelSize
    /// The sizes of the overviews in the file, the largest first.
    package let overviews: [PixelSize]
    /// The errors: properties that the format forbids, or that some readers cannot handle.
    package private(set) var errors: [String] = []
    /// The warnings: properties that work, but may surprise or be slow.
    package private(set) var warnings: [String] = []

    /// True if no errors were found.
    package var isValid: Bool { errors.isEmpty }

    /// Checks a file.
    ///
    /// - Parameter format: the format that the file should have; nil for the one that it claims.
    /// - Throws: `RasterError` if the file is not a GeoTIFF, or cannot be read.
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

/// The errors and warnings that the rules of a check have found.
struct Findings {
    private(set) var errors: [String] = []
    private(set) var warnings: [String] = []

    mutating func error(_ text: String) { errors.append(text) }
    mutating func warn(_ text: String) { warnings.append(text) }
}
