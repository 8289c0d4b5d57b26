import FileIO
import MaskProducts
import Models
import RasterIO
public import Segmentation

/// The outputs of one scene: which there are, and where each of them goes.
///
///     var outputs = OutputSet(mask: "out/scene.tif")
///     outputs.polygons = "out/scene.gpkg"
///     outputs.style = .never
///
/// A set is reserved before any work is done, which is where it is decided whether it may be written; and it is published
/// as a whole when everything is complete: all outputs appear, or none.
public struct OutputSet: Equatable, Sendable {
    /// The kind of an output.
    public enum Kind: Equatable, Sendable, CustomStringConvertible {
        /// One of the rasters that the network's scores are made into.
        case raster(RasterOutput.Kind)
        /// The regions of the mask.
        case polygons
        /// The statistics of the mask.
        case statistics
        /// A QGIS style of the mask.
        case style
        /// An item of a catalogue (STAC) about a raster.
        case item
        /// A page, or JSON, that tells what was done.
        case report

        /// The name of the kind in ledgers, logs and the environment of commands.
        public var name: String {
            switch self {
            case .raster(let kind): kind.rawValue
            case .polygons: "polygons"
            case .statistics: "statistics"
            case .style: "style"
            case .item: "item"
            case .report: "report"
            }
        }

        /// The name.
        public var description: String { name }

        /// The option that says where the output goes; nil for one that lies beside another.
        var option: String? {
            switch self {
            case .raster(.mask): "--output"
            case .raster, .polygons, .report: "--\(name)"
            case .statistics: "--stats"
            case .style, .item: nil
            }
        }
    }

    /// When a QGIS style is written beside a mask.
    public enum Style: Sendable {
        /// Never.
        case never
        /// Beside a mask of classes, unless there is one that somebody has changed since Overtile wrote it. It comes with the
        /// mask, as its names in `.aux.xml` do, and is no output of its own: nobody has to say that it may be replaced.
        case unlessChanged
        /// Always: the style is one of the outputs.
        case always
    }

    /// The path of each raster; there is always a mask.
    public let rasters: [RasterOutput.Kind: String]
    /// The path of the polygons; nil for none. Its ending tells the format.
    public var polygons: String?
    /// The path of the statistics; nil for none. They are CSV if it ends in .csv, else JSON.
    public var statistics: String?
    /// Says whether a QGIS style is written beside the mask.
    public var style = Style.unlessChanged
    /// True if a STAC item lies beside each raster.
    public var hasItems = false
    /// The path of the report on this one scene; nil for none. It is a page if the path ends in .html, else JSON.
    public var report: String?

    /// Makes a set of a mask and other rasters.
    public init(mask: String, others: [RasterOutput.Kind: String] = [:]) {
        rasters = others.merging([.mask: mask]) { $1 }
    }

    /// The path of the mask.
    public var mask: String { rasters[.mask]! }

    /// The rasters, the mask first.
    public var rasterFiles: [(kind: Kind, path: String)] {
        RasterOutput.Kind.allCases.compactMap { kind in rasters[kind].map { (.raster(kind), $0) } }
    }

    /// The path of the style that is written beside a mask of a task; nil for none.
    ///
    /// - Parameter scene: the files of the scene. QGIS would paint one of the style's name like a mask.
    func stylePath(of task: ModelTask, scene: [String]) -> String? {
        let path = QGISStyle.path(besideRaster: mask)
        switch style {
        case .never: return nil
        case .always: return path
        case .unlessChanged:
            let isFree =
                task == .segmentation && !everything.contains { $0.path == path }
                && !scene.contains { CanonicalPath.leadToOne(QGISStyle.path(besideRaster: $0), path) }
            return isFree && QGISStyle.mayReplace(path) ? path : nil
        }
    }

    /// All outputs but the report, the mask first.
    public var files: [(kind: Kind, path: String)] {
        let products: [(kind: Kind, path: String?)] = [
            (.polygons, polygons), (.statistics, statistics),
            (.style, style == .always ? QGISStyle.path(besideRaster: mask) : nil),
        ]
        return rasterFiles + products.compactMap { kind, path in path.map { (kind, $0) } }
            + (hasItems ? rasterFiles.map { (.item, STACItem.path(besideRaster: $0.path)) } : [])
    }

    /// All outputs, the mask first and the report last.
    package var everything: [(kind: Kind, path: String)] { files + (report.map { [(.report, $0)] } ?? []) }

    /// Refuses names of rasters that promise another format than GeoTIFF, and a stream instead of a file.
    ///
    /// - Throws: `OutputError` with the name that fits.
    private func refuseOtherFormats() throws(OutputError) {
        for (kind, path) in rasterFiles {
            let option = kind.option ?? "--output"
            guard path != "-" else {
                throw OutputError("\(option) - is no file, and a GeoTIFF cannot go into a pipe: name a file")
            }
            if Self.otherFormats.contains(FileName.pathExtension(of: path)) {
                throw OutputError(
                    "\(option) \(path): rasters are written as GeoTIFF: name it "
                        + "\(FileName.replacingExtension(of: path, by: "tif")), and convert it with gdal_translate")
            }
        }
    }

    /// Endings by which people and programs know other formats.
    private static let otherFormats: Set = [
        "png", "jpg", "jpeg", "webp", "gif", "bmp", "jp2", "img", "vrt", "nc", "asc", "zarr", "hdf", "h5", "shp",
        "gpkg",
        "geojson", "json", "kml", "fgb", "parquet", "pdf", "npy",
    ]

    /// The ways to deal with the files that killed runs have left.
    enum Recovery {
        /// What was half published is taken back, and hidden files are removed.
        case all
        /// Hidden files are removed.
        case hiddenFiles
        /// It is left alone.
        case none
    }

    /// Finds out whether all outputs may be written where they should be, and makes none of them. What killed runs left,
    /// half published or under hidden names, is taken back first, so that it is in nobody's way.
    ///
    /// - Parameters:
    ///   - overwrite: true if files of the same names may be replaced.
    ///   - command: a digest of the command that asks for the outputs: what a run of the same command had given names when it
    ///     was killed may be replaced.
    ///   - recovery: what is done with that.
    /// - Returns: true if files of the same names may be replaced.
    /// - Throws: `RasterError` and `FileError`: `.outputExists`, `.cannotCreate`, and for polygons of an unknown format
    ///   `.badArgument`; `OutputError` for a report of an unknown format.
    func reserve(overwrite: Bool, command: String, recovery: Recovery = .all) throws -> Bool {
        try refuseOtherFormats()
        let found =
            recovery == .all
            ? SegmentationJob.recover(mask: mask, command: command)
            : (hasWork: recovery == .hiddenFiles, hasOutputs: false)
        if found.hasWork {
            for path in everything.map(\.path) + [QGISStyle.path(besideRaster: mask)] {
                StagedFile.removeLeftovers(of: path, isExclusive: false)
            }
        }
        let overwrite = overwrite || found.hasOutputs
        for (kind, path) in everything {
            switch kind {
            case .raster: try RasterWriter.check(path: path, overwrite: overwrite)
            case .polygons:
                var options = PolygonOutput.Options()
                options.overwrite = overwrite
                try PolygonOutput.check(path: path, options: options)
            case .statistics, .style, .item: try StagedDocument.check(path: path, overwrite: overwrite)
            case .report: try RunReport.check(path, overwrite: overwrite)
            }
        }
        return overwrite
    }

    /// Gives all outputs their names, the mask's last. Where that fails, none has its name, and the work is kept where
    /// running the scene again makes sense.
    ///
    /// - Parameters:
    ///   - command: as for `reserve`.
    ///   - keepsRecord: as for `SceneRun`.
    ///   - named: called with each name that has been given, for tests that stop the process there.
    /// - Throws: `FileError`, `RasterError`, `CancellationError`.
    func publish(
        _ rasters: StagedRasters, _ products: SceneProducts, command: String, keepsRecord: Bool,
        cancellation: Cancellation, named: (String) -> Void
    ) throws {
        defer { products.discard() }
        products.respectChangedStyle()
        try rasters.publish(
            after: products.stagedOutputs, command: command, cancellation: cancellation, named: named)
        // Last: where a run is killed before, its folder tells the next one that it has something to remove.
        products.discard()
        rasters.endWork(keepsRecord: keepsRecord)
    }
}

/// Outputs that may not be named as they are.
package struct OutputError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One line: what is wrong, and what to do.
    package let description: String

    init(_ description: String) { self.description = description }
}
