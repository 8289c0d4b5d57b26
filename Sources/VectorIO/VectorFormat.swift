import CGDAL
import FileIO
package import RasterIO

/// The formats of polygons that are written, told by their file's extension.
package enum VectorFormat: String, CaseIterable, Sendable {
    case geoPackage = "gpkg"
    case flatGeobuf = "fgb"
    case geoJSON = "geojson"
    case shapefile = "shp"
    case parquet = "parquet"

    /// Tells the format by the ending of a file's name.
    ///
    /// - Throws: `.badArgument` for extensions of other formats; `.unsupported` where this machine's GDAL cannot write
    ///   the format.
    package init(path: String) throws(RasterError) {
        let name = path.split(separator: "/").last ?? ""
        let dot = name.lastIndex(of: ".")
        let ending = dot.map { name[name.index(after: $0)...].lowercased() } ?? ""
        guard let format = ending == "json" ? .geoJSON : VectorFormat(rawValue: ending) else {
            let known = VectorFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
            throw RasterError(
                .badArgument, path: path,
                "cannot tell the format of \(path) by its ending: polygons are written as \(known)")
        }
        guard format.isBuilt else {
            throw RasterError(
                .unsupported, path: path,
                "cannot write \(path): this machine's GDAL has no driver that writes \(format.driverName); "
                    + "write a .gpkg, or a GDAL that has it is needed")
        }
        self = format
    }

    var driverName: String {
        switch self {
        case .geoPackage: "GPKG"
        case .flatGeobuf: "FlatGeobuf"
        case .geoJSON: "GeoJSON"
        case .shapefile: "ESRI Shapefile"
        case .parquet: "Parquet"
        }
    }

    /// True if coordinates are always WGS 84 longitudes and latitudes (RFC 7946), whatever the raster's.
    package var isAlwaysWGS84: Bool { self == .geoJSON }

    private var isBuilt: Bool {
        GDALLibrary.prepare()
        guard let driver = GDALGetDriverByName(driverName) else { return false }
        return GDALGetMetadataItem(driver, GDAL_DCAP_VECTOR, nil) != nil
            && GDALGetMetadataItem(driver, GDAL_DCAP_CREATE, nil) != nil
    }

    /// The path by which GDAL is to know a file of this format. SQLite, which writes GeoPackages, tells by itself of all
    /// that fails, and has its own way to files.
    func writingPath(_ path: String) -> String { self == .geoPackage ? path : TrackedFiles.path(path) }

    /// The output's hidden folder, with the names of the files that belong to it or that programs would take for part
    /// of it, and of those that GDAL keeps beside it while it writes.
    func stage(_ path: String, overwrite: Bool) throws(RasterError) -> StagedFolder {
        let siblings =
            self == .shapefile ? ["shx", "dbf", "prj", "cpg", "qpj", "qix", "sbn", "sbx", "shp.xml"] : []
        let suffixes = self == .geoPackage ? ["-journal", "-wal", "-shm"] : []
        return try RasterError.ofFile { () throws(FileError) in
            try StagedFolder(path: path, siblings: siblings, suffixes: suffixes, overwrite: overwrite)
        }
    }
}
