/// What kind of file a raster is written as; the raw values are GDAL's short names of its drivers.
public enum RasterFormat: String, CaseIterable, Sendable {
    /// A tiled GeoTIFF, as the creation options have it.
    case geoTIFF = "GTiff"
    /// A cloud-optimised GeoTIFF: overviews in the file, its directories first and the smallest overview's pixels next,
    /// so that a reader over a network gets along with few requests. Source: OGC 21-026.
    case cloudOptimized = "COG"
}
