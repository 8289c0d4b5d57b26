import CGDAL

/// GDAL's cache of decoded blocks, one for the whole process.
public enum RasterCache {
    /// Keeps the cache below this many bytes. GDAL's own limit is 5 % of the machine's memory.
    public static func limit(bytes: Int) {
        GDALLibrary.prepare()
        GDALSetCacheMax64(GIntBig(max(0, bytes)))
    }

    /// The limit in force, in bytes.
    public static var limit: Int {
        GDALLibrary.prepare()
        return Int(GDALGetCacheMax64())
    }

    /// Bytes in use now.
    public static var used: Int { Int(GDALGetCacheUsed64()) }
}
