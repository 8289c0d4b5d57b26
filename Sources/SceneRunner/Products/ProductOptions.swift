public import MaskProducts

/// How polygons and statistics are made of masks.
public struct ProductOptions: Sendable {
    public var polygons = PolygonOptions()
    /// Polygons for which statistics are counted one by one.
    public var zones: ZoneLayer?

    public init() {}

    /// What tells these options from others, for the digest of a run's settings.
    var text: String { "\(self)" }
}
