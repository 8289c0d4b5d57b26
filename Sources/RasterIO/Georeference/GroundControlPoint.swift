/// A place in the raster whose coordinates are known.
public struct GroundControlPoint: Equatable, Sendable {
    public var id: String
    public var info: String
    /// Pixels from the raster's upper left corner.
    public var column: Double
    public var row: Double
    /// In the unit of the points' own reference system.
    public var x: Double
    public var y: Double
    public var z: Double

    public init(
        id: String = "", info: String = "", column: Double, row: Double, x: Double, y: Double, z: Double = 0
    ) {
        self.id = id
        self.info = info
        self.column = column
        self.row = row
        self.x = x
        self.y = y
        self.z = z
    }
}
