/// A grid that a network admits, with what its tiles cost.
package struct TileCandidate: Hashable, Sendable {
    /// The grid.
    package let grid: TileGrid
    /// The work of one tile of each of the grid's output sizes, in any unit that grows with time, the same for all
    /// candidates.
    package let costs: [PixelSize: Double]
    /// The bytes that one worker is expected to need, the same on every machine; the tile's price is made from them.
    package let expectedBytesPerWorker: Int
    /// The bytes that one worker needs on this machine, as far as that is known; these have to fit.
    package var bytesPerWorker: Int

    /// Makes a candidate from what is expected; `bytesPerWorker` may be set when more is known.
    package init(grid: TileGrid, costs: [PixelSize: Double], expectedBytesPerWorker: Int) {
        self.grid = grid
        self.costs = costs
        self.expectedBytesPerWorker = expectedBytesPerWorker
        bytesPerWorker = expectedBytesPerWorker
    }
}

/// The grid that a run uses and how many workers share it.
package struct TilePlan: Hashable, Sendable {
    /// The grid.
    package let grid: TileGrid
    /// The number of workers.
    package let workers: Int
    /// The bytes that one worker needs.
    package let bytesPerWorker: Int
    /// The work of one tile of each of the grid's output sizes, as the cost model has it.
    package let costs: [PixelSize: Double]
    /// The size of the tiles that the cost model wanted, where memory forced smaller ones; else nil.
    package let preferredTile: Int?
}

/// The error that a scene cannot be planned.
package enum TilePlanError: Error, Hashable, Sendable {
    /// Even one worker on the smallest tile needs more than the memory left for workers.
    case memoryTooSmall(needed: Int, available: Int, tile: Int)
}

/// Chooses the tile size of a scene.
///
/// The choice follows from the scene and the network (its candidates) alone, so that every machine gives the same
/// bytes; memory is looked at afterwards.
package enum TilePlanner {
    /// Numbers of workers that the cost model supposes, whatever the machine has. That some of them have nothing to do
    /// at the end of a run is what makes many small tiles worth their overlap on a small scene.
    static let nominalWorkers = [2, 4]

    /// Tiles that most machines can share out well.
    static let enoughTiles = 16

    /// Beyond so many tiles the last round is too small a part of the run to be looked at.
    static let scheduledTiles = 128

    /// Memory that makes a tile twice as dear: overlap falls ever more slowly with the tile's size, and memory grows ever
    /// faster, so that without a price the largest tile would always win by a little.
    static let bytesThatDoubleTheCost = Double(12 << 30)

    /// The scene's expected cost with this candidate: the work of its tiles, and the time of workers without any, times
    /// the price of memory.
    static func cost(of candidate: TileCandidate) -> Double {
        let price = 1 + Double(candidate.expectedBytesPerWorker) / bytesThatDoubleTheCost
        let schedule = TileSchedule(candidate.grid, costs: candidate.costs)
        let work = schedule.work
        let idle = nominalWorkers.map { workers in
            // Each idles for a part of a tile: tiles are never quite equal, nor is the number of workers known. What is
            // counted where the last round is emptier than that.
            let share = candidate.grid.count < enoughTiles ? 0.5 : 0.25
            let average = Double(workers) * share * work / Double(candidate.grid.count)
            return candidate.grid.count > scheduledTiles ? average : max(average, schedule.idle(workers: workers))
        }
        return (work + idle.reduce(0, +) / Double(nominalWorkers.count)) * price
    }

    /// Takes the candidate that costs least, with as many workers as fit; smaller tiles where not even one worker fits.
    ///
    /// - Parameters:
    ///   - candidates: the grids of one scene, at least one; a single one where the user fixed the tile.
    ///   - workers: how many may run at once.
    ///   - memory: the bytes for all workers together.
    /// - Throws: `TilePlanError` where not even one worker on the smallest tile fits.
    package static func plan(
        candidates: [TileCandidate], workers: Int, memory: Int
    ) throws(TilePlanError) -> TilePlan {
        precondition(!candidates.isEmpty && workers > 0)
        let ranked = candidates.map { (candidate: $0, cost: cost(of: $0)) }
            .sorted { ($0.cost, $0.candidate.grid.tile) < ($1.cost, $1.candidate.grid.tile) }
            .map(\.candidate)
        let preferred = ranked[0]
        if let plan = fit(preferred, workers: workers, memory: memory) { return plan }
        for candidate in ranked where candidate.grid.tile < preferred.grid.tile {
            if let plan = fit(candidate, workers: workers, memory: memory, preferredTile: preferred.grid.tile) {
                return plan
            }
        }
        let smallest = candidates.min { $0.bytesPerWorker < $1.bytesPerWorker }!
        throw .memoryTooSmall(needed: smallest.bytesPerWorker, available: memory, tile: smallest.grid.tile)
    }

    /// Fewer workers first; nil where not even one fits.
    private static func fit(
        _ candidate: TileCandidate, workers: Int, memory: Int, preferredTile: Int? = nil
    ) -> TilePlan? {
        guard candidate.bytesPerWorker <= memory else { return nil }
        return TilePlan(
            grid: candidate.grid,
            workers: min(workers, candidate.grid.count, max(1, memory / max(1, candidate.bytesPerWorker))),
            bytesPerWorker: candidate.bytesPerWorker, costs: candidate.costs, preferredTile: preferredTile)
    }
}

/// The time in which workers get through a grid's tiles, if they take them in order, each as soon as it is free.
package struct TileSchedule {
    private let grid: TileGrid
    private let costs: [PixelSize: Double]

    /// Makes the schedule of a grid.
    ///
    /// - Parameter costs: the time that a tile of each of the grid's output sizes takes, in any unit.
    package init(_ grid: TileGrid, costs: [PixelSize: Double]) {
        self.grid = grid
        self.costs = costs
    }

    /// The time of all tiles together.
    package var work: Double { grid.outputSizes.reduce(0) { $0 + Double($1.count) * cost($1.output) } }

    /// Returns the time until the last worker is done.
    ///
    /// - Complexity: O(tiles * workers).
    package func makespan(workers: Int) -> Double {
        var busyUntil = [Double](repeating: 0, count: min(workers, grid.count))
        for index in 0..<grid.count {
            var first = 0
            for worker in busyUntil.indices where busyUntil[worker] < busyUntil[first] { first = worker }
            busyUntil[first] += cost(grid[index].output.size)
        }
        return busyUntil.max() ?? 0
    }

    /// Workers' time that nobody uses while the last of them are at work.
    func idle(workers: Int) -> Double { Double(workers) * makespan(workers: workers) - work }

    private func cost(_ size: PixelSize) -> Double {
        guard let cost = costs[size] else {
            preconditionFailure("no cost for tiles of \(size.width) x \(size.height)")
        }
        return cost
    }
}
