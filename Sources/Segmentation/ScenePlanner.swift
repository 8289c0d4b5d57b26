import Foundation
public import InferenceEngine
public import ModelWeights
import NetworkGraph
public import TileGeometry

/// Weighs tile sizes for a scene and a network.
public struct ScenePlanner: Sendable {
    private let model: Model
    private let backend: any Backend
    private let options: SegmentationOptions
    private let probabilityBands: Int

    public init(_ model: Model, backend: any Backend, options: SegmentationOptions, writesProbabilities: Bool) {
        self.model = model
        self.backend = backend
        self.options = options
        probabilityBands = writesProbabilities ? model.outputChannels : 0
    }

    private var choice: TileChoice { TileChoice(network: model.network, tile: options.tile, margin: options.margin) }

    /// - Throws: `SegmentationError` for a tile, margin or memory that cannot be.
    public func plan(scene: PixelSize) throws -> ScenePlan {
        try plan(scene: scene, weightBytes: estimatedWeightBytes, sessionBytes: [:])
    }

    /// - Parameters:
    ///   - weightBytes: of the weights as the backend holds them.
    ///   - sessionBytes: what a session really takes, for the steps that have been compiled; others are estimated.
    func plan(scene: PixelSize, weightBytes: Int, sessionBytes: [Int: Int]) throws -> ScenePlan {
        let budget = options.memory.map(MemoryBudget.init) ?? .standard
        let candidates = try choice.shapes(for: scene).map { try candidate($0, sessionBytes: sessionBytes[$0.step]) }
        let workers = options.workers ?? ProcessInfo.processInfo.activeProcessorCount
        let available = budget.workerBytes(weights: weightBytes)
        let tiling: TilePlan
        do {
            tiling = try TilePlanner.plan(scene: scene, candidates: candidates, workers: workers, memory: available)
        } catch {
            throw memoryError(error, budget: budget, available: available)
        }
        let computation = try computation(tiling.grid)
        return ScenePlan(
            tiling: tiling, input: computation.input, operationsPerTile: computation.operationCount,
            memoryBytes: budget.total - available + tiling.workers * tiling.bytesPerWorker,
            memoryLimit: budget.total, warnings: warnings(about: tiling, requested: workers))
    }

    private func memoryError(_ error: TilePlanError, budget: MemoryBudget, available: Int) -> SegmentationError {
        switch error {
        case .memoryTooSmall(let needed, _, let tile):
            let total = ByteCount.text(budget.total - available + needed)
            let advice = options.tile == nil ? "raise --memory" : "choose a smaller --tile or raise --memory"
            return SegmentationError(
                .usage,
                "one worker on tiles of \(tile) pixels needs \(total) of memory, and \(ByteCount.text(budget.total)) "
                    + "are allowed: \(advice)")
        }
    }

    private func warnings(about tiling: TilePlan, requested workers: Int) -> [String] {
        var warnings: [String] = []
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

    /// What the tiles of a grid compute.
    func computation(_ grid: TileGrid) throws -> TileComputation {
        try choice.computation(TileShape(tile: grid.tile, margin: grid.margin, step: grid.step))
    }

    private func candidate(_ shape: TileShape, sessionBytes: Int?) throws -> TileCandidate {
        let computation = try choice.computation(shape)
        let inputPixels = computation.input.rows.count * computation.input.columns.count
        let slot = TileSlotLayout(
            bands: model.bands, inputPixels: inputPixels, outputPixels: shape.step * shape.step, maskBytesPerPixel: 1,
            probabilityBands: probabilityBands)
        let slotBytes = Pipeline.slotsPerWorker * slot.byteCount
        let session = try CompiledNetwork.estimate(computation, backend: backend)
        // Reading, mirroring and writing weigh little beside the network; enough to tell apart sizes of equal work.
        let handling = 256 * Double(inputPixels)
        return TileCandidate(
            tile: shape.tile, margin: shape.margin, step: shape.step, cost: session.cost + handling,
            expectedBytesPerWorker: session.byteCount + slotBytes,
            bytesPerWorker: sessionBytes.map { $0 + slotBytes })
    }

    // MARK: What only a compiled network knows

    /// A guess until the kernels are made: Winograd's transformed weights take four times the room.
    private var estimatedWeightBytes: Int { 4 * model.parameterCount * MemoryLayout<Float>.stride }
}
