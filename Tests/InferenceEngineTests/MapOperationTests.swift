import InferenceEngine
import NetworkGraph
import TestMaps
import TestNetworks
import Testing
import TestNetworks

/// Operations beyond the U-Net's own, on every backend against the reference's plain loops.
@Suite struct MapOperationTests {
    /// What stands between two convolutions, on 21 channels: more than a block, and not two.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Of a map of 21 channels, makes one of so many.
        let build: @Sendable (inout LayerBuilder, Graph.Value) -> (Graph.Value, channels: Int)

        init(
            _ testDescription: String,
            _ build: @escaping @Sendable (inout LayerBuilder, Graph.Value) -> (Graph.Value, channels: Int)
        ) {
            self.testDescription = testDescription
            self.build = build
        }

        /// An operation on one map that keeps the channels.
        static func plain(_ name: String, _ operation: Operation) -> Case {
            Case(name) { builder, map in (builder.graph.append(operation, map, label: name), 21) }
        }

        /// Behind an average pooling to half the size, so that the output has the input's.
        static func doubling(_ name: String, _ operation: Operation) -> Case {
            Case(name) { builder, map in
                let half = builder.graph.append(.pooling(.even(2)), map, label: "halving")
                return (builder.graph.append(operation, half, label: name), 21)
            }
        }
    }

    static let modes: [(String, Resize.Mode)] = [
        ("linear", .linear), ("floor", .nearest(.floor)), ("ceil", .nearest(.ceil)), ("half down", .nearest(.halfDown)),
        ("half up", .nearest(.halfUp)), ("cubic", .cubic(a: -0.75)),
    ]

    /// Functions of each value that are told without parameters for each channel.
    static let functions: [Activation] = [
        .elu(alpha: 0.7), .gelu(isApproximate: false), .gelu(isApproximate: true), .mish, .tanh, .softplus, .erf,
        .exponential, .absolute, .quantized(scale: 0.01, zero: 3, lowest: -20, highest: 25),
    ]

    static let coordinates: [(String, Resize.Coordinates)] = [
        ("half pixel", .halfPixel), ("asymmetric", .asymmetric), ("half pixel of output", .halfPixelOfOutput),
    ]

    static let resizes: [Case] = modes.flatMap { mode in
        coordinates.map { coordinates in
            .doubling(
                "resize, \(mode.0), \(coordinates.0)",
                .resize(Resize(mode.1, coordinates.1, vertical: .times(2), horizontal: .times(2))))
        }
    }

    static let equivariant: [Case] =
        resizes + [
            Case("resize, linear, half pixel, of one axis alone") { builder, map in
                let pooling = Pooling(
                    .average(countsPadding: false), vertical: .init(taps: 2, stride: 2),
                    horizontal: .init(taps: 1, stride: 1))
                let small = builder.graph.append(.pooling(pooling), map, label: "shrinking")
                let resize = Resize(.linear, .halfPixel, vertical: .times(2), horizontal: .times(1))
                return (builder.graph.append(.resize(resize), small, label: "resize"), 21)
            },
            .plain("leaky ReLU", .activation(.leakyReLU(slope: 0.1))),
            Case("PReLU") { builder, map in
                let slopes = ConstantTensor.random([21], scale: 1, using: &builder.generator)
                return (builder.graph.append(.activation(.parametricReLU(slopes: slopes)), map), 21)
            },
            .plain("clip", .activation(.clip(lowest: -0.2, highest: 0.6))),
            .plain("sigmoid", .activation(.sigmoid)),
            .plain("SiLU", .activation(.silu)),
            .plain("hard sigmoid", .activation(.hardSigmoid(alpha: 0.3, beta: 0.4))),
            .plain("hard swish", .activation(.hardSwish)),
            .plain("softmax", .softmax), .plain("softmax of groups", .groupedSoftmax(groups: 3)),
            Case("root and power") { builder, map in
                let positive = builder.graph.append(.activation(.absolute), map)
                let root = builder.graph.append(.activation(.squareRoot), positive)
                return (builder.graph.append(.activation(.power(2.5)), root), 21)
            },
            Case("layer normalisation of a concatenation") { builder, map in
                let (joined, channels) = builder.joined(map)
                let operation = Operation.channelNormalization(builder.affine(channels), epsilon: 1e-4)
                return (builder.graph.append(operation, joined), channels)
            },
            Case("largest of the channels") { builder, map in
                let (joined, _) = builder.joined(map)
                let largest = builder.graph.append(.channelMaximum, joined)
                return (builder.graph.append(.arithmetic(.multiplication), map, largest), 21)
            },
            Case("convolution in groups of 4, whose channels are whole blocks") { builder, map in
                (builder.grouped(builder.convolution(map, 21, 32), 32, groups: 8), 32)
            },
            Case("convolution in groups of 7, whose channels leave gaps") { builder, map in
                (builder.grouped(map, 21, groups: 3), 21)
            },
            Case("pixels to channels and back") { builder, map in
                let deep = builder.graph.append(.spaceToDepth(block: 2), map)
                let mixed = builder.convolution(deep, 84, 84, kernel: 1)
                return (builder.graph.append(.depthToSpace(block: 2, .squareFirst), mixed), 21)
            },
            Case("pixel shuffle") { builder, map in
                let half = builder.graph.append(.pooling(.even(2)), builder.convolution(map, 21, 20))
                return (builder.graph.append(.depthToSpace(block: 2, .channelFirst), half), 5)
            },
            Case("depthwise convolution") { builder, map in (builder.depthwise(map, 21), 21) },
            Case("depthwise convolution of a concatenation") { builder, map in
                let (joined, channels) = builder.joined(map)
                return (builder.depthwise(joined, channels), channels)
            },
            Case("residual, then ReLU") { builder, map in
                let other = builder.convolution(map, 21, 21)
                return (builder.graph.append(.relu, builder.graph.append(.arithmetic(.addition), other, map)), 21)
            },
            Case("product with a concatenation") { builder, map in
                let (joined, channels) = builder.joined(map)
                let other = builder.convolution(map, 21, channels)
                return (builder.graph.append(.arithmetic(.multiplication), other, joined), channels)
            },
            Case("difference from one channel") { builder, map in
                (builder.graph.append(.arithmetic(.subtraction), builder.convolution(map, 21, 1), map), 21)
            },
            Case("quotient, where padding channels are 0 / 0") { builder, map in
                let gate = builder.graph.append(.activation(.clip(lowest: 0.5, highest: 2)), map)
                return (builder.graph.append(.arithmetic(.division), map, gate), 21)
            },
            Case("slice of a concatenation") { builder, map in
                let (joined, _) = builder.joined(map)
                return (builder.graph.append(.channelSlice(start: 3, count: 9, step: 2), joined), 9)
            },
            Case("mean over channels") { builder, map in
                let mean = builder.graph.append(.channelMean, map)
                return (builder.graph.append(.arithmetic(.multiplication), map, mean), 21)
            },
            Case("up-convolution with taps that overlap") { builder, map in
                let half = builder.graph.append(.pooling(.even(2)), map)
                let layer = TransposedConvolution(
                    weights: .random([21, 21, 4, 4], scale: 0.1, using: &builder.generator), stride: 2)
                let up = builder.graph.append(.transposedConvolution(layer), half)
                return (builder.graph.append(.crop(Borders(all: 1)), up), 21)
            },
        ]
        + functions.map { .plain($0.name, .activation($0)) }
        + [Pooling.Kind.maximum, .average(countsPadding: false), .average(countsPadding: true)].map { kind in
            Case("pooling, \(kind)") { builder, map in
                let pooling = Pooling(
                    kind, vertical: .init(taps: 3, stride: 2, before: 1, after: 1),
                    horizontal: .init(taps: 2, stride: 2, dilation: 2, before: 0, after: 1))
                let half = builder.graph.append(.pooling(pooling), map, label: "pooling")
                return (builder.graph.append(.bilinearUpsampling(factor: 2), half), 21)
            }
        }
        + [Padding.Mode.constant(0.7), .reflect, .edge].map { mode in
            Case("padding, \(mode)") { builder, map in
                let padding = Padding(mode, amounts: Borders(top: 2, left: 1, bottom: 1, right: 2))
                return (builder.convolution(builder.graph.append(.padding(padding), map), 21, 21, kernel: 4), 21)
            }
        }

    static let tied: [Case] = [
        Case("largest of the map") { builder, map in
            let largest = builder.graph.append(.globalMaximum, map)
            return (builder.graph.append(.arithmetic(.multiplication), map, largest), 21)
        },
        Case("position encodings") { builder, map in
            let constant = ConstantTensor.random([21, 32, 32], scale: 1, using: &builder.generator)
            return (builder.graph.append(.pixelArithmetic(.addition, constant, isConstantFirst: false), map), 21)
        },
        Case("a quotient of a constant for each row") { builder, map in
            let divisor = builder.graph.append(.activation(.clip(lowest: 0.5, highest: 2)), map)
            let constant = ConstantTensor.random([1, 32, 1], scale: 1, using: &builder.generator)
            return (builder.graph.append(.pixelArithmetic(.division, constant, isConstantFirst: true), divisor), 21)
        },
        Case("attention of two heads, with fewer keys than queries") { builder, map in
            let queries = builder.convolution(map, 21, 24, kernel: 1)
            let small = builder.graph.append(.pooling(.even(8)), map)
            let keys = builder.convolution(small, 21, 24, kernel: 1)
            let values = builder.convolution(small, 21, 24, kernel: 1)
            let scores = builder.graph.append(.attentionScores(heads: 2, keys: 16), queries, keys)
            let shares = builder.graph.append(.groupedSoftmax(groups: 2), scores)
            return (builder.graph.append(.attentionMixture(heads: 2), shares, values), 24)
        },
        Case("squares of pixels that change places with groups of channels, and rows that become channels and back") {
            builder, map in
            let shape = MapShape(channels: 21, height: 32, width: 32)
            let moved = Rearrangement(
                input: shape, output: shape,
                digits: [
                    .init(extent: 7, from: .channels, by: 1, to: .channels, by: 3),
                    .init(extent: 3, from: .channels, by: 7, to: .channels, by: 1),
                    .init(extent: 8, from: .rows, by: 1, to: .rows, by: 1),
                    .init(extent: 4, from: .rows, by: 8, to: .columns, by: 8),
                    .init(extent: 8, from: .columns, by: 1, to: .columns, by: 1),
                    .init(extent: 4, from: .columns, by: 8, to: .rows, by: 8),
                ])
            let flat = MapShape(channels: 42, height: 16, width: 32)
            let halved = Rearrangement(
                input: shape, output: flat,
                digits: [
                    .init(extent: 21, from: .channels, by: 1, to: .channels, by: 1),
                    .init(extent: 2, from: .rows, by: 16, to: .channels, by: 21),
                    .init(extent: 16, from: .rows, by: 1, to: .rows, by: 1),
                    .init(extent: 32, from: .columns, by: 1, to: .columns, by: 1),
                ])
            let woven = Rearrangement(
                input: flat, output: shape,
                digits: [
                    .init(extent: 21, from: .channels, by: 1, to: .channels, by: 1),
                    .init(extent: 2, from: .channels, by: 21, to: .rows, by: 1),
                    .init(extent: 16, from: .rows, by: 1, to: .rows, by: 2),
                    .init(extent: 32, from: .columns, by: 1, to: .columns, by: 1),
                ])
            let first = builder.graph.append(.rearrangement(moved), map)
            let second = builder.graph.append(.activation(.tanh), builder.graph.append(.rearrangement(halved), first))
            return (builder.graph.append(.rearrangement(woven), second), 21)
        },
        Case("squeeze and excite") { builder, map in
            let mean = builder.graph.append(.globalMean, map, label: "squeeze")
            let gate = builder.graph.append(.activation(.sigmoid), builder.convolution(mean, 21, 21, kernel: 1))
            return (builder.graph.append(.arithmetic(.multiplication), map, gate), 21)
        },
        Case("group normalisation") { builder, map in
            (builder.graph.append(.groupNormalization(groups: 3, builder.affine(21), epsilon: 1e-5), map), 21)
        },
        Case("instance normalisation of a concatenation") { builder, map in
            let (joined, channels) = builder.joined(map)
            let operation = Operation.groupNormalization(
                groups: channels, builder.affine(channels), epsilon: 1e-3)
            return (builder.graph.append(operation, joined), channels)
        },
        .doubling(
            "aligned corners",
            .resize(Resize(.linear, .alignCorners, vertical: .times(2), horizontal: .times(2)))),
        .doubling(
            "to a fixed size",
            .resize(Resize(.linear, .halfPixel, vertical: .fixed(32, scale: 2), horizontal: .fixed(32, scale: 2)))),
    ]

    private static let backends: [any Backend] =
        [OneDNNBackend()]
        + OvertileBackend.instructionSets.compactMap { try? OvertileBackend(instructionSet: $0) }

    private func graph(_ testCase: Case) -> Graph {
        var builder = LayerBuilder(inputs: 3)
        let first = builder.convolution(builder.graph.input, 3, 21)
        let (map, channels) = testCase.build(&builder, first)
        _ = builder.convolution(map, channels, 2)
        return builder.graph
    }

    /// The network for tiles of 32 pixels, seamless or not.
    private func networkOfATile(_ graph: Graph) throws -> FixedTileNetwork {
        try FixedTileNetwork(tile: 32, isOnly: true, reason: .ragged(32)) { _ in graph }
    }

    /// Tiles with borders, as of networks that are tied to them.
    @Test(arguments: equivariant + tied)
    func equalsReferenceInATile(_ testCase: Case) throws {
        let network = try networkOfATile(graph(testCase))
        for margin in [0, 6] {
            let computation = try network.computation(tile: 32, margin: margin)
            let (rows, columns) = (computation.input.rows, computation.input.columns)
            let input = noise(channels: 3, rows: rows, columns: columns)
            let expected = try CompiledNetwork(computation, backend: ReferenceBackend()).run(on: input)
            for backend in Self.backends {
                let result = try CompiledNetwork(computation, backend: backend).run(on: input)
                #expect(result.maxDifference(expected) < 1e-4, "\(backend.name), margin \(margin)")
            }
        }
    }

    /// Tiles without borders fit together, and are what the network with its borders gives far from them.
    @Test(arguments: equivariant)
    func tilesFitTogether(_ testCase: Case) throws {
        let graph = graph(testCase)
        let network = try SeamlessNetwork(graph)
        // Enough on the far side too, where an operation may reach further than on the near one.
        let margin = (network.margin + 1) / 2 * 2 + 8
        let inATile = try FixedTileNetwork(graph).computation(tile: 2 * margin + 24, margin: margin)
        let expected = try CompiledNetwork(inATile, backend: ReferenceBackend()).run(
            on: noise(channels: 3, rows: inATile.input.rows, columns: inATile.input.columns))
        for backend in [ReferenceBackend()] + Self.backends {
            let whole = try outputWindow(network, row: 0, column: 0, height: 24, width: 24, backend: backend)
            #expect(whole.maxDifference(expected) < 1e-4, "\(backend.name)")
            let tile = try outputWindow(network, row: 6, column: 14, height: 12, width: 8, backend: backend)
            #expect(
                tile.maxDifference(whole.window(rows: 6..<18, columns: 14..<22)) < 1e-4, "\(backend.name)")
        }
    }

    @Test(arguments: tied)
    func whatIsTiedToItsTileSaysWhy(_ testCase: Case) throws {
        #expect(throws: NetworkError.self) { try SeamlessNetwork(graph(testCase)) }
        #expect(graph(testCase).seam != nil)
    }

    @Test func memoryIsEstimatedForEveryOperation() throws {
        for testCase in Self.equivariant + Self.tied {
            let computation = try networkOfATile(graph(testCase)).computation(tile: 32, margin: 4)
            let backend = try OvertileBackend(instructionSet: nil)
            let estimate = try CompiledNetwork.estimate(computation, backend: backend)
            let compiled = try CompiledNetwork(computation, backend: backend)
            #expect(estimate.cost > 0)
            #expect(compiled.sessionByteCount <= 2 * estimate.byteCount, "\(testCase)")
        }
    }
}

extension Pooling {
    /// Means of squares that do not overlap.
    fileprivate static func even(_ extent: Int) -> Pooling {
        let window = Window(taps: extent, stride: extent)
        return Pooling(.average(countsPadding: false), vertical: window, horizontal: window)
    }
}

/// Builds layers with random weights.
struct LayerBuilder {
    var graph: Graph
    var generator = SeededGenerator(seed: 5)

    init(inputs: Int) { graph = Graph(inputChannels: inputs) }

    mutating func convolution(
        _ map: Graph.Value, _ inputs: Int, _ outputs: Int, kernel: Int = 3
    ) -> Graph.Value {
        let scale = (1 / Float(inputs * kernel * kernel)).squareRoot()
        let convolution = Convolution(
            weights: .random([outputs, inputs, kernel, kernel], scale: scale, using: &generator),
            bias: .random([outputs], scale: 0.2, using: &generator))
        let padded = kernel == 3 ? graph.append(.zeroPadding(1), map) : map
        return graph.append(.convolution(convolution), padded, label: "convolution")
    }

    mutating func grouped(_ map: Graph.Value, _ channels: Int, groups: Int) -> Graph.Value {
        let convolution = Convolution(
            weights: .random([channels, channels / groups, 3, 3], scale: 0.3, using: &generator),
            bias: .random([channels], scale: 0.2, using: &generator), groups: groups)
        return graph.append(.convolution(convolution), graph.append(.zeroPadding(1), map), label: "grouped")
    }

    mutating func depthwise(_ map: Graph.Value, _ channels: Int) -> Graph.Value {
        let convolution = Convolution(
            weights: .random([channels, 1, 3, 3], scale: 0.5, using: &generator),
            bias: .random([channels], scale: 0.2, using: &generator), groups: channels)
        return graph.append(.convolution(convolution), graph.append(.zeroPadding(1), map), label: "depthwise")
    }

    /// The map and another one of 5 channels behind it, whose blocks leave gaps.
    mutating func joined(_ map: Graph.Value) -> (Graph.Value, channels: Int) {
        let other = convolution(map, 21, 5)
        return (graph.append(.concatenation, map, other), 26)
    }

    mutating func affine(_ channels: Int) -> ChannelAffine {
        ChannelAffine(
            scale: .random([channels], scale: 1, using: &generator),
            shift: .random([channels], scale: 0.3, using: &generator))
    }
}
