import ArgumentParser
import Overtile

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
