public import NetworkGraph
public import TileGeometry

/// How a scene will be cut and run, worked out before anything is.
public struct ScenePlan: Sendable {
    public let tiling: TilePlan
    /// Where the network's input starts, relative to a tile's output, and how large it is.
    public let input: MapWindow
    /// Multiplications and additions of one tile.
    public let operationsPerTile: Double
    /// Bytes that the process is expected to need at most.
    public let memoryBytes: Int
    /// Bytes that it may use.
    public let memoryLimit: Int
    /// What the user should know.
    public let warnings: [String]

    public var grid: TileGrid { tiling.grid }
    /// Multiplications and additions of all tiles.
    public var operations: Double { operationsPerTile * Double(grid.count) }

    /// Operations that overlap and ragged edges cost, as a share of what one run over the whole scene would take.
    public func overlapCost(_ network: TiledNetwork) -> Double {
        operations / (network.operationsPerPixel(tile: grid.tile) * Double(grid.scene.area)) - 1
    }
}
