import ArgumentParser
import Overtile

/// Options about the products of a mask that do not depend on where the products go.
struct CompanionOptions: ParsableArguments {
    @Flag(
        inversion: .prefixedNo,
        help: """
            Write a QGIS style beside the mask, under its name with .qml, and one into a GeoPackage of polygons. QGIS \
            loads both by itself. By default they are written, but a .qml that you have saved yourself stays. With \
            --style, the .qml is one of the outputs, and only --overwrite replaces it.
            """)
    var style: Bool?

    @Flag(help: "Also write a STAC item beside each raster, under its name with .json.")
    var stac = false

    @OptionGroup var polygonChoice: PolygonOptionGroup
    @OptionGroup var zones: ZoneOptions

    /// The choice about the style beside the mask.
    var styleChoice: OutputSet.Style { style.map { $0 ? .always : .never } ?? .unlessChanged }

    /// Turns the options into those of the library.
    ///
    /// - Parameters:
    ///   - polygons: the path or the ending of the polygons that are made; nil for none.
    ///   - statistics: true if statistics are written.
    /// - Throws: `UsageError` for an option about a product that is not made.
    func options(polygons: String?, statistics: Bool) throws -> ProductOptions {
        var options = ProductOptions()
        options.polygons = polygonChoice.options(overwrite: false)
        // Other formats have none, and ledgers remember the choice.
        options.polygons.hasStyle = style != false || polygons?.lowercased().hasSuffix("gpkg") != true
        options.zones = zones.layer
        if polygons == nil, let name = polygonChoice.firstGiven {
            throw UsageError("\(name) needs --polygons: say where they go")
        }
        if !statistics, zones.zones != nil { throw UsageError("--zones needs --stats: say where the numbers go") }
        return options
    }
}

/// The products of the mask of a single scene, each with a path of its own.
struct SceneProductOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Also write the regions of the mask as polygons with areas, and with their mean confidence if --confidence \
            is written: GeoPackage (.gpkg), FlatGeobuf (.fgb), GeoJSON, Shapefile (.shp) or Parquet. For several \
            scenes, a folder.
            """, valueName: "path"), completion: .layers)
    var polygons: String?

    @Option(
        help: ArgumentHelp(
            """
            Also write the pixels, hectares and share of each class: as CSV if the path ends in .csv, else as JSON. \
            For several scenes, a folder.
            """, valueName: "path"), completion: .file(extensions: ["csv", "json"]))
    var stats: String?

    @Option(
        help: ArgumentHelp(
            "Also write a report of the run: a page with pictures (.html), or JSON (.json).", valueName: "path"),
        completion: .file(extensions: ["html", "json"]))
    var report: String?

    @OptionGroup var companions: CompanionOptions

    func options() throws -> ProductOptions {
        try companions.options(polygons: polygons, statistics: stats != nil)
    }
}

/// The products of the masks in a folder, each beside its mask.
struct FolderProductOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Also write the regions of each mask as polygons beside it, with areas, and with mean confidence if \
            --confidence is written: gpkg, fgb, geojson, shp or parquet.
            """, valueName: "ending"), completion: .list(VectorFormat.allCases.map(\.rawValue)))
    var polygons: String?

    @Option(
        help: ArgumentHelp(
            """
            Also write the pixels, hectares and share of each class beside each mask, as NAME.stats.json or \
            NAME.stats.csv.
            """,
            valueName: "json|csv"), completion: .list(["json", "csv"]))
    var stats: String?

    @OptionGroup var companions: CompanionOptions

    mutating func validate() throws {
        if let stats, !["json", "csv"].contains(stats) {
            throw ValidationError("--stats \(stats) is no format: give json or csv")
        }
        if let polygons, polygons.contains("/") || polygons.isEmpty {
            throw ValidationError("--polygons \(polygons) is no format: give an ending, such as gpkg")
        }
    }

    func options() throws -> ProductOptions {
        try companions.options(polygons: polygons, statistics: stats != nil)
    }

    /// The companions that the user asked for.
    var beside: FolderLayout.Companions {
        var choice = FolderLayout.Companions()
        choice.polygons = polygons.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
        choice.statistics = stats
        choice.style = companions.styleChoice
        choice.hasItems = companions.stac
        return choice
    }
}
