import Foundation
import InferenceEngine
import Models
import NetworkGraph
import RasterIO
import TestData
import Testing
import TestNetworks
import TileGeometry

@testable import Segmentation

/// Tiles of the last column and row: only what the scene needs, in the memory of a whole tile.
@Suite struct CutTilesTests {
    private let folder: TemporaryFolder
    private let model: Model

    init() throws {
        folder = try TemporaryFolder()
        model = try Model(path: ModelFile.paperUNet(in: folder.url.path))
    }

    private func tiler(tile: Int? = nil) -> Tiler {
        var options = SegmentationOptions()
        options.tile = tile
        return Tiler(
            model, backend: OneDNNBackend(), options: options,
            bytesPerPixel: OutputBytes([.mask: 1, .probabilities: 4 * model.outputChannels]))
    }

    private func tiling(_ width: Int, _ height: Int, tile: Int? = nil) throws -> Tiling {
        try tiler(tile: tile).tiling(of: PixelSize(width: width, height: height))
    }

    @Test func aFewPixelsMoreCostLittleMore() throws {
        // Tiles of 104 keep 64 pixels; the network's stride is 4.
        let whole = try tiling(640, 640, tile: 104)
        let ragged = try tiling(641, 641, tile: 104)
        #expect(ragged.grid.count == 121 && whole.grid.count == 100)
        #expect(ragged.operations < 1.15 * whole.operations)
        #expect(ragged.overlapCost(model.network) < 1.15 * (1 + whole.overlapCost(model.network)) - 1)
        #expect(ragged.bytesPerWorker == whole.bytesPerWorker)
    }

    /// The planner's own choice: growing a scene by a stride never costs much more, whatever tiles that leads to.
    @Test func aSlightlyLargerSceneCostsSlightlyMore() throws {
        var last = try tiling(996, 700).operations
        for width in stride(from: 1000, through: 1060, by: 4) {
            let operations = try tiling(width, 700).operations
            #expect(operations < 1.1 * last, "width \(width)")
            last = operations
        }
    }

    @Test func operationsAreThoseOfEachTile() throws {
        guard case .seamless(let network) = model.network else {
            Issue.record("the paper's network is seamless")
            return
        }
        let tiling = try tiling(150, 91, tile: 104)
        let counted = (0..<tiling.grid.count).map { tiling.grid[$0].output }
            .reduce(0) { $0 + network.computation(height: $1.height, width: $1.width).operationCount }
        #expect(tiling.shapes.count == 4 && tiling.operations == counted)
    }

    @Test func anEdgeThatNothingCrossesIsNotCut() throws {
        let tiling = try tiling(640, 192, tile: 104)
        #expect(tiling.shapes.count == 1 && tiling.shapes[0].count == 30)
        #expect(tiling.shapes[0].output == PixelSize(width: 64, height: 64))
    }

    @Test(arguments: [(150, 91, 4), (40, 200, 2), (128, 64, 1), (3, 3, 1)])
    func aWorkersSessionsShareItsMemory(width: Int, height: Int, shapes: Int) throws {
        let tiling = try tiling(width, height, tile: 104)
        let networks = try TileNetworks(
            tiling.grid, tiler: tiler(tile: 104), backend: OneDNNBackend(), weights: PackedWeights())
        let sessions = try networks.makeSessions()
        #expect(Set(sessions.keys) == Set(tiling.shapes.map(\.output)) && sessions.count == shapes)
        let whole = try tiler(tile: 104).computation(tiling.grid, output: tiling.shapes[0].output)
        let alone = try CompiledNetwork(whole, backend: OneDNNBackend())
        #expect(networks.sessionByteCount == alone.sessionByteCount)
        let starts = sessions.values.map { UInt(bitPattern: $0.input.baseAddress!) }
        #expect(starts.max()! - starts.min()! < UInt(networks.sessionByteCount))
    }

    @Test func networksOfFixedTilesKeepThemWhole() throws {
        let graph = PaperUNet.random(depth: 3, base: 4).graph()
        let network = TiledNetwork.fixedTiles(try FixedTileNetwork(graph))
        let choice = AllowedTiles(network: network, tile: 108, margin: 24, described: ModelDescription())
        let grids = try choice.grids(for: PixelSize(width: 150, height: 91))
        #expect(grids.count == 1 && grids[0].outputSizes.count == 1)
        let size = grids[0].outputSizes[0]
        #expect(size.output == PixelSize(width: 60, height: 60) && size.count == 6)
        let input = try choice.computation(grids[0], output: size.output).input
        #expect(input == MapWindow(rows: -20..<80, columns: -20..<80))
    }
}
