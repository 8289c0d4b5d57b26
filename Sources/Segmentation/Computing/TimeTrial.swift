import Dispatch
import InferenceEngine
import NetworkGraph
import TileGeometry

/// The speed at which this machine gets through the cost model's units of work, from tiles that take a second or so.
struct TimeTrial {
    /// The seconds that a unit of cost takes, with one tile on each worker at the same time.
    let secondsPerCost: Double
    /// The seconds that the trial took, compiling included.
    let seconds: Double

    /// A tile of more units than this is not where a trial starts: a slow core does some ten billion a second.
    private static let firstCost = 1e10

    /// A tile that is expected to take longer than this is not tried.
    private static let longestTile = 0.7

    /// - Throws: `EngineError` or `SegmentationError`.
    init(_ tiling: Tiling, _ networks: TileNetworks, tiler: Tiler) throws {
        let started = DispatchTime.now()
        let sizes = try Self.sizes(tiling, tiler: tiler)
        func run(_ size: (output: PixelSize, cost: Double)) throws -> Double {
            let network = try networks.network(forOutput: size.output)
            let sessions = try SessionGroup(network, workers: tiling.workers)
            // The first run also makes the memory's pages.
            let first = try sessions.secondsPerTile()
            let seconds = first > Self.longestTile ? first : try min(first, sessions.secondsPerTile())
            return seconds / size.cost
        }
        var size = sizes.lastIndex { $0.cost <= Self.firstCost } ?? 0
        var result = try run(sizes[size])
        // Small tiles are slower for their work than large ones: as near to the plan's as there is time for.
        while let larger = sizes.lastIndex(where: { $0.cost * result <= Self.longestTile }), larger > size {
            size = larger
            result = try run(sizes[size])
        }
        secondsPerCost = result
        seconds = started.secondsToNow
    }

    /// Outputs to try, smallest first: squares of the grid's unit, doubled again and again, and the plan's largest tile.
    private static func sizes(
        _ tiling: Tiling, tiler: Tiler
    ) throws -> [(output: PixelSize, cost: Double)] {
        let largest = tiling.shapes[0].output
        var sizes: [(output: PixelSize, cost: Double)] = []
        var side = tiling.grid.unit
        while side < min(largest.width, largest.height) {
            let output = PixelSize(width: side, height: side)
            sizes.append((output, try tiler.estimate(tiling.grid, output: output).cost))
            side *= 2
        }
        return sizes + [(largest, try tiler.estimate(tiling.grid, output: largest).cost)]
    }
}

/// The time that a run is expected to take.
package struct ExpectedTime: Sendable {
    /// The seconds that computing takes, if neither reading nor writing is the limit.
    package let seconds: Double
    /// The seconds that the trial took.
    package let trialSeconds: Double
}
