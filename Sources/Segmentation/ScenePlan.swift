import Dispatch
import Foundation
public import InferenceEngine
public import ModelWeights
public import NetworkGraph
public import TileGeometry

/// How a scene will be cut and run, worked out before anything is.
public struct ScenePlan: Sendable {
    public let tiling: TilePlan
    /// Where the network's input starts, relative to a tile's output, and how large it is.
    public let input: MapWindow
    /// Multiplications and additions of one tile.
    public let operationsPerTile: Double
    /// Bytes that the process is expected to need at most.
    public let memoryBytes: Int
    /// Bytes that it may use.
    public let memoryLimit: Int
    /// What the user should know.
    public let warnings: [String]

    public var grid: TileGrid { tiling.grid }
    /// Multiplications and additions of all tiles.
    public var operations: Double { operationsPerTile * Double(grid.count) }

    /// Operations that overlap and ragged edges cost, as a share of what one run over the whole scene would take.
    public func overlapCost(_ network: SeamlessNetwork) -> Double {
        operations / (network.operationsPerPixel * Double(grid.scene.area)) - 1
    }
}

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

    /// Tiles larger than this are refused: no machine would profit.
    static let largestTile = 1 << 15

    private var network: SeamlessNetwork { model.network }

    /// - Throws: `SegmentationError` for a tile, margin or memory that cannot be.
    public func plan(scene: PixelSize) throws -> ScenePlan {
        try plan(scene: scene, weightBytes: estimatedWeightBytes, sessionBytes: [:])
    }

    /// - Parameters:
    ///   - weightBytes: of the weights as the backend holds them.
    ///   - sessionBytes: what a session really takes, for the steps that have been compiled; others are estimated.
    func plan(scene: PixelSize, weightBytes: Int, sessionBytes: [Int: Int]) throws -> ScenePlan {
        let budget = options.memory.map(MemoryBudget.init) ?? .standard
        let candidates = try tileSteps(scene: scene).map { tile, margin, step in
            try candidate(tile: tile, margin: margin, step: step, sessionBytes: sessionBytes[step])
        }
        let workers = options.workers ?? ProcessInfo.processInfo.activeProcessorCount
        let available = budget.workerBytes(weights: weightBytes)
        do {
            let tiling = try TilePlanner.plan(scene: scene, candidates: candidates, workers: workers, memory: available)
            let step = tiling.grid.step
            return ScenePlan(
                tiling: tiling, input: network.inputWindow(forOutput: step, step),
                operationsPerTile: network.operationCount(forOutput: step, step),
                memoryBytes: budget.total - available + tiling.workers * tiling.bytesPerWorker,
                memoryLimit: budget.total, warnings: warnings(about: tiling, requested: workers))
        } catch .memoryTooSmall(let needed, _, let tile) {
            let total = budget.total - available + needed
            throw SegmentationError(
                .usage,
                "one worker on tiles of \(tile) pixels needs \(ByteCount.text(total)) of memory, and \(ByteCount.text(budget.total)) "
                    + (options.tile == nil
                        ? "are allowed: raise --memory" : "are allowed: choose a smaller --tile or raise --memory"))
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

    // MARK: Tile sizes

    /// The (tile, margin, step) triples to choose from: one where the user fixed the tile.
    private func tileSteps(scene: PixelSize) throws -> [(tile: Int, margin: Int, step: Int)] {
        let margin = options.margin ?? network.margin
        guard margin >= network.margin else {
            throw SegmentationError(
                .usage,
                "--margin \(margin) is less than the \(network.margin) pixels that the network needs: give \(network.margin) or more, or leave it out"
            )
        }
        guard margin <= Self.largestTile else {
            throw SegmentationError(.usage, "--margin \(margin) is beyond the largest tile, \(Self.largestTile) pixels")
        }
        if let tile = options.tile { return [(tile, margin, try step(forTile: tile, margin: margin))] }
        let unit = leastCommonMultiple(network.stride, 16)
        let largest = min(2048, (max(scene.width, scene.height) + unit - 1) / unit * unit)
        let steps = stride(from: unit, through: max(unit, largest), by: unit).filter { OutputBlock.divides(step: $0) }
        return steps.map { (tileSize(atLeast: max(network.tile(forStep: $0), $0 + 2 * margin)), margin, $0) }
    }

    /// The largest step that a tile of this size allows.
    private func step(forTile tile: Int, margin: Int) throws -> Int {
        let unit = network.stride
        let smallest = tileSize(atLeast: max(network.tile(forStep: unit), unit + 2 * margin))
        guard tile >= smallest && tile <= Self.largestTile else {
            throw SegmentationError(
                .usage,
                "--tile \(tile) is out of range: this network takes tiles of \(smallest) to \(Self.largestTile) pixels")
        }
        guard tile % unit == network.tileRemainder % unit else {
            let above = tileSize(atLeast: tile)
            throw SegmentationError(
                .usage,
                "--tile \(tile) cannot be halved by all of the network's poolings: \(above - unit) or \(above) can")
        }
        var step = (tile - 2 * margin) / unit * unit
        while network.tile(forStep: step) > tile { step -= unit }
        return step
    }

    private func tileSize(atLeast size: Int) -> Int {
        let unit = network.stride
        return size + (((network.tileRemainder - size) % unit) + unit) % unit
    }

    private func candidate(tile: Int, margin: Int, step: Int, sessionBytes: Int?) throws -> TileCandidate {
        let input = network.inputWindow(forOutput: step, step)
        let inputPixels = input.rows.count * input.columns.count
        let slot = TileSlotLayout(
            bands: model.bands, inputPixels: inputPixels, outputPixels: step * step, maskBytesPerPixel: 1,
            probabilityBands: probabilityBands)
        let session = try CompiledNetwork.estimate(network, height: step, width: step, backend: backend)
        // Reading, mirroring and writing weigh little beside the network; enough to tell apart sizes of equal work.
        let handling = 256 * Double(inputPixels)
        return TileCandidate(
            tile: tile, margin: margin, step: step, cost: session.cost + handling,
            bytesPerWorker: (sessionBytes ?? session.byteCount) + Pipeline.slotsPerWorker * slot.byteCount)
    }

    // MARK: What only a compiled network knows

    /// A guess until the kernels are made: Winograd's transformed weights take four times the room.
    private var estimatedWeightBytes: Int { 4 * model.parameterCount * MemoryLayout<Float>.stride }
}
