import RasterIO

/// The part that a file plays in a folder of scenes, by its name.
package enum ArrivalNames {
    /// Endings of an upload under way: nothing is to be done until the file has its own name.
    private static let partial: Set<String> = [
        "part", "partial", "filepart", "crdownload", "download", "tmp", "temp", "swp", "lock", "uploading",
        "incomplete",
    ]

    /// Endings of what lies beside a raster and belongs to it: GDAL's and other programs' metadata, masks, overviews, world
    /// files, and the text that comes with satellite scenes.
    private static let sidecar: Set<String> = [
        "aux", "xml", "ovr", "rrd", "msk", "tfw", "tifw", "tiffw", "wld", "jgw", "jpgw", "pgw", "pngw", "j2w", "jp2w",
        "bpw",
        "gfw", "prj", "qpj", "rpb", "rpc", "imd", "til", "ige", "hdr", "stx", "clr", "lgo", "lgs", "points", "qml",
        "qmd", "sld",
        "tab", "json", "geojson", "txt", "csv", "md", "html", "htm", "pdf", "log", "md5", "sha1", "sha256", "shp",
        "shx",
        "dbf", "cpg", "sbn", "sbx", "gpkg", "sqlite", "kml", "zip", "gz", "tgz", "tar", "py", "sh",
    ]

    /// A marker by which an upload says that it is complete: `scene.tif.done` or `scene.done`.
    static let marker = "done"

    /// What becomes of a name that a folder holds.
    enum Part {
        case scene, marker, other
    }

    /// - Parameter name: without its folder.
    static func part(of name: Substring) -> Part {
        guard let first = name.utf8.first, first != UInt8(ascii: "."), name.utf8.last != UInt8(ascii: "~") else {
            return .other
        }
        let kind = ending(of: name).lowercased()
        if kind == marker { return .marker }
        if SceneProduct.isName(String(name), isFolder: false) { return .scene }
        return partial.contains(kind) || sidecar.contains(kind) ? .other : .scene
    }

    /// The files that belong to a scene and go where it goes, by name: `scene.tif.aux.xml`, `scene.tfw`, `scene.done`.
    ///
    /// A sidecar that shares only the stem goes with the scene if the folder holds no second raster of this stem.
    ///
    /// - Parameters:
    ///   - scene: its name without the folder.
    ///   - names: all of the folder's.
    package static func companions(of scene: String, among names: [String]) -> [String] {
        let stem = String(stem(of: scene[...]))
        let isAlone = !names.contains {
            $0 != scene && part(of: $0[...]) == .scene && self.stem(of: $0[...]) == stem[...]
        }
        return names.filter { name in
            guard name != scene, part(of: name[...]) != .scene else { return false }
            let kind = ending(of: name[...]).lowercased()
            if name.hasPrefix(scene + ".") { return kind == marker || sidecar.contains(kind) }
            guard isAlone, self.stem(of: name[...]) == stem[...] else { return false }
            return kind == marker || sidecar.contains(kind)
        }
    }

    /// `scene` of `scene.tif`.
    static func stem(of name: Substring) -> Substring {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        return name[..<dot]
    }

    /// `tif` of `scene.tif`; empty where there is no dot.
    private static func ending(of name: Substring) -> Substring {
        guard let dot = name.lastIndex(of: ".") else { return "" }
        return name[name.index(after: dot)...]
    }
}
