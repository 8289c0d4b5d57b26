import ArgumentParser
import Overtile

/// Polygons for which a mask is counted one by one.
struct ZoneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Polygons to count in, one by one, in any coordinate system: whatever GDAL's vector drivers open.",
            valueName: "file"))
    var zones: String?

    @Option(help: ArgumentHelp("The field with the zones' names; \"name\" where there is one.", valueName: "field"))
    var zoneField: String?

    @Option(help: ArgumentHelp("The layer of a file that has several.", valueName: "layer"))
    var zoneLayer: String?

    mutating func validate() throws {
        guard zones == nil else { return }
        if zoneField != nil { throw ValidationError("--zone-field needs --zones: name the file") }
        if zoneLayer != nil { throw ValidationError("--zone-layer needs --zones: name the file") }
    }

    /// nil where none are asked for.
    var layer: ZoneLayer? { zones.map { ZoneLayer(path: $0, layer: zoneLayer, field: zoneField) } }
}
