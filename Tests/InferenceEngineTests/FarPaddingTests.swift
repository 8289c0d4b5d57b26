import InferenceEngine
import NetworkGraph
import TestNetworks
import Testing

/// Zeros around a map that reach further than the map itself.
@Suite struct FarPaddingTests {
    /// A chain of a map of 2 MiB, so that it runs in bands of rows, in which some rows read nothing but zeros.
    private func network(_ middle: (inout LayerBuilder, Graph.Value) -> Graph.Value) throws -> FixedTileNetwork {
        var builder = LayerBuilder(inputs: 1)
        let first = builder.convolution(builder.graph.input, 1, 16, kernel: 1)
        _ = builder.convolution(middle(&builder, first), 16, 1, kernel: 1)
        let graph = builder.graph
        return try FixedTileNetwork(tile: 192, isOnly: true, reason: .ragged(192)) { _ in graph }
    }

    /// Depth-first bands went down with an illegal instruction where a row's whole window lay in the padding.
    @Test(arguments: [[300, 0], [0, 300], [250, 260]])
    func bandsEqualWholeMaps(_ zeros: [Int]) throws {
        let borders = Borders(top: zeros[0], left: 0, bottom: zeros[1], right: 0)
        let padded = try network { builder, map in
            let outside = builder.graph.append(.padding(Padding(.zero, amounts: borders)), map)
            let inner = builder.convolution(outside, 16, 16, kernel: 1)
            return builder.graph.append(.crop(borders), inner)
        }
        let dilated = try network { builder, map in
            let outside = builder.graph.append(.zeroPadding(max(zeros[0], zeros[1])), map)
            let taps = Convolution(
                weights: .random([16, 16, 3, 3], scale: 0.1, using: &builder.generator),
                dilation: max(zeros[0], zeros[1]))
            return builder.graph.append(.convolution(taps), outside)
        }
        for network in [padded, dilated] {
            let computation = try network.computation(tile: 192, margin: 0)
            let backend = try OvertileBackend(instructionSet: nil)
            let input = noise(channels: 1, rows: 0..<192, columns: 0..<192)
            let bands = try CompiledNetwork(computation, backend: backend).run(on: input)
            let whole = try CompiledNetwork(
                computation, backend: backend, weights: PackedWeights(), schedule: .stepByStep
            ).run(on: input)
            #expect(bands.maxDifference(whole) < 1e-6)
            #expect(bands.elements.contains { $0 != bands.elements[0] })
        }
    }
}
