/// Which polygons are made of a mask.
public struct PolygonOptions: Sendable {
    /// Regions of less than this many square metres on the ground are left out; their neighbours do not grow.
    public var minimumArea = 0.0
    /// How far a vertex that is left out may be from the line in its place, in pixels; nil for boundaries along the
    /// pixels' sides. Neighbours keep their common border, and nothing falls together or crosses: where it would,
    /// vertices stay.
    public var tolerance: Double?
    /// Names or numbers of the classes that become polygons; empty for all.
    public var classes: [String] = []
    public var connectedness = Connectedness.four
    /// Whether a file under the output's name is replaced.
    public var overwrite = false

    public init() {}
}
