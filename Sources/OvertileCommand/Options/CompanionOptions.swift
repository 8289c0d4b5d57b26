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
