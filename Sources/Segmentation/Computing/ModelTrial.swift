import Dispatch
package import InferenceEngine
package import Models
import NetworkGraph
import TileGeometry

/// The speed of a model on this machine, from tiles of zeros that go through the network; nothing is read or written.
package struct ModelTrial: Sendable {
    /// The input pixels of a tile on a side.
    package let tile: Int
    /// The pixels of a tile that are kept, on a side.
    package let step: Int
    /// The number of tiles that ran at the same time.
    package let workers: Int
    /// The number of tiles that ran.
    package let tilesRun: Int
    /// The wall time of all tiles in seconds.
    package let seconds: Double
    /// The multiplications and additions of one tile.
    package let operationsPerTile: Double
    /// The bytes of all workers' maps and of the weights.
    package let memoryBytes: Int
    /// The 10^9 multiplications and additions a second that so many threads do at best, measured after the tiles.
    package let peakGigaflops: Double

    /// The kept pixels in millions a second.
    package var megapixelsPerSecond: Double { Double(tilesRun * step * step) / seconds / 1e6 }
    /// The 10^9 multiplications and additions a second that the tiles took, convolutions counted the direct way.
    package var gigaflops: Double { Double(tilesRun) * operationsPerTile / seconds / 1e9 }
    /// The part of the peak that the tiles reached; above 1 where convolutions take fewer multiplications than the direct
    /// way, which `gigaflops` counts.
    package var shareOfPeak: Double { gigaflops / peakGigaflops }

    /// Runs tiles for about so many seconds. Each worker runs at least one tile, after one that does not count.
    ///
    /// - Parameters:
    ///   - options: their `tile`, `margin`, `workers` and `memory` count; without a tile, that of a large scene is taken.
    ///   - backend: nil for Overtile's own kernels.
    /// - Throws: `SegmentationError`, `EngineError` or `InstructionSetError`.
    package init(
        _ model: Model, options: SegmentationOptions, seconds limit: Double, backend: (any Backend)? = nil
    ) throws {
        let backend = try backend ?? OvertileBackend()
        let tiler = Tiler(
            model, backend: backend, options: options,
            bytesPerPixel: OutputBytes([.mask: OutputEncoding.maskType(channels: model.outputChannels).sampleByteCount])
        )
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
