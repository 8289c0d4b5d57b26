/// A tile size that a network admits, with what one such tile costs.
public struct TileCandidate: Hashable, Sendable {
    public let tile: Int
    public let margin: Int
    public let step: Int
    /// Work of one tile in any unit that grows with time, the same for all candidates.
    public let cost: Double
    /// Memory that one worker is expected to need, the same on every machine: what the tile's price is made from.
    public let expectedBytesPerWorker: Int
    /// Memory that one worker needs on this machine, as far as that is known: what has to fit.
    public let bytesPerWorker: Int

    /// - Parameter bytesPerWorker: nil for what is expected.
    public init(
        tile: Int, margin: Int, step: Int, cost: Double, expectedBytesPerWorker: Int, bytesPerWorker: Int? = nil
    ) {
        self.tile = tile
        self.margin = margin
        self.step = step
        self.cost = cost
        self.expectedBytesPerWorker = expectedBytesPerWorker
        self.bytesPerWorker = bytesPerWorker ?? expectedBytesPerWorker
    }
}

/// The grid that a run uses and how many workers share it.
public struct TilePlan: Hashable, Sendable {
    public let grid: TileGrid
    public let workers: Int
    public let bytesPerWorker: Int
    /// Set where memory forced smaller tiles than the cost model wanted: the tile size that it wanted.
    public let preferredTile: Int?
}

/// What keeps a scene from being planned.
public enum TilePlanError: Error, Hashable, Sendable {
    /// Even one worker on the smallest tile needs more than the memory left for workers.
    case memoryTooSmall(needed: Int, available: Int, tile: Int)
}

/// Chooses the tile size of a scene.
///
/// The choice follows from the scene and the network (its candidates) alone, so that every machine gives the same
/// bytes; memory is looked at afterwards.
public enum TilePlanner {
    /// Workers that the cost model supposes, whatever the machine has: at the end of a run each of them idles for half
    /// a tile on average, which is what makes many small tiles worth their overlap on a small scene.
    static let nominalWorkers = 4.0

    /// Memory that makes a tile twice as dear: overlap falls ever more slowly with the tile's size, and memory grows ever
    /// faster, so that without a price the largest tile would always win by a little.
    static let bytesThatDoubleTheCost = Double(4 << 30)

    /// The scene's expected cost with this candidate: `(tiles + nominalWorkers / 2) * cost`, times the price of memory.
    static func cost(of candidate: TileCandidate, scene: PixelSize) -> Double {
        let columns = (scene.width + candidate.step - 1) / candidate.step
        let rows = (scene.height + candidate.step - 1) / candidate.step
        let price = 1 + Double(candidate.expectedBytesPerWorker) / bytesThatDoubleTheCost
        return (Double(columns) * Double(rows) + nominalWorkers / 2) * candidate.cost * price
    }

    /// - Parameters:
    ///   - candidates: at least one; a single one where the user fixed the tile.
    ///   - workers: how many may run at once.
    ///   - memory: bytes for all workers together.
    public static func plan(
        scene: PixelSize, candidates: [TileCandidate], workers: Int, memory: Int
    ) throws(TilePlanError) -> TilePlan {
        precondition(!candidates.isEmpty && workers > 0)
        let ranked = candidates.sorted {
            (cost(of: $0, scene: scene), $0.tile) < (cost(of: $1, scene: scene), $1.tile)
        }
        let preferred = ranked[0]
        if let plan = fit(preferred, scene: scene, workers: workers, memory: memory) { return plan }
        for candidate in ranked where candidate.tile < preferred.tile {
            if let plan = fit(candidate, scene: scene, workers: workers, memory: memory, preferredTile: preferred.tile)
            {
                return plan
            }
        }
        let smallest = candidates.min { $0.bytesPerWorker < $1.bytesPerWorker }!
        throw .memoryTooSmall(needed: smallest.bytesPerWorker, available: memory, tile: smallest.tile)
    }

    /// Fewer workers first; nil where not even one fits.
    private static func fit(
        _ candidate: TileCandidate, scene: PixelSize, workers: Int, memory: Int, preferredTile: Int? = nil
    ) -> TilePlan? {
        guard candidate.bytesPerWorker <= memory else { return nil }
        let grid = TileGrid(scene: scene, tile: candidate.tile, margin: candidate.margin, step: candidate.step)
        return TilePlan(
            grid: grid, workers: min(workers, grid.count, max(1, memory / max(1, candidate.bytesPerWorker))),
            bytesPerWorker: candidate.bytesPerWorker, preferredTile: preferredTile)
    }
}
