package import InferenceEngine
package import Models
import NetworkGraph
package import RasterIO
import TileGeometry

/// Plans how a scene goes through a model, in the one way that a run, `overtile plan` and batches share.
///
/// Everything that can be checked is checked here, before anything is written.
package struct Planner: Sendable {
    private let scene: RasterReader
    private let model: Model
    private let options: SegmentationOptions
    private let input: SceneInput
    private let resampling: Resampling
    private let output: OutputEncoding
    private let area: SceneArea?
    /// The caller's own backend; nil for Overtile's.
    private let backend: (any Backend)?

    /// Takes a scene, a model and the user's wishes.
    ///
    /// - Parameters:
    ///   - kinds: the rasters that are asked for beside the mask.
    ///   - backend: what runs the network; nil for Overtile's own kernels.
    /// - Throws: `SegmentationError` where scene, model and options do not fit together.
    package init(
        scene: RasterReader, model: Model, options: SegmentationOptions, kinds: Set<RasterOutput.Kind> = [],
        backend: (any Backend)? = nil
    ) throws {
        input = try SceneInput(scene, model: model, options: options)
        resampling = try Resampling(scene, description: model.description, options: options)
        output = try OutputEncoding(model, options, kinds: kinds)
        let pixelGrid = resampling.keepsPixels ? resampling.pixelGrid : nil
        area = try options.area.map { try SceneArea($0, of: scene, pixelGrid: pixelGrid) }
        self.scene = scene
        self.model = model
        self.options = options
        self.backend = backend
    }

    /// Compares what the model will be given with what it remembers of its training.
    ///
    /// - Parameter isComplete: true to run every usual way of scaling through the whole network, for a table.
    /// - Throws: `RasterError`, `EngineError`, `EngineCheckError`.
    package func feedReport(isComplete: Bool = false) throws -> FeedReport {
        var report = try feedCheck.report(isComplete: isComplete)
        report.source = input.scalingSource
        report.bands = input.bands
        return report
    }

    /// What compares the model's memory with the scene's pixels.
    var feedCheck: FeedCheck {
        let budget = MemoryBudget(total: options.memory ?? MemoryBudget.standard.total)
        return FeedCheck(
            scene: scene, model: model, bands: input.bands, normalization: input.normalization, resampling: resampling,
            memory: budget.workerBytes(weights: 0)
        ) { try backend ?? CheckedEngine.backend() }
    }

    /// Plans from estimates of what the network takes; nothing is compiled.
    ///
    /// - Throws: `SegmentationError` for a tile, margin or memory that cannot be; `InstructionSetError`.
    package func plan() throws -> Plan {
        let (tiling, savesMemory) = try withEnoughMemory(OvertileBackend.init(savesMemory:)) { backend in
            try tiler(backend).tiling(of: resampling.pixelGrid.size)
        }
        return plan(tiling, savesMemory: savesMemory)
    }

    /// Plans from what the compiled network really takes, and keeps that network.
    ///
    /// - Throws: as `plan`; `EngineError`, `EngineCheckError`.
    func compiledPlan() throws -> CompiledPlan {
        let (result, savesMemory) = try withEnoughMemory(CheckedEngine.backend(savesMemory:)) { backend in
            let tiler = tiler(backend)
            let (tiling, networks) = try compile(tiler, backend: backend)
            return (tiling: tiling, networks: networks, tiler: tiler, kernels: backend.name)
        }
        return CompiledPlan(
            plan: plan(result.tiling, savesMemory: savesMemory), networks: result.networks, tiler: result.tiler,
            kernels: result.kernels + (savesMemory ? ", without Winograd" : ""))
    }

    private func plan(_ tiling: Tiling, savesMemory: Bool) -> Plan {
        Plan(
            bands: input.bands, normalization: input.normalization, resampling: resampling, output: output,
            area: area,
            tiling: selectedTiles(of: tiling),
            warnings: input.warnings + resampling.warnings + (area?.warnings ?? [])
                + (savesMemory ? [.slowerKernels] : []) + tiling.warnings)
    }

    /// Of tiles that were planned for the whole scene, those that the wanted part needs: so that its pixels are those of a
    /// run over the whole scene.
    private func selectedTiles(of tiling: Tiling) -> Tiling {
        guard let area else { return tiling }
        return tiling.selecting(
            resampling.keepsPixels ? area.window : resampling.pixelGrid.window(over: area.window))
    }

    private func tiler(_ backend: any Backend) -> Tiler {
        Tiler(
            model, backend: backend, options: options, bytesPerPixel: output.bytesPerPixel,
            readerBytes: resampling.pixelGrid.scratchByteCount(bands: model.bands))
    }

    /// Plans with the fastest kernels, and, where memory is too small for them, with those that take the least. A caller's
    /// own backend has no other form.
    ///
    /// - Returns: the plan, and whether it is for the kernels that save memory.
    private func withEnoughMemory<Result>(
        _ makeBackend: (_ savesMemory: Bool) throws -> OvertileBackend, _ plan: (any Backend) throws -> Result
    ) throws -> (Result, savesMemory: Bool) {
        if let backend { return (try plan(backend), false) }
        do {
            return (try plan(makeBackend(false)), false)
        } catch let error as SegmentationError where error.code == .memoryTooSmall {
            return (try plan(makeBackend(true)), true)
        }
    }

    /// Plans with estimates, compiles, and plans again with what the kernels really take, until both agree.
    private func compile(_ tiler: Tiler, backend: any Backend) throws -> (Tiling, TileNetworks) {
        var candidates = try tiler.candidates(for: resampling.pixelGrid.size)
        var tiling = try tiler.tiling(candidates)
        var measured: Set<TileGrid> = []
        let weights = PackedWeights()
        while true {
            let grid = tiling.grid
            let networks = try TileNetworks(grid, tiler: tiler, backend: backend, weights: weights)
            // Each round measures one more grid, so that this ends.
            guard measured.insert(grid).inserted else { return (tiling, networks) }
            let place = candidates.firstIndex { $0.grid == grid }!
            candidates[place].bytesPerWorker = try tiler.workerBytes(grid, session: networks.sessionByteCount)
            tiling = try tiler.tiling(candidates, weightBytes: networks.weightByteCount)
            if tiling.grid == grid { return (tiling, networks) }
        }
    }
}

/// A plan with the network that was compiled for it.
struct CompiledPlan: Sendable {
    let plan: Plan
    let networks: TileNetworks
    /// The tiler that weighed the tiles.
    let tiler: Tiler
    /// The kernels that run, by name: others give other last digits.
    let kernels: String
}
