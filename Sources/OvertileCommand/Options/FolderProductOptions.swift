import ArgumentParser
import Overtile

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

    /// Which of them there are.
    var beside: FolderLayout.Companions {
        var choice = FolderLayout.Companions()
        choice.polygons = polygons.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
        choice.statistics = stats
        choice.hasStyle = companions.style
        choice.hasItems = companions.stac
        return choice
    }
}
