import FileIO
import Foundation
import InferenceEngine
import Models
import NetworkGraph
import TileGeometry

/// Cuts rasters into tiles for a network: weighs what each grid of tiles takes of time and memory, and takes the best
/// that fits.
struct Tiler: Sendable {
    private let model: Model
    private let backend: any Backend
    private let options: SegmentationOptions
    private let bytesPerPixel: OutputBytes
    /// The memory that each thread needs that reads.
    private let readerBytes: Int

    /// Takes a network, what runs it, and the user's wishes.
    ///
    /// - Parameters:
    ///   - bytesPerPixel: what the outputs take of a tile's memory.
    ///   - readerBytes: what a thread that reads needs beside the pixels of a tile.
    init(
        _ model: Model, backend: any Backend, options: SegmentationOptions, bytesPerPixel: OutputBytes,
        readerBytes: Int = 0
    ) {
        self.model = model
        self.backend = backend
        self.options = options
        self.bytesPerPixel = bytesPerPixel
        self.readerBytes = readerBytes
    }

    /// The symmetries that each tile is run under.
    var symmetries: [Symmetry] { options.symmetries }

    private var allowed: AllowedTiles {
        AllowedTiles(network: model.network, tile: options.tile, margin: options.margin, described: model.description)
    }

    /// Cuts a raster, from estimates of what the network takes.
    ///
    /// - Throws: `SegmentationError` for a tile, margin or memory that cannot be.
    func tiling(of raster: PixelSize) throws -> Tiling { try tiling(candidates(for: raster)) }

    /// Returns the grids to choose from.
    ///
    /// - Throws: `SegmentationError` for a tile or margin that cannot be, naming the nearest that can.
    func candidates(for raster: PixelSize) throws -> [TileCandidate] { try allowed.grids(for: raster).map(candidate) }

    /// Takes the best of some grids that fits.
    ///
    /// - Parameter weightBytes: the bytes of the weights as the backend holds them; nil for what is expected.
    /// - Throws: `SegmentationError` (`.memoryTooSmall`).
    func tiling(_ candidates: [TileCandidate], weightBytes: Int? = nil) throws -> Tiling {
        let weightBytes = try weightBytes ?? expectedWeightBytes(candidates[0].grid)
        let budget = options.memory.map(MemoryBudget.init) ?? .standard
        let workers = options.workers ?? GrantedResources.current.processors
        let available = budget.workerBytes(weights: weightBytes)
        let chosen: TilePlan
        do {
            chosen = try TilePlanner.plan(candidates: candidates, workers: workers, memory: available)
        } catch {
            throw memoryError(error, budget: budget, available: available)
        }
        return Tiling(
            grid: chosen.grid, workers: chosen.workers, bytesPerWorker: chosen.bytesPerWorker, costs: chosen.costs,
            shapes: try shapes(of: chosen.grid), runsPerTile: symmetries.count,
            memoryBytes: budget.total - available + chosen.workers * chosen.bytesPerWorker,
            memoryLimit: budget.total, warnings: warnings(about: chosen, requested: workers))
    }

    private func memoryError(_ error: TilePlanError, budget: MemoryBudget, available: Int) -> SegmentationError {
        switch error {
        case .memoryTooSmall(let needed, _, let tile):
            let total = ByteCount.text(budget.total - available + needed)
            let advice = options.tile == nil ? "raise --memory" : "choose a smaller --tile or raise --memory"
            return SegmentationError(
                .memoryTooSmall,
                "one worker on tiles of \(tile) pixels needs \(total) of memory, and \(ByteCount.text(budget.total)) "
                    + "are allowed: \(advice)")
        }
    }

    private func warnings(about chosen: TilePlan, requested workers: Int) -> [PlanWarning] {
        var warnings = allowed.warnings
        if let seam = model.network.seam {
            warnings.append(
                .seams(reason: seam, tile: chosen.grid.tile, canGrow: model.network.onlyTile == nil))
        }
        if let preferred = chosen.preferredTile {
            warnings.append(.smallerTiles(tile: chosen.grid.tile, preferred: preferred))
        }
        if chosen.workers < min(workers, chosen.grid.count) {
            warnings.append(.fewerWorkers(workers: chosen.workers, requested: workers))
        }
        return warnings
    }

    /// Returns what the tiles of a grid compute whose output has this size.
    func computation(_ grid: TileGrid, output: PixelSize) throws -> TileComputation {
        try allowed.computation(grid, output: output)
    }

    private func shapes(of grid: TileGrid) throws -> [TileShape] {
        try grid.outputSizes.map { tiles in
            TileShape(
                tiles,
                try symmetries.map { ($0, try computation(grid, output: $0.size(of: tiles.output))) })
        }
    }

    private func candidate(_ grid: TileGrid) throws -> TileCandidate {
        var costs: [PixelSize: Double] = [:]
        var sessionBytes = 0
        for size in grid.outputSizes.map(\.output) {
            let tile = try estimate(grid, output: size)
            costs[size] = Double(symmetries.count) * tile.cost
            sessionBytes = max(sessionBytes, tile.sessionBytes)
        }
        return TileCandidate(
            grid: grid, costs: costs, expectedBytesPerWorker: try workerBytes(grid, session: sessionBytes))
    }

    /// Estimates what one run on a tile of a grid takes whose output has this size.
    func estimate(_ grid: TileGrid, output: PixelSize) throws -> (cost: Double, sessionBytes: Int) {
        let computation = try computation(grid, output: output)
        let session = try CompiledNetwork.estimate(computation, backend: backend)
        // Reading, mirroring and writing weigh little beside the network; enough to tell apart sizes of equal work.
        let handling = 256 * Double(computation.input.rows.count * computation.input.columns.count)
        return (session.cost + handling, session.byteCount)
    }

    /// Returns the bytes that one worker needs: a session that serves tiles of all shapes, the mean of several runs, its
    /// slots, and what a thread that reads for it keeps.
    func workerBytes(_ grid: TileGrid, session: Int) throws -> Int {
        let slot = try shapes(of: grid).slotLayout(bands: model.bands, bytesPerPixel: bytesPerPixel)
        let mean = symmetries.count > 1 ? slot.outputPixels * model.outputChannels * MemoryLayout<Float>.stride : 0
        return session + mean + Pipeline.slotsPerWorker(slot) * slot.byteCount + slot.inputByteCount + readerBytes
    }

    private func expectedWeightBytes(_ grid: TileGrid) throws -> Int {
        let computation = try computation(grid, output: grid.outputSizes[0].output)
        return try CompiledNetwork.estimate(computation, backend: backend).weightByteCount
    }
}
