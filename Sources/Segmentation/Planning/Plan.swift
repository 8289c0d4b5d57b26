public import NetworkGraph
public import TileGeometry

/// How a scene will be cut and run, worked out before anything is.
public struct Plan: Sendable {
    public let tiling: TilePlan
    /// What tiles of each of the grid's output sizes are to the network, the largest first.
    public let shapes: [TileShape]
    /// Bytes that the process is expected to need at most.
    public let memoryBytes: Int
    /// Bytes that it may use.
    public let memoryLimit: Int
    /// What the user should know.
    public let warnings: [String]

    public var grid: TileGrid { tiling.grid }
    /// Multiplications and additions of all tiles.
    public var operations: Double { shapes.reduce(0) { $0 + Double($1.count) * $1.operations } }

    /// Operations that overlap and ragged edges cost, as a share of what one run over the whole scene would take.
    public func overlapCost(_ network: TiledNetwork) -> Double {
        operations / (network.operationsPerPixel(tile: grid.tile) * Double(grid.scene.area)) - 1
    }
}

/// The tiles of a grid that compute an output of one size.
public struct TileShape: Sendable {
    public let output: PixelSize
    /// How many tiles these are.
    public let count: Int
    /// Where the network's input starts, relative to a tile's output, and how large it is.
    public let input: MapWindow
    /// Multiplications and additions of one tile.
    public let operations: Double

    init(_ tiles: TileCount, _ computation: TileComputation) {
        output = tiles.output
        count = tiles.count
        input = computation.input
        operations = computation.operationCount
    }

    var inputPixels: Int { input.rows.count * input.columns.count }
}

extension [TileShape] {
    /// Room for a tile of any of these shapes.
    func slotLayout(
        bands: Int, maskBytesPerPixel: Int, probabilityBytesPerPixel: Int = 0, confidenceBytesPerPixel: Int = 0
    ) -> TileSlotLayout {
        TileSlotLayout(
            bands: bands, inputPixels: map(\.inputPixels).max()!, outputPixels: map(\.output.area).max()!,
            maskBytesPerPixel: maskBytesPerPixel, probabilityBytesPerPixel: probabilityBytesPerPixel,
            confidenceBytesPerPixel: confidenceBytesPerPixel)
    }
}
