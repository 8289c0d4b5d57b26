import Foundation
public import InferenceEngine
public import Models
import NetworkGraph
public import TileGeometry

/// Weighs tile sizes for a scene and a network.
public struct Planner: Sendable {
    private let model: Model
    private let backend: any Backend
    private let options: SegmentationOptions
    private let probabilityBytesPerPixel: Int
    private let confidenceBytesPerPixel: Int
    /// Memory that each thread needs that reads.
    private let readerBytes: Int

    /// - Parameter readerBytes: what a thread that reads needs beside the pixels of a tile.
    public init(
        _ model: Model, backend: any Backend, options: SegmentationOptions, writesProbabilities: Bool,
        writesConfidence: Bool = false,
        readerBytes: Int = 0
    ) {
        self.model = model
        self.backend = backend
        self.options = options
        self.readerBytes = readerBytes
        let encoding = ProbabilityEncoding(sampleType: options.probabilityType)
        probabilityBytesPerPixel = writesProbabilities ? model.outputChannels * encoding.sampleByteCount : 0
        confidenceBytesPerPixel = writesConfidence ? OutputEncoding.confidenceEncoding.sampleByteCount : 0
    }

    private var choice: AllowedTiles {
        AllowedTiles(network: model.network, tile: options.tile, margin: options.margin, described: model.description)
    }

    /// - Throws: `SegmentationError` for a tile, margin or memory that cannot be.
    public func plan(scene: PixelSize) throws -> Plan {
        try plan(candidates(for: scene))
    }

    /// The grids to choose from.
    ///
    /// - Throws: `SegmentationError` for a tile or margin that cannot be, naming the nearest that can.
    func candidates(for scene: PixelSize) throws -> [TileCandidate] { try choice.grids(for: scene).map(candidate) }

    /// - Parameter weightBytes: of the weights as the backend holds them; nil for what is expected.
    func plan(_ candidates: [TileCandidate], weightBytes: Int? = nil) throws -> Plan {
        let weightBytes = try weightBytes ?? expectedWeightBytes(candidates[0].grid)
        let budget = options.memory.map(MemoryBudget.init) ?? .standard
        let workers = options.workers ?? ProcessInfo.processInfo.activeProcessorCount
        let available = budget.workerBytes(weights: weightBytes)
        let tiling: TilePlan
        do {
            tiling = try TilePlanner.plan(candidates: candidates, workers: workers, memory: available)
        } catch {
            throw memoryError(error, budget: budget, available: available)
        }
        return Plan(
            tiling: tiling, shapes: try shapes(of: tiling.grid),
            memoryBytes: budget.total - available + tiling.workers * tiling.bytesPerWorker,
            memoryLimit: budget.total, warnings: warnings(about: tiling, requested: workers))
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

    private func warnings(about tiling: TilePlan, requested workers: Int) -> [String] {
        var warnings = choice.warnings
        if let seam = model.network.seam {
            let advice = model.network.onlyTile == nil ? ": larger tiles (--tile) have fewer" : ""
            warnings.append(
                "not seamless: \(seam); where tiles of \(tiling.grid.tile) pixels meet, seams may show\(advice)")
        }
        if let preferred = tiling.preferredTile {
            warnings.append(
                "memory is short: tiles of \(tiling.grid.tile) pixels instead of \(preferred), so that pixels may differ in the last digits from a run with more memory"
            )
        }
        if tiling.workers < min(workers, tiling.grid.count) {
            warnings.append("memory is short: \(tiling.workers.counted("worker")) instead of \(workers)")
        }
        return warnings
    }

    /// What tiles of a grid compute whose output has this size.
    func computation(_ grid: TileGrid, output: PixelSize) throws -> TileComputation {
        try choice.computation(grid, output: output)
    }

    private func shapes(of grid: TileGrid) throws -> [TileShape] {
        try grid.outputSizes.map { TileShape($0, try computation(grid, output: $0.output)) }
    }

    private func candidate(_ grid: TileGrid) throws -> TileCandidate {
        var costs: [PixelSize: Double] = [:]
        var sessionBytes = 0
        for size in grid.outputSizes.map(\.output) {
            let tile = try estimate(grid, output: size)
            costs[size] = tile.cost
            sessionBytes = max(sessionBytes, tile.sessionBytes)
        }
        return TileCandidate(
            grid: grid, costs: costs, expectedBytesPerWorker: try workerBytes(grid, session: sessionBytes))
    }

    /// What a tile of a grid takes whose output has this size.
    func estimate(_ grid: TileGrid, output: PixelSize) throws -> (cost: Double, sessionBytes: Int) {
        let computation = try computation(grid, output: output)
        let session = try CompiledNetwork.estimate(computation, backend: backend)
        // Reading, mirroring and writing weigh little beside the network; enough to tell apart sizes of equal work.
        let handling = 256 * Double(computation.input.rows.count * computation.input.columns.count)
        return (session.cost + handling, session.byteCount)
    }

    /// What one worker needs: a session that serves tiles of all shapes, its slots, and what a thread that reads for it
    /// keeps.
    func workerBytes(_ grid: TileGrid, session: Int) throws -> Int {
        let slot = try shapes(of: grid).slotLayout(
            bands: model.bands, maskBytesPerPixel: 1, probabilityBytesPerPixel: probabilityBytesPerPixel,
            confidenceBytesPerPixel: confidenceBytesPerPixel)
        return session + Pipeline.slotsPerWorker(slot) * slot.byteCount + slot.inputByteCount + readerBytes
    }

    private func expectedWeightBytes(_ grid: TileGrid) throws -> Int {
        let computation = try computation(grid, output: grid.outputSizes[0].output)
        return try CompiledNetwork.estimate(computation, backend: backend).weightByteCount
    }
}
