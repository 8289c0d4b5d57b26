import CGDAL
import Synchronization

/// What opening a raster may reach: which of GDAL's drivers, and with some of them servers and other files.
///
/// GDAL tells a format by a file's content. A text of a few lines can be a mosaic of any files of this machine, or a map
/// on a server, whatever its name is. That is what a user wants who names such a file, and not what the owner of a folder
/// wants that others put files into.
package struct RasterAccess: Equatable, Sendable {
    /// The drivers that are allowed whatever a file's name is; nil for all, and for everything that they reach.
    private let others: Set<String>?

    /// Everything that GDAL opens, servers included: for scenes that a user names.
    package static let anything = RasterAccess(others: nil)

    /// Local files alone, each in a format that its name promises: for scenes that are found in folders.
    ///
    /// A mosaic (VRT) is opened where its name ends in `.vrt`, and may name local files of which the same holds; samples
    /// without a format (`VRTRawRasterBand`) are read from its own folder only.
    ///
    /// - Parameter allowing: short names of drivers that are opened in addition, such as "WMS", under any name; "all" for
    ///   everything.
    package static func files(allowing drivers: [String] = []) -> RasterAccess {
        let names = Set(drivers.map { $0.lowercased() })
        return names.contains("all") ? .anything : RasterAccess(others: names)
    }

    /// True if everything may be opened.
    package var isUnlimited: Bool { others == nil }

    /// Drivers that reach for servers, for databases, or for files that only their text names.
    private static let doors: Set<String> = [
        "VRT", "WMS", "WMTS", "WCS", "HTTP", "DAAS", "EEDA", "EEDAI", "NGW", "PLMOSAIC", "PLScenes", "OGCAPI", "STACIT",
        "STACTA", "PostGISRaster", "GeoRaster", "RASDAMAN", "RASTERLITE", "DERIVED", "GTI", "TileDB", "Zarr", "MBTiles",
        "WMSMETADATA", "MRF", "ESRIC", "CAD",
    ]

    /// Endings that mean another's format.
    private static let sameEndings = [
        "nitf": "ntf", "j2k": "jp2", "jpeg": "jpg", "tiff": "tif", "geotiff": "tif",
    ]

    private struct Driver: Sendable {
        let name: String
        let endings: Set<String>
    }

    private static let drivers: [Driver] = {
        GDALLibrary.prepare()
        return (0..<GDALGetDriverCount()).compactMap { index in
            guard let driver = GDALGetDriver(index), GDALGetMetadataItem(driver, GDAL_DCAP_RASTER, nil) != nil,
                let name = GDALGetDriverShortName(driver)
            else { return nil }
            let endings = ["DMD_EXTENSIONS", "DMD_EXTENSION"]
                .compactMap { (key: String) in GDALGetMetadataItem(driver, key, nil).map { String(cString: $0) } }
                .flatMap { $0.split(separator: " ").map { $0.lowercased() } }
            return Driver(name: String(cString: name), endings: Set(endings))
        }
    }()

    /// The drivers that may open a file with this ending; nil for all.
    func drivers(forEnding ending: String) -> [String]? {
        guard let others else { return nil }
        let ending = Self.sameEndings[ending] ?? ending
        func isDoor(_ driver: Driver) -> Bool { Self.doors.contains(driver.name) }
        let claiming = Self.drivers.filter { !isDoor($0) && $0.endings.contains(ending) }.map(\.name)
        // Drivers that promise no ending are those of headers with any, and of endings that nobody else has.
        let open = Self.drivers.filter { !isDoor($0) && (claiming.isEmpty || $0.endings.isEmpty) }.map(\.name)
        let own = ending == "vrt" ? ["VRT"] : claiming + open
        let asked = Self.drivers.map(\.name).filter { others.contains($0.lowercased()) }
        return own + asked.filter { !own.contains($0) }
    }

    /// The names of drivers that were asked for and that this machine's GDAL has not.
    package var unknownDrivers: [String] {
        let known = Set(Self.drivers.map { $0.name.lowercased() })
        return (others ?? []).subtracting(known).sorted()
    }

    /// The name of the driver that would open a file, of those that are not opened under any name; nil for none of them.
    static func door(of path: String) -> String? {
        let names = drivers.map(\.name).filter(doors.contains)
        return GDALMessages().during {
            CStringList(names).withUnsafeConstant {
                GDALIdentifyDriverEx(path, UInt32(GDAL_OF_RASTER), $0, nil).flatMap { GDALGetDriverShortName($0) }
                    .map { String(cString: $0) }
            }
        }
    }

    /// Returns true if one of these drivers takes a file for its own, by the beginning of its content.
    static func isOpened(_ path: String, by drivers: [String]) -> Bool {
        GDALMessages().during {
            CStringList(drivers).withUnsafeConstant {
                GDALIdentifyDriverEx(path, UInt32(GDAL_OF_RASTER), $0, nil) != nil
            }
        }
    }
}
