import Dispatch
import InferenceEngine
import NetworkGraph
import TileGeometry

/// The speed at which this machine gets through the cost model's units of work, from tiles that take a second or so.
struct TimeTrial {
    /// The seconds that a unit of cost takes, with one tile on each worker at the same time.
    let secondsPerCost: Double

    /// A tile of more units than this is not where a trial starts: a slow core does some ten billion a second.
    private static let firstCost = 1e10

    /// A tile that is expected to take longer than this is not tried.
    private static let longestTile = 0.7

    /// The time that tiles of the scene are run for, and the longest that one of them may take.
    private static let ownTiles = (all: 1.5, one: 1.5)

    /// - Throws: `EngineError` or `SegmentationError`.
    init(_ tiling: Tiling, _ networks: TileNetworks, tiler: Tiler) throws {
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
    }

    /// What tiles of the scene say.
    struct OwnTiles {
        /// The seconds that a unit of cost takes, reading included.
        let secondsPerCost: Double
        /// The part of the tiles that have data; the network does not run on others.
        let dataShare: Double
    }

    /// Runs some tiles out of the middle of the scene as a run does, with reading and all, and throws their outputs away.
    ///
    /// - Returns: nil where a tile takes too long, or none of them has data.
    func runOwnTiles(_ compiled: CompiledPlan, _ reader: TileReader) throws -> OwnTiles? {
        let (plan, workers) = (compiled.plan, compiled.plan.tiling.workers)
        let costs = plan.tiling.costs
        let largest = costs.values.max()! * secondsPerCost
        guard largest <= Self.ownTiles.one else { return nil }
        let rounds = max(2, min(64, Int(Self.ownTiles.all / largest)))
        let count = min(plan.grid.count, rounds * workers)
        let first = (plan.grid.count - count) / 2
        let slots = (0..<workers * Pipeline.slotsPerWorker(plan.slotLayout)).map { _ in
            TileSlot(layout: plan.slotLayout)
        }
        // However slowly the scene is read.
        let cancellation = Cancellation()
        DispatchQueue.global().asyncAfter(deadline: .now() + 2 * Self.ownTiles.all) { cancellation.cancel() }
        let pipeline = Pipeline(
            grid: plan.grid, tiles: first..<first + count, slots: slots, cancellation: cancellation)
        let started = DispatchTime.now()
        var (done, computed, cost, seconds) = (0, 0, 0.0, 0.0)
        do {
            try pipeline.run(
                workers: min(workers, count), read: reader.read,
                makeWorker: {
                    let worker = try TileWorker(compiled)
                    return { slot in slot.isComputed = try worker.run(slot) }
                },
                stitch: { slot in
                    done += 1
                    if slot.isComputed { (computed, cost) = (computed + 1, cost + costs[slot.tile!.output.size]!) }
                    seconds = started.secondsToNow
                    return [slot]
                })
        } catch is CancellationError {}
        guard computed > 0 else { return nil }
        // The last round keeps some workers idle, here as at the end of a run.
        let busy = min(workers, computed)
        let share = Double(computed) / Double((computed + busy - 1) / busy * busy)
        return OwnTiles(
            secondsPerCost: seconds * Double(busy) * share / cost, dataShare: Double(computed) / Double(done))
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

/// The time that a run is expected to take, from its start to the mask's name.
package struct ExpectedTime: Sendable {
    /// The seconds that it most probably takes, if the scene has data everywhere.
    package let seconds: Double
    /// The seconds until the first tile is read.
    package let start: Double
    /// The seconds that all tiles take.
    package let computing: Double
    /// The least and the most seconds that are expected on a machine that does nothing else.
    package let range: ClosedRange<Double>
    /// The seconds that polygons, statistics and a report add, each of which reads the mask once.
    package let productSeconds: Double
    /// The seconds that the trial took.
    package let trialSeconds: Double

    /// The pixels of a mask that are compressed in a second, and that its products go through: 64 and 75 million were measured
    /// on a scene of 20,000 x 20,000 pixels.
    private static let (encodedPixels, productPixels) = (60e6, 70e6)
    /// The seconds for names, sidecars and flushing to the disk.
    private static let publishing = 0.05

    /// - Parameters:
    ///   - start: the seconds until the first tile is read.
    ///   - computing: the seconds that the trial's speed gives for all tiles.
    ///   - isOwnTiles: true if the trial ran tiles of the scene, with reading, and not the network alone.
    ///   - dataShare: the least part of the tiles that may have data.
    ///   - pixels: those of the mask.
    init(
        start: Double, computing: Double, isOwnTiles: Bool, dataShare: Double, pixels: Int, trialSeconds: Double
    ) {
        (self.start, self.computing) = (start, computing)
        let encoding = Double(pixels) / Self.encodedPixels
        // Blocks are compressed while tiles are computed, by threads that take their time from the workers.
        seconds = start + computing + encoding / 2 + Self.publishing
        let spread = isOwnTiles ? (low: 0.85, high: 1.15) : (low: 0.8, high: 1.3)
        let low = start + computing * spread.low * dataShare
        let high = 1.5 * start + computing * spread.high + encoding + 3 * Self.publishing
        range = low...high
        productSeconds = Double(pixels) / Self.productPixels
        self.trialSeconds = trialSeconds
    }
}
