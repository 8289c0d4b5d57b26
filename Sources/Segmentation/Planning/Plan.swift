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
    /// The part of the scene that is wanted; nil for all of it.
    package let area: SceneArea?
    /// The tiles, and the workers and memory for them.
    package let tiling: Tiling
    /// The warnings before the run, in the order in which things were decided.
    package let warnings: [PlanWarning]

    /// The tiles.
    package var grid: TileGrid { tiling.grid }

    /// The part of the outputs' pixels, as they cover the whole scene, that the outputs have.
    package var outputWindow: PixelWindow {
        area?.window ?? PixelWindow(resampling.keepsPixels ? resampling.pixelGrid.size : resampling.pixelGrid.raster)
    }

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
    /// The number of times that the network runs on a tile, once for each symmetry of an augmentation.
    package let runsPerTile: Int
    /// The bytes that the process is expected to need at most.
    package let memoryBytes: Int
    /// The bytes that the process may use.
    package let memoryLimit: Int
    /// The warnings about tiles.
    package let warnings: [PlanWarning]

    /// The multiplications and additions of all tiles.
    package var operations: Double { shapes.reduce(0) { $0 + Double($1.count) * $1.operations } }

    /// Takes the tiles that touch a part of the scene.
    func selecting(_ part: PixelWindow) -> Tiling {
        let part = grid.selecting(part)
        let counts = Dictionary(uniqueKeysWithValues: part.outputSizes.map { ($0.output, $0.count) })
        return Tiling(
            grid: part, workers: min(workers, part.count), bytesPerWorker: bytesPerWorker, costs: costs,
            shapes: shapes.compactMap { shape in counts[shape.output].map { shape.counted($0) } },
            runsPerTile: runsPerTile,
            memoryBytes: memoryBytes, memoryLimit: memoryLimit, warnings: warnings)
    }

    /// Returns the operations that overlap and ragged edges cost, as a share of what one run over the whole raster takes:
    /// 0.25 is a quarter more.
    package func overlapCost(_ network: TiledNetwork) -> Double {
        let onePiece = network.operationsPerPixel(tile: grid.tile) * Double(grid.selection.size.area)
        return operations / (Double(runsPerTile) * onePiece) - 1
    }
}

/// The tiles of a grid that compute an output of one size.
package struct TileShape: Sendable {
    /// The size of what the network computes.
    package let output: PixelSize
    /// The number of such tiles.
    package let count: Int
    /// The rows and columns that are read for the network's input, counted from the upper left of the tile's output.
    package let input: MapWindow
    /// The multiplications and additions of one tile.
    package let operations: Double

    /// Takes what one tile computes, each time that the network runs on it.
    ///
    /// - Parameter runs: the computation under each symmetry.
    init(_ tiles: TileCount, _ runs: [(symmetry: Symmetry, computation: TileComputation)]) {
        output = tiles.output
        count = tiles.count
        input = runs.map { $0.symmetry.window($0.computation.input, of: tiles.output) }
            .reduce(runs[0].computation.input) { $0.union($1) }
        operations = runs.reduce(0) { $0 + $1.computation.operationCount }
    }

    private init(_ shape: TileShape, count: Int) {
        (output, input, operations) = (shape.output, shape.input, shape.operations)
        self.count = count
    }

    /// Returns the same shape for another number of tiles.
    func counted(_ count: Int) -> TileShape { TileShape(self, count: count) }

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
