public import MaskProducts

/// How polygons and statistics are made of masks.
public struct ProductOptions: Sendable {
    public var polygons = PolygonOptions()
    /// Polygons for which statistics are counted one by one.
    public var zones: ZoneLayer?

    public init() {}

    /// The text that tells these options from others, for the digest of a run's settings.
    ///
    /// It is spelt out as the first ledgers have it, with the name that the room had then: a text that changes makes
    /// every scene of every ledger run again.
    var text: String {
        let made =
            "GISOutputs.PolygonOptions(minimumArea: \(polygons.minimumArea), tolerance: \(Self.text(polygons.tolerance)), "
            + "classes: \(polygons.classes), connectedness: GISOutputs.Connectedness.\(polygons.connectedness), "
            + "overwrite: \(polygons.overwrite))"
        let zones = zones.map { zones in
            let (layer, field) = (zones.layer?.debugDescription, zones.field?.debugDescription)
            return "GISOutputs.ZoneLayer(path: \(zones.path.debugDescription), layer: \(Self.text(layer)), "
                + "field: \(Self.text(field)))"
        }
        return "ProductOptions(polygons: \(made), zones: \(Self.text(zones)))"
    }

    private static func text<Value>(_ value: Value?) -> String { value.map { "Optional(\($0))" } ?? "nil" }
}
