import ArgumentParser
import Overtile

/// What is made of each mask besides itself, wherever it goes.
struct CompanionOptions: ParsableArguments {
    @Flag(help: "Also write a QGIS style beside the mask, under its name with .qml: QGIS takes it by itself.")
    var style = false

    @Flag(help: "Also write a STAC item beside each raster, under its name with .json.")
    var stac = false

    @OptionGroup var polygonChoice: PolygonOptionGroup
    @OptionGroup var zones: ZoneOptions

    /// - Parameters:
    ///   - polygons: whether polygons are made.
    ///   - statistics: whether statistics are written.
    /// - Throws: `UsageError` for choices about what is not made.
    func options(polygons: Bool, statistics: Bool) throws -> ProductOptions {
        var options = ProductOptions()
        options.polygons = polygonChoice.options(overwrite: false)
        options.zones = zones.layer
        if !polygons, let name = polygonChoice.firstGiven {
            throw UsageError("\(name) needs --polygons: say where they go")
        }
        if !statistics, zones.zones != nil { throw UsageError("--zones needs --stats: say where the numbers go") }
        return options
    }
}

/// What is made of the mask of a scene, each with a path of its own.
struct SceneProductOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Also write the mask's regions as polygons with areas, and their mean confidence where --confidence is \
            written: GeoPackage (.gpkg), FlatGeobuf (.fgb), GeoJSON, Shapefile (.shp) or Parquet; a folder for several \
            scenes.
            """, valueName: "path"))
    var polygons: String?

    @Option(
        help: ArgumentHelp(
            """
            Also write pixels, hectares and share of each class: CSV where it ends in .csv, else JSON; a folder for \
            several scenes.
            """, valueName: "path"))
    var stats: String?

    @Option(
        help: ArgumentHelp(
            "Also tell what was done: a page with pictures (.html), or JSON (.json).", valueName: "path"))
    var report: String?

    @OptionGroup var companions: CompanionOptions

    func options() throws -> ProductOptions {
        try companions.options(polygons: polygons != nil, statistics: stats != nil)
    }
}

/// What is made of the masks of a folder, each beside its mask.
struct FolderProductOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Also write the regions of each mask as polygons beside it, with areas, and mean confidence where --confidence is \
            written: gpkg, fgb, geojson, shp or parquet.
            """, valueName: "ending"))
    var polygons: String?

    @Option(
        help: ArgumentHelp(
            "Also write pixels, hectares and share of each class beside each mask, as NAME.stats.json or .csv.",
            valueName: "json|csv"))
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
        try companions.options(polygons: polygons != nil, statistics: stats != nil)
    }

    func besides(confidence: String?) -> OutputPlan.Besides {
        var besides = OutputPlan.Besides()
        besides.confidence = confidence
        besides.polygons = polygons.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
        besides.statistics = stats
        besides.hasStyle = companions.style
        besides.hasItems = companions.stac
        return besides
    }
}
