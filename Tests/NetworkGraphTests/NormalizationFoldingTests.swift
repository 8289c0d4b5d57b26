import TestNetworks
import Testing

@testable import NetworkGraph

/// Which normalisations go into which convolutions, and what becomes of the weights. That the network's values stay the
/// same is tested where there is an engine to compute them.
@Suite struct NormalizationFoldingTests {
    /// Graphs of 2 channels with the normalisations that are left.
    static let cases: [(name: String, left: Int, graph: @Sendable () -> Graph)] = [
        // Backward, into what gives the map.
        ("behind a convolution", 0, { .chain(channels: 2, [conv, norm]) }),
        (
            "behind an up-convolution", 0,
            { .chain(channels: 2, [.transposedConvolution(.ones(2, 2, 2, stride: 2)), norm]) }
        ),
        ("behind a depthwise convolution", 0, { .chain(channels: 2, [depthwise, norm]) }),
        ("two behind a convolution", 0, { .chain(channels: 2, [conv, norm, norm]) }),
        (
            "behind a convolution that another reads, too", 1,
            {
                var graph = Graph(inputChannels: 2)
                let map = graph.append(conv, graph.input)
                graph.append(.arithmetic(.addition), map, graph.append(norm, map))
                return graph
            }
        ),
        // Forward, into what reads the map.
        ("before a convolution", 0, { .chain(channels: 2, [.relu, norm, conv]) }),
        (
            "before two convolutions", 0,
            {
                var graph = Graph(inputChannels: 2)
                let map = graph.append(norm, graph.append(.relu, graph.input))
                graph.append(.arithmetic(.addition), graph.append(conv, map), graph.append(conv, map))
                return graph
            }
        ),
        (
            "before a convolution and something else", 1,
            {
                var graph = Graph(inputChannels: 2)
                let map = graph.append(norm, graph.append(.relu, graph.input))
                graph.append(.arithmetic(.addition), graph.append(.convolution(.ones(2, 2, 1, 1)), map), map)
                return graph
            }
        ),
        // Each output has its own sum of shifts only where it reads all inputs.
        ("before a depthwise convolution", 1, { .chain(channels: 2, [.relu, norm, depthwise]) }),
        // Zeros around the map would have to become other values.
        ("before padding", 1, { .chain(channels: 2, [.relu, norm, .zeroPadding(1), conv]) }),
        ("at the end", 1, { .chain(channels: 2, [.relu, norm]) }),
        ("before pooling", 1, { .chain(channels: 2, [.relu, norm, .maxPooling(extent: 2, stride: 2), conv]) }),
    ]

    @Test(arguments: cases)
    func whatIsLeft(_ name: String, _ left: Int, _ graph: @Sendable () -> Graph) throws {
        let (before, after) = (graph(), graph().foldingNormalizations())
        #expect(after.norms == left, "\(name)")
        // Everything else stays, with its shape.
        #expect(before.nodes.count - before.norms == after.nodes.count - after.norms)
        let shapes = [before, after].map { try? $0.shapes(height: 12, width: 12)?.shapes.last }
        #expect(shapes[0] == shapes[1])
    }

    @Test func twiceChangesNothingMore() {
        for seed in 0..<20 {
            let once = RandomGraphs.padded(seed: UInt64(seed), depth: 2).foldingNormalizations()
            let twice = once.foldingNormalizations()
            #expect(once.nodes.map(\.operation.name) == twice.nodes.map(\.operation.name))
            #expect(once.nodes.map(\.inputs) == twice.nodes.map(\.inputs))
        }
    }

    @Test func inPaperNetworks() {
        // Before the ReLU all of them go into the convolution in front.
        #expect(PaperUNet.random(norm: .beforeReLU).graph().foldingNormalizations().norms == 0)
        // After it, the first of each block goes forward; the second waits for a pooling, a skip or an up-convolution,
        // but for the last, which the head takes.
        let after = PaperUNet.random(depth: 3, norm: .afterReLU).graph()
        #expect(after.norms == 10)
        #expect(after.foldingNormalizations().norms == 4)
    }

    // MARK: - Weights

    /// scale * (w x + b) + shift, for each output.
    @Test func weightsOfAConvolutionInFront() throws {
        let layer = Convolution(
            weights: ConstantTensor(shape: [2, 2, 1, 1], elements: [1, 2, 3, 4]),
            bias: ConstantTensor(shape: [2], elements: [5, 6]))
        let graph = Graph.chain(channels: 2, [.convolution(layer), .affine(.example)]).foldingNormalizations()
        let folded = try #require(graph.convolutions.first)
        #expect(folded.weights.elements() == [10, 20, -3, -4])
        #expect(folded.bias?.elements() == [50.5, -5.75])
    }

    /// (in channels, out channels, ...): each output's weights lie apart.
    @Test func weightsOfAnUpConvolutionInFront() throws {
        let layer = TransposedConvolution(
            weights: ConstantTensor(shape: [1, 2, 1, 2], elements: [1, 2, 3, 4]), stride: 2)
        let graph = Graph.chain([.transposedConvolution(layer), .affine(.example)]).foldingNormalizations()
        guard case .transposedConvolution(let folded) = graph[graph.output].operation else {
            Issue.record("\(graph.nodes.map(\.operation.name))")
            return
        }
        #expect(folded.weights.elements() == [10, 20, -3, -4])
        #expect(folded.bias?.elements() == [0.5, 0.25])
    }

    /// w (scale * x + shift) + b: every tap takes its share of the shift.
    @Test func weightsOfAConvolutionBehind() throws {
        let layer = Convolution(
            weights: ConstantTensor(shape: [1, 2, 1, 2], elements: [1, 2, 3, 4]),
            bias: ConstantTensor(shape: [1], elements: [5]))
        let graph = Graph.chain(channels: 2, [.relu, .affine(.example), .convolution(layer)]).foldingNormalizations()
        let folded = try #require(graph.convolutions.first)
        #expect(folded.weights.elements() == [10, 20, -3, -4])
        #expect(folded.bias?.elements() == [8.25], "5 + (1 + 2) / 2 + (3 + 4) / 4")
    }

    /// (x - mean) / √(variance + ε) * weight + bias
    @Test func batchNorm() {
        let tensor = { (value: Float) in ConstantTensor(shape: [1], elements: [value]) }
        let affine = ChannelAffine(
            batchNorm: tensor(3), bias: tensor(1), mean: tensor(2), variance: tensor(3.75), epsilon: 0.25)
        #expect(affine.scale.elements() == [1.5] && affine.shift.elements() == [-2])
    }

    private static let conv = Operation.convolution(.ones(2, 2, 3, 3))
    private static let depthwise = Operation.convolution(.ones(2, 2, 3, 3, groups: 2))
    private static let norm = Operation.affine(.example)
}

extension Graph {
    /// How many normalisations there are.
    fileprivate var norms: Int { nodes.count { if case .affine = $0.operation { true } else { false } } }

    fileprivate var convolutions: [Convolution] {
        nodes.compactMap { if case .convolution(let convolution) = $0.operation { convolution } else { nil } }
    }
}

extension ChannelAffine {
    fileprivate static let example = ChannelAffine(
        scale: ConstantTensor(shape: [2], elements: [10, -1]), shift: ConstantTensor(shape: [2], elements: [0.5, 0.25]))
}
