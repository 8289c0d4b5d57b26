import Dispatch
package import InferenceEngine
public import Models
import NetworkGraph
import TileGeometry

/// What a model does on this machine: tiles of zeros through the network, nothing read or written.
public struct ModelTrial: Sendable {
    /// Input pixels of a tile on a side.
    public let tile: Int
    /// Kept pixels of a tile on a side.
    public let step: Int
    public let workers: Int
    public let tilesRun: Int
    public let seconds: Double
    /// Multiplications and additions of one tile.
    public let operationsPerTile: Double
    /// Memory of all workers' maps and of the weights.
    public let memoryBytes: Int
    /// Multiplications and additions, in milliards a second, that so many threads do at best, measured beside the tiles.
    public let peakGigaflops: Double

    public var megapixelsPerSecond: Double { Double(tilesRun * step * step) / seconds / 1e6 }
    public var gigaflops: Double { Double(tilesRun) * operationsPerTile / seconds / 1e9 }
    /// Above 1 where convolutions take fewer multiplications than the direct way, which `gigaflops` counts.
    public var shareOfPeak: Double { gigaflops / peakGigaflops }

    /// Runs for about so many seconds, each worker at least one tile after one that does not count.
    ///
    /// - Parameters:
    ///   - options: `tile`, `margin`, `workers` and `memory` count; without a tile, that of a large scene.
    /// - Throws: `SegmentationError`, `EngineError` or `InstructionSetError`.
    public init(_ model: Model, options: SegmentationOptions, seconds limit: Double) throws {
        try self.init(model, options: options, seconds: limit, backend: nil)
    }

    /// - Parameter backend: what computes; nil for Overtile's own kernels.
    package init(
        _ model: Model, options: SegmentationOptions, seconds limit: Double, backend: (any Backend)?
    ) throws {
        let backend = try backend ?? OvertileBackend()
        let tiler = Tiler(
            model, backend: backend, options: options, bytesPerPixel: OutputBytes(channels: model.outputChannels))
        let tiling = try tiler.tiling(of: PixelSize(width: 10_000, height: 10_000))
        let wholeTile = PixelSize(width: tiling.grid.step, height: tiling.grid.step)
        let computation = try tiler.computation(tiling.grid, output: wholeTile)
        let weights = PackedWeights()
        let network = try CompiledNetwork(computation, backend: backend, weights: weights)
        let sessions = try SessionGroup(network, workers: tiling.workers)
        _ = try sessions.secondsPerTile()
        let tiles = Counter()
        let started = DispatchTime.now()
        try sessions.run { session in
            repeat {
                try session.run()
                tiles.increment()
            } while started.secondsToNow < limit
        }
        self.seconds = started.secondsToNow
        peakGigaflops = MachinePeak.gigaflops(threads: tiling.workers)
        tile = tiling.grid.tile
        step = tiling.grid.step
        workers = tiling.workers
        tilesRun = tiles.value
        operationsPerTile = computation.operationCount
        memoryBytes = weights.byteCount + tiling.workers * network.sessionByteCount
    }
}
