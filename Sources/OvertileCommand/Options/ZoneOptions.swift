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

    /// The zones on a mask's grid; nil where none are asked for.
    func place(on mask: RasterReader) throws(RasterError) -> RasterPolygons? {
        guard let zones else { return nil }
        var field = zoneField
        if field == nil {
            field = try RasterPolygons.fields(ofFile: zones, layer: zoneLayer).first { $0.lowercased() == "name" }
        }
        return try RasterPolygons(
            path: zones, layer: zoneLayer, field: field, size: mask.size, reference: mask.spatialReference)
    }
}
