import Foundation
import InferenceEngine
import NetworkGraph
import TestMaps
import TestNetworks
import Testing

/// A network whose norms' memory is filled in from what a plain run of it gives them.
@Suite struct NormMeterTests {
    private static let size = 24
    private static let widths = [5, 18]

    /// The running mean and variance of a norm's channels.
    private struct Statistics {
        var mean: [Float]
        var variance: [Float]

        static func blank(_ channels: Int) -> Statistics {
            Statistics(mean: Array(repeating: 0, count: channels), variance: Array(repeating: 1, count: channels))
        }
    }

    private static func graph(_ statistics: [Statistics], normBehindReLU: Bool = false) -> Graph {
        var generator = SeededGenerator(seed: 3)
        var graph = Graph(inputChannels: 2)
        var (map, inputs) = (graph.input, 2)
        for (index, channels) in widths.enumerated() {
            let convolution = Convolution(
                weights: .random([channels, inputs, 3, 3], scale: 0.4, using: &generator),
                bias: .random([channels], scale: 0.2, using: &generator))
            let norm = ChannelAffine(
                batchNorm: ConstantTensor(shape: [channels], elements: (0..<channels).map { 1 + Float($0) / 9 }),
                bias: ConstantTensor(shape: [channels], elements: (0..<channels).map { 0.1 - Float($0) / 50 }),
                mean: ConstantTensor(shape: [channels], elements: statistics[index].mean),
                variance: ConstantTensor(shape: [channels], elements: statistics[index].variance))
            map = graph.append(.zeroPadding(1), map)
            map = graph.append(.convolution(convolution), map, label: "conv\(index)")
            if normBehindReLU { map = graph.append(.relu, map) }
            map = graph.append(.affine(norm), map, label: "norm\(index)")
            if !normBehindReLU { map = graph.append(.relu, map) }
            inputs = channels
        }
        return graph
    }

    /// Tiles that differ in brightness, so that pooling their pixels is not the mean of their statistics.
    private static let tiles: [[Float]] = [(0, Float(0.3)), (500, 1), (900, 2.5)].map { row, gain in
        noise(channels: 2, rows: row..<row + size, columns: 0..<size).elements.map { gain * ($0 + 0.5) }
    }

    /// Mean and variance of each channel that reaches a norm, all tiles' pixels together, by a plain run of what lies before it.
    private static func statistics(of graph: Graph, norm: Int, _ tiles: [[Float]]) throws -> Statistics {
        var cut = graph
        cut.end(at: graph[graph.rememberingNorms[norm].value].inputs[0])
        let computation = try FixedTileNetwork(cut).computation(tile: size, margin: 0)
        let compiled = try CompiledNetwork(computation, backend: ReferenceBackend())
        var values = Array(repeating: [Double](), count: widths[norm])
        for tile in tiles {
            let map = try compiled.run(on: Map(shape: compiled.inputShape, elements: tile))
            for (index, value) in map.elements.enumerated() { values[index / (size * size)].append(Double(value)) }
        }
        let means = values.map { $0.reduce(0, +) / Double($0.count) }
        let variances = zip(values, means).map { values, mean in
            values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
        }
        return Statistics(mean: means.map(Float.init), variance: variances.map(Float.init))
    }

    /// The network with the memory that training on the tiles, as they are, would have left.
    private static func trained(normBehindReLU: Bool = false) throws -> Graph {
        var memory = widths.map(Statistics.blank)
        for norm in widths.indices {
            let graph = graph(memory, normBehindReLU: normBehindReLU)
            memory[norm] = try statistics(of: graph, norm: norm, tiles)
        }
        return graph(memory, normBehindReLU: normBehindReLU)
    }

    enum Kernels: CaseIterable, Sendable {
        case reference
        case oneDNN
        case overtile

        func backend() throws -> any Backend {
            switch self {
            case .reference: ReferenceBackend()
            case .oneDNN: OneDNNBackend()
            case .overtile: try OvertileBackend()
            }
        }
    }

    @Test(arguments: Kernels.allCases, [false, true])
    func norms_FedAsInTraining_AreWhereTheyRememberToBe(kernels: Kernels, normBehindReLU: Bool) throws {
        let graph = try Self.trained(normBehindReLU: normBehindReLU)
        let backend = try kernels.backend()
        let divergences = try #require(
            try NormMeter.divergences(of: graph, tiles: Self.tiles, size: Self.size, backend: backend))
        #expect(divergences.norms.map(\.label) == ["norm0", "norm1"])
        #expect(divergences.norms.allSatisfy { $0.divergence < 1e-4 })
        // One tile alone is not what all together are.
        let one = try #require(
            try NormMeter.divergences(of: graph, tiles: [Self.tiles[0]], size: Self.size, backend: backend))
        #expect(one.mean > 0.1)
    }

    /// The gain and offset of the pixels, against training's.
    @Test(arguments: [(0.5, 0.0), (2, 0), (1, 1), (0.1, 0.2), (3, -1)] as [(Float, Float)])
    func divergences_OfOtherPixels_AreThoseOfTwoGaussians(gain: Float, offset: Float) throws {
        let graph = try Self.trained()
        let other = Self.tiles.map { $0.map { gain * $0 + offset } }
        let divergences = try #require(
            try NormMeter.divergences(of: graph, tiles: other, size: Self.size, backend: OvertileBackend()))
        for norm in Self.widths.indices {
            let memory = graph.rememberingNorms[norm].memory
            let given = try Self.statistics(of: graph, norm: norm, other)
            let (means, variances) = (memory.mean.elements(), memory.variance.elements())
            let channels = Self.widths[norm]
            var expected = 0.0
            for channel in 0..<channels {
                let (m0, v0) = (Double(means[channel]), Double(variances[channel]) + 1e-5)
                let (m1, v1) = (Double(given.mean[channel]), Double(given.variance[channel]) + 1e-5)
                expected += min(50, (v1 / v0 + (m1 - m0) * (m1 - m0) / v0 - 1 + log(v0 / v1)) / 2)
            }
            expected = min(50, expected / Double(channels))
            #expect(abs(divergences.norms[norm].divergence - expected) < 1e-3 * (1 + expected))
            #expect(expected > 0.05)
        }
    }

    @Test func divergences_OfAbsurdPixels_AreTheCap() throws {
        let graph = try Self.trained()
        for gain in [Float(1e4), 1e18, 1e36] {
            let absurd = Self.tiles.map { $0.map { gain * $0 } }
            let divergences = try #require(
                try NormMeter.divergences(of: graph, tiles: absurd, size: Self.size, backend: OvertileBackend()))
            #expect(divergences.norms.allSatisfy { $0.divergence == NormDivergences.cap })
        }
    }

    @Test func firstNorms_AreMeasuredAlone() throws {
        let graph = try Self.trained()
        func measured(first: Int?) throws -> [Double] {
            let meter = try #require(
                try NormMeter(graph, size: Self.size, first: first, backend: OvertileBackend()))
            for gain in [Float(3), 1] {
                meter.reset()
                for tile in Self.tiles {
                    try meter.measure { _ = $0.update(fromContentsOf: tile.map { gain * $0 }) }
                }
            }
            return meter.divergences.norms.map(\.divergence)
        }
        let all = try measured(first: nil)
        #expect(all.count == 2 && all.allSatisfy { $0 < 1e-4 })
        #expect(try measured(first: 1) == [all[0]])
    }

    @Test func graphs_WithoutMemory_AreNotMeasured() throws {
        let graph = try Self.trained()
        #expect(graph.rememberingNorms.count == 2)
        #expect(try NormMeter(graph.foldingNormalizations(), size: Self.size, backend: OvertileBackend()) == nil)
        // A factor and a summand that come from no norm.
        let plain = PaperUNet.random(norm: .beforeReLU).graph()
        #expect(try NormMeter(plain, size: 44, backend: OvertileBackend()) == nil)
    }

    /// As PyTorch makes a norm, and as one step of training leaves it.
    @Test func memory_OfANewNorm_IsBlank() {
        func memory(_ mean: [Float], _ variance: [Float]) -> NormMemory {
            NormMemory(
                mean: ConstantTensor(shape: [2], elements: mean),
                variance: ConstantTensor(shape: [2], elements: variance), epsilon: 1e-5)
        }
        #expect(memory([0, 0], [1, 1]).isBlank)
        #expect(!memory([0, 0.01], [1, 1]).isBlank)
        #expect(!memory([0, 0], [1, 0.99]).isBlank)
    }
}
