import InferenceEngine
import NetworkGraph
import TestMaps
import TestNetworks
import Testing

/// Padded networks, rewritten for maps without borders, against themselves with their padding: equal wherever the
/// padding cannot be felt.
@Suite struct RewritingTests {
    /// The padded network on one large map of noise, cut to a window.
    private func padded(
        _ graph: Graph, margin: Int, row: Int, column: Int, side: Int, backend: any Backend
    ) throws -> Map {
        let network = try FixedTileNetwork(graph)
        let tile = 2 * margin + side
        let computation = try network.computation(tile: tile, margin: margin)
        return try run(computation, row: row, column: column, backend)
    }

    /// A tile whose first kept pixel is at (row, column) of the plane of noise.
    private func run(_ computation: TileComputation, row: Int, column: Int, _ backend: any Backend) throws -> Map {
        let (rows, columns) = (computation.input.rows, computation.input.columns)
        return try CompiledNetwork(computation, backend: backend).run(
            on: noise(
                channels: 3, rows: rows.lowerBound + row..<rows.upperBound + row,
                columns: columns.lowerBound + column..<columns.upperBound + column))
    }

    @Test(arguments: 0..<12)
    func rewrittenEqualsPadded(seed: Int) throws {
        let graph = RandomGraphs.padded(seed: UInt64(seed), depth: 1 + seed % 3).foldingNormalizations()
        let network = try SeamlessNetwork(graph)
        #expect(network.stride == 1 << (1 + seed % 3))
        #expect(network.margin % network.stride == 0)
        let side = 2 * network.stride
        let (row, column) = (3 * network.stride, 5 * network.stride)
        for backend in [ReferenceBackend(), OneDNNBackend()] as [any Backend] {
            let rewritten = try outputWindow(
                network, row: row, column: column, height: side, width: side, backend: backend)
            let whole = try padded(
                graph, margin: network.margin, row: row, column: column, side: side,
                backend: backend)
            #expect(rewritten.maxDifference(whole) < 1e-4, "\(backend.name)")
        }
    }

    /// Tiles of any size fit together, whatever is in the graph.
    @Test(arguments: 20..<30)
    func tiledEqualsWhole(seed: Int) throws {
        let graph = RandomGraphs.padded(seed: UInt64(seed), depth: 1 + seed % 3).foldingNormalizations()
        let network = try SeamlessNetwork(graph)
        var generator = SeededGenerator(seed: UInt64(seed))
        let count = 4
        let (stride, side) = (network.stride, count * network.stride)
        let whole = try outputWindow(
            network, row: 0, column: 0, height: side, width: side, backend: ReferenceBackend())
        for _ in 0..<3 {
            let size = Int.random(in: 1...2, using: &generator)
            let row = Int.random(in: 0...count - size, using: &generator) * stride
            let column = Int.random(in: 0...count - size, using: &generator) * stride
            let tile = try outputWindow(
                network, row: row, column: column, height: size * stride, width: size * stride,
                backend: ReferenceBackend())
            let window = whole.window(rows: row..<row + size * stride, columns: column..<column + size * stride)
            #expect(tile == window, "tile of \(size * stride) at \(row), \(column)")
        }
    }

    /// What pruning leaves out at the borders of a fixed tile changes nothing in its middle.
    @Test(arguments: 40..<46)
    func fixedTileKeepsItsMiddle(seed: Int) throws {
        let graph = RandomGraphs.padded(seed: UInt64(seed), depth: 2)
        let network = try FixedTileNetwork(graph)
        let tile = 32
        func run(_ margin: Int, _ backend: any Backend) throws -> Map {
            try self.run(network.computation(tile: tile, margin: margin), row: margin, column: margin, backend)
        }
        let whole = try run(0, ReferenceBackend())
        for margin in [4, 12] {
            let middle = whole.window(rows: margin..<tile - margin, columns: margin..<tile - margin)
            #expect(try run(margin, ReferenceBackend()) == middle)
            #expect(try run(margin, OneDNNBackend()).maxDifference(middle) < 1e-4)
        }
    }

    @Test func alignedCornersAreTiedToTheTile() throws {
        var graph = Graph(inputChannels: 1)
        let pooled = graph.append(.maxPooling(extent: 2, stride: 2), graph.input)
        graph.append(.bilinearUpsampling(factor: 2, alignCorners: true), pooled, label: "up1")
        guard case .fixedTiles(let network) = try TiledNetwork(graph) else {
            Issue.record("not seamless")
            return
        }
        #expect(network.reason?.description.contains("up1: bilinear upsampling with aligned corners") == true)
        // Corners over corners: the first and last pixels are the pooled map's own.
        let input = noise(channels: 1, rows: 0..<8, columns: 0..<8)
        for backend in [ReferenceBackend(), OneDNNBackend()] as [any Backend] {
            let output = try CompiledNetwork(network.computation(tile: 8, margin: 0), backend: backend).run(on: input)
            func pooled(_ row: Int, _ column: Int) -> Float {
                (0..<4).map { input[0, row * 2 + $0 / 2, column * 2 + $0 % 2] }.max()!
            }
            #expect(output[0, 0, 0] == pooled(0, 0) && output[0, 7, 7] == pooled(3, 3))
            // Row 1 lies 3/7 of the way from the first pooled row to the second.
            let expected = pooled(0, 0) * (4 / 7) + pooled(1, 0) * (3 / 7)
            #expect(abs(output[0, 1, 0] - expected) < 1e-6)
        }
    }
}
