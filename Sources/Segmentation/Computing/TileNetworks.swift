import InferenceEngine
import NetworkGraph
import TileGeometry

/// A network compiled for every shape of tile that a grid has, with one set of weights.
final class TileNetworks: Sendable {
    /// The networks by the size of a tile's output.
    private let networks: [PixelSize: CompiledNetwork]
    /// The place and size of the network's input, relative to a tile's output of each size.
    let inputs: [PixelSize: MapWindow]
    /// The symmetries that each tile is run under.
    let symmetries: [Symmetry]
    private let weights: PackedWeights
    private let compile: @Sendable (PixelSize) throws -> CompiledNetwork
    /// A line for each step of the network on the grid's largest tiles.
    let listing: [String]

    /// - Parameter weights: those that earlier networks of the same model have packed.
    /// - Throws: `EngineError` naming the operation that the backend cannot run.
    init(_ grid: TileGrid, tiler: Tiler, backend: any Backend, weights: PackedWeights) throws {
        self.weights = weights
        let symmetries = tiler.symmetries
        self.symmetries = symmetries
        compile = { size in
            try CompiledNetwork(tiler.computation(grid, output: size), backend: backend, weights: weights)
        }
        let sizes = grid.outputSizes.map(\.output)
        var networks: [PixelSize: CompiledNetwork] = [:]
        var inputs: [PixelSize: MapWindow] = [:]
        for size in Set(sizes.flatMap { size in symmetries.map { $0.size(of: size) } }) {
            networks[size] = try compile(size)
            inputs[size] = try tiler.computation(grid, output: size).input
        }
        self.networks = networks
        self.inputs = inputs
        listing = networks[sizes[0]]!.listing
    }

    /// The network for tiles of another size, or of one that the grid has.
    func network(forOutput size: PixelSize) throws -> CompiledNetwork { try networks[size] ?? compile(size) }

    /// Memory of one worker's sessions.
    var sessionByteCount: Int { networks.values.map(\.sessionByteCount).max()! }
    /// Memory of the weights, shared by all workers.
    var weightByteCount: Int { weights.byteCount }

    /// One worker's sessions by the size of a tile's output. They share their memory: each run overwrites what the one
    /// before it left, whichever it was.
    ///
    /// - Throws: `EngineError` where the backend cannot make its per-thread state.
    func makeSessions() throws -> [PixelSize: InferenceSession] {
        let memory = AlignedBuffer(byteCount: sessionByteCount)
        return try networks.mapValues { try InferenceSession($0, memory: memory) }
    }
}
