package import NetworkGraph
import RasterIO
package import TileGeometry

/// The way of a scene through a model: which bands, on which pixels, cut into which tiles, by how many workers, into
/// which outputs. A `Planner` makes it once, before anything is read or written, and everything afterwards follows it.
package struct Plan: Sendable {
    /// The scene's bands in the model's order, counted from 1.
    package let bands: [Int]
    /// The normalisation of these bands before the network sees them.
    package let normalization: Normalization
    /// The pixels that the model is given.
    package let resampling: Resampling
    /// The encoding of the network's scores as classes, and of these in the outputs.
    let output: OutputEncoding
    /// The tiles, and the workers and memory for them.
    package let tiling: Tiling
    /// The warnings before the run, in the order in which things were decided.
    package let warnings: [PlanWarning]

    /// The tiles.
    package var grid: TileGrid { tiling.grid }

    /// True if less memory is allowed than the scene would take by itself, so that tiles, workers or kernels are others
    /// than with enough of it.
    package var isShortOfMemory: Bool { warnings.contains(where: \.isShortageOfMemory) }

    /// Room for any one tile of the scene on its way from the reader to the stitcher.
    var slotLayout: TileSlotLayout {
        tiling.shapes.slotLayout(bands: bands.count, bytesPerPixel: output.bytesPerPixel)
    }
}

/// The tiles that a raster is cut into for a network, and the workers and memory that they take.
package struct Tiling: Sendable {
    /// The tiles.
    package let grid: TileGrid
    /// The number of tiles that are computed at the same time.
    package let workers: Int
    /// The bytes that one worker needs.
    package let bytesPerWorker: Int
    /// The work of one tile of each of the grid's output sizes, as the cost model has it.
    package let costs: [PixelSize: Double]
    /// The shapes of the tiles, one for each of the grid's output sizes, the largest first.
    package let shapes: [TileShape]
    /// The bytes that the process is expected to need at most.
    package let memoryBytes: Int
    /// The bytes that the process may use.
    package let memoryLimit: Int
    /// The warnings about tiles.
    package let warnings: [PlanWarning]

    /// The multiplications and additions of all tiles.
    package var operations: Double { shapes.reduce(0) { $0 + Double($1.count) * $1.operations } }

    /// Returns the operations that overlap and ragged edges cost, as a share of what one run over the whole raster takes:
    /// 0.25 is a quarter more.
    package func overlapCost(_ network: TiledNetwork) -> Double {
        operations / (network.operationsPerPixel(tile: grid.tile) * Double(grid.scene.area)) - 1
    }
}

/// The tiles of a grid that compute an output of one size.
package struct TileShape: Sendable {
    /// The size of what the network computes.
    package let output: PixelSize
    /// The number of such tiles.
    package let count: Int
    /// The rows and columns of the network's input, counted from the upper left of the tile's output.
    package let input: MapWindow
    /// The multiplications and additions of one tile.
    package let operations: Double

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
    func slotLayout(bands: Int, bytesPerPixel: OutputBytes) -> TileSlotLayout {
        TileSlotLayout(
            bands: bands, inputPixels: map(\.inputPixels).max()!, outputPixels: map(\.output.area).max()!,
            bytesPerPixel: bytesPerPixel)
    }
}
