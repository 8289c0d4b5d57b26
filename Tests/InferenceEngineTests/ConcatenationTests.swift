import InferenceEngine
import NetworkGraph
import TestMaps
import TestNetworks
import Testing

/// Concatenations that are never put together, against the same ones copied.
@Suite struct ConcatenationTests {
    /// Who reads a concatenation beside convolutions, which take its parts where they lie.
    enum Reader: CaseIterable {
        case nobody
        /// Each of them needs it in one piece.
        case pooling, normalization, relu, upsampling, output
        /// Parts that are no blocked map of their own: the network's input, and one with zeros around it.
        case inputAsPart, paddedPart
    }

    /// Dense skips with valid convolutions, so that each is a crop, on maps of 17 to 24 channels, which leave holes in
    /// their last blocks:
    ///
    ///     a ────────┬──────────────┐
    ///     │ pool    a1 = (a, up b) │
    ///     b ────────┤              │
    ///     │ pool    b1 = (b, up c) │
    ///     c         └──────────── ((a, a1), up b1)
    static func graph(_ reader: Reader) -> Graph {
        var builder = GraphBuilder(inputs: 3)
        let input = builder.graph.input
        let a = builder.convolution(builder.convolution(input, 3, 17), 17, 20)
        let b = builder.convolution(builder.pooling(a), 20, 18)
        let c = builder.convolution(builder.pooling(b), 18, 24)
        let upB = builder.up(b, 18)
        let upC = builder.up(c, 24)
        let a1 = builder.convolution(builder.joined([a], upB), 38, 19)
        let b1 = builder.convolution(builder.joined([b], upC), 42, 17)
        let pair = builder.joined([a], a1)
        let nested = builder.joined([pair], builder.up(b1, 17))  // 20 + 19 + 17
        // Two convolutions read it, one of them a smaller part.
        var maps = [builder.convolution(nested, 56, 16), builder.convolution(nested, 56, 9, kernel: 1)]
        var channels = 25
        switch reader {
        case .nobody:
            break
        case .pooling:
            let pooled = builder.convolution(builder.pooling(nested), 56, 8, kernel: 1)
            maps.append(builder.up(pooled, 8))
            channels += 8
        case .normalization:
            maps.append(builder.normalization(nested, 56))
            channels += 56
        case .relu:
            maps.append(builder.graph.append(.relu, pair))
            channels += 39
        case .upsampling:
            // The coarse concatenation behind b1, up to full resolution.
            let coarse = builder.joined([b], upC)
            maps.append(builder.graph.append(.bilinearUpsampling(factor: 2), coarse))
            channels += 42
        case .inputAsPart:
            maps.append(builder.convolution(builder.joined([input], a1), 22, 8))
            channels += 8
        case .paddedPart:
            let padded = builder.graph.append(.zeroPadding(1), builder.convolution(maps[0], 16, 20))
            maps[0] = builder.convolution(builder.joined([maps[0]], padded), 36, 16, kernel: 1)
        case .output:
            let last = builder.convolution(nested, 56, 3)
            _ = builder.joined([a1, nested], last)
            return builder.graph
        }
        let smallest = maps.removeFirst()
        let joined = builder.joined(maps, smallest)
        _ = builder.convolution(joined, channels, 4, kernel: 1)
        return builder.graph
    }

    /// A small tile and one that is not square, on maps without borders; and a tile with its borders, where padding is
    /// zeros.
    private func computations(_ reader: Reader) throws -> [TileComputation] {
        let seamless = try SeamlessNetwork(Self.graph(reader))
        return [
            seamless.computation(height: 4, width: 4), seamless.computation(height: 12, width: 8),
            try FixedTileNetwork(Self.graph(reader)).computation(tile: 44, margin: 11),
        ]
    }

    private func run(_ computation: TileComputation, _ backend: any Backend) throws -> (output: Map, steps: Int) {
        let (rows, columns) = (computation.input.rows.count, computation.input.columns.count)
        let compiled = try CompiledNetwork(computation, backend: backend)
        return (
            try compiled.run(on: noise(channels: 3, rows: 0..<rows, columns: 0..<columns)), compiled.listing.count
        )
    }

    @Test(arguments: Reader.allCases)
    func inPlaceEqualsCopied(_ reader: Reader) throws {
        let backend = try OvertileBackend(instructionSet: nil)
        for computation in try computations(reader) {
            let (inPlace, copied) = (try run(computation, backend), try run(computation, WrappedBackend(backend)))
            #expect(inPlace.steps < copied.steps, "some copies are left out")
            #expect(inPlace.output == copied.output)
        }
    }

    @Test(arguments: Reader.allCases)
    func agreesWithPlainLoops(_ reader: Reader) throws {
        let backend = try OvertileBackend(instructionSet: nil)
        let all = try computations(reader)
        for computation in [all[0], all[2]] {
            let expected = try run(computation, ReferenceBackend()).output
            #expect(expected.elements.contains { abs($0) > 0.01 }, "the network says something")
            #expect(try run(computation, backend).output.maxDifference(expected) < 2e-5)
        }
    }

    /// Whatever is cropped, tiles fit together.
    @Test(arguments: Reader.allCases)
    func tiledEqualsWhole(_ reader: Reader) throws {
        let network = try SeamlessNetwork(Self.graph(reader))
        let backend = try OvertileBackend(instructionSet: nil)
        let whole = try outputWindow(network, row: 0, column: 0, height: 16, width: 16, backend: backend)
        for (row, column, side) in [(0, 4, 4), (8, 8, 8)] {
            let tile = try outputWindow(network, row: row, column: column, height: side, width: side, backend: backend)
            let window = whole.window(rows: row..<row + side, columns: column..<column + side)
            #expect(tile.maxDifference(window) < 2e-5)
        }
    }
}

/// Appends operations with random weights.
private struct GraphBuilder {
    var graph: Graph
    var generator = SeededGenerator(seed: 11)

    init(inputs: Int) { graph = Graph(inputChannels: inputs) }

    /// With its ReLU.
    mutating func convolution(_ map: Graph.Value, _ ic: Int, _ oc: Int, kernel: Int = 3) -> Graph.Value {
        let scale = (2 / Float(ic * kernel * kernel)).squareRoot()
        let convolution = Convolution(
            weights: .random([oc, ic, kernel, kernel], scale: scale, using: &generator),
            bias: .random([oc], scale: 0.2, using: &generator))
        return graph.append(.relu, graph.append(.convolution(convolution), map))
    }

    mutating func up(_ map: Graph.Value, _ channels: Int) -> Graph.Value {
        let scale = (1 / Float(channels)).squareRoot()
        let convolution = TransposedConvolution(
            weights: .random([channels, channels, 2, 2], scale: scale, using: &generator), stride: 2)
        return graph.append(.transposedConvolution(convolution), map)
    }

    mutating func pooling(_ map: Graph.Value) -> Graph.Value { graph.append(.maxPooling(extent: 2, stride: 2), map) }

    mutating func normalization(_ map: Graph.Value, _ channels: Int) -> Graph.Value {
        let affine = ChannelAffine(
            scale: .random([channels], scale: 1, using: &generator),
            shift: .random([channels], scale: 0.3, using: &generator))
        return graph.append(.affine(affine), map)
    }

    /// Maps cropped to the last one's size, and that one behind them.
    mutating func joined(_ maps: [Graph.Value], _ last: Graph.Value) -> Graph.Value {
        let cropped = maps.map { graph.append(.fitToSize, $0, last) }
        return graph.append(.concatenation, cropped + [last])
    }
}
