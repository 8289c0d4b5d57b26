import TestNetworks
import Testing

@testable import NetworkGraph

/// Channels and sizes of maps, as PyTorch and ONNX give them.
@Suite struct ShapesTests {
    /// An operation on one map of 4 channels, with what it makes of 10 x 7 pixels.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let operation: Operation
        /// (channels, height, width); nil where there is nothing left.
        let shape: MapShape?
        /// True if pixels are dropped.
        var isRagged = false

        init(_ name: String, _ operation: Operation, _ shape: (Int, Int, Int)?, isRagged: Bool = false) {
            testDescription = name
            self.operation = operation
            self.shape = shape.map { MapShape(channels: $0.0, height: $0.1, width: $0.2) }
            self.isRagged = isRagged
        }
    }

    static let cases: [Case] = [
        // Value by value: nothing changes.
        Case("ReLU", .relu, (4, 10, 7)),
        Case("normalisation", .affine(.init(scale: .ones(4), shift: .ones(4))), (4, 10, 7)),
        Case("softmax", .softmax, (4, 10, 7)),
        Case(
            "group normalisation",
            .groupNormalization(groups: 2, .init(scale: .ones(4), shift: .ones(4)), epsilon: 1e-5), (4, 10, 7)),
        // Channels alone.
        Case("mean over channels", .channelMean, (1, 10, 7)),
        Case("slice", .channelSlice(start: 1, count: 2, step: 2), (2, 10, 7)),
        // Convolutions: extent (taps - 1) * dilation + 1, then every stride-th.
        Case("3 x 3", .convolution(.ones(4, 5, 3, 3)), (5, 8, 5)),
        Case("1 x 3", .convolution(.ones(4, 5, 1, 3)), (5, 10, 5)),
        Case("dilation 2", .convolution(.ones(4, 5, 3, 3, dilation: 2)), (5, 6, 3)),
        Case("depthwise", .convolution(.ones(4, 4, 3, 3, groups: 4)), (4, 8, 5)),
        Case("stride 2, rows left over", .convolution(.ones(4, 5, 3, 3, stride: 2)), (5, 4, 3), isRagged: true),
        Case("larger than the map", .convolution(.ones(4, 5, 3, 8)), nil),
        Case("up-convolution", .transposedConvolution(.ones(4, 5, 2, stride: 2)), (5, 20, 14)),
        Case("taps that overlap", .transposedConvolution(.ones(4, 5, 4, stride: 2)), (5, 22, 16)),
        // Pooling: a rest is dropped, pooled with `ceilMode`, or nothing but padding.
        Case("pooling", .maxPooling(extent: 2, stride: 2), (4, 5, 3), isRagged: true),
        Case("pooling with ceilMode", .maxPooling(extent: 2, stride: 2, ceilMode: true), (4, 5, 4), isRagged: true),
        Case("pooling with padding", .pooling(.padded(taps: 3, stride: 2, before: 1, after: 1)), (4, 5, 4)),
        Case("pooling of more than there is", .maxPooling(extent: 8, stride: 8), nil),
        // Sizes.
        Case("bilinear", .bilinearUpsampling(factor: 3), (4, 30, 21)),
        Case("a half", .resize(.nearest(vertical: .divided(by: 2), horizontal: .times(2))), (4, 5, 14)),
        Case(
            "a third of ten", .resize(.nearest(vertical: .divided(by: 3), horizontal: .times(1))), (4, 3, 7),
            isRagged: true),
        Case(
            "to a fixed size", .resize(.nearest(vertical: .fixed(9, scale: 0.9), horizontal: .fixed(8, scale: 1.2))),
            (4, 9, 8)),
        Case("mean over the map", .globalMean, (4, 1, 1)),
        Case("crop", .crop(Borders(top: 1, left: 2, bottom: 3, right: 4)), (4, 6, 1)),
        Case("crop of everything", .crop(Borders(top: 0, left: 3, bottom: 0, right: 4)), nil),
        Case("zero padding", .zeroPadding(2), (4, 14, 11)),
        Case(
            "reflection", .padding(Padding(.reflect, amounts: Borders(top: 1, left: 0, bottom: 2, right: 0))),
            (4, 13, 7)),
    ]

    @Test(arguments: cases)
    func ofOneOperation(_ c: Case) throws {
        var graph = Graph(inputChannels: 4)
        graph.append(c.operation, graph.input)
        let result = try graph.shapes(height: 10, width: 7)
        #expect(result?.shapes.last == c.shape)
        #expect((result?.isRagged ?? false) == c.isRagged)
        #expect(
            graph.dividesEvenly(height: 10, width: 7)
                == (c.shape.map { $0.height <= 10 && $0.width <= 7 && !c.isRagged } ?? false))
    }

    /// A length and the range of it that all of the output reads agree: nothing but what is ragged is left unread, and
    /// padding alone lies beyond.
    @Test(arguments: cases.filter { $0.shape != nil && !$0.isRagged }, Axis.allCases)
    func agreesWithGeometry(_ c: Case, _ axis: Axis) {
        if case .resize(let resize) = c.operation, resize.isFixed(axis) { return }
        if case .globalMean = c.operation { return }
        let (input, output) = axis == .vertical ? (10, c.shape!.height) : (7, c.shape!.width)
        let reach = c.operation.inputs(of: 0..<output, axis)
        switch c.operation {
        case .crop, .padding: #expect(reach.count == output)
        // Of a division, what is skipped behind the last sample.
        case .resize(let resize) where resize.length(axis) == .divided(by: 2): #expect(reach == 0..<input - 1)
        // Upsampling clamps at borders, windows may begin in padding, and of taps that overlap the first pixel has fewer.
        case .resize, .pooling, .transposedConvolution:
            #expect(reach.lowerBound <= 0 && reach.upperBound >= input)
        default: #expect(reach == 0..<input)
        }
    }

    // MARK: - Several inputs

    @Test func concatenationAddsChannels() throws {
        var graph = Graph(inputChannels: 4)
        let other = graph.append(.convolution(.ones(4, 3, 1, 1)), graph.input)
        graph.append(.concatenation, graph.input, other, graph.input)
        #expect(try graph.channels() == [4, 3, 11])
    }

    /// Channels or pixels of one are stretched to the other's.
    @Test func arithmeticStretches() throws {
        var graph = Graph(inputChannels: 4)
        let mean = graph.append(.globalMean, graph.input)
        let gated = graph.append(.arithmetic(.multiplication), mean, graph.input)
        graph.append(.arithmetic(.addition), gated, graph.append(.channelMean, graph.input))
        let shapes = try #require(try graph.shapes(height: 10, width: 7)).shapes
        #expect(shapes[gated.index] == MapShape(channels: 4, height: 10, width: 7))
        #expect(shapes.last == MapShape(channels: 4, height: 10, width: 7))
    }

    /// The middle of the map over the reference's middle, the larger part of an odd difference at the end.
    @Test(arguments: [
        // cut, padded, one of each, odd
        (borders: Borders(top: 1, left: 1, bottom: 1, right: 1), map: Borders(all: 0), reference: Borders(all: 1)),
        (Borders(all: -1), Borders(all: 1), Borders(all: 0)),
        (
            Borders(top: 1, left: -1, bottom: 1, right: -1), Borders(top: 0, left: 1, bottom: 0, right: 1),
            Borders(top: 1, left: 0, bottom: 1, right: 0)
        ),
        (Borders(top: 0, left: 1, bottom: 1, right: 2), Borders(all: 0), Borders(top: 1, left: 3, bottom: 0, right: 0)),
    ])
    func fitToSize(_ amounts: Borders, map: Borders, reference: Borders) throws {
        var graph = Graph(inputChannels: 1)
        let inputs = [map, reference].map { graph.append(.crop($0), graph.input) }
        let fitted = graph.append(.fitToSize, inputs[0], inputs[1], label: "fit")
        #expect(try graph.fitAmounts(size: 9)?[fitted.index] == amounts)
        // Replaced by what it is: a crop, a padding, or one after the other, which give the same size.
        let fixed = try #require(try graph.fixingSizes(at: 9))
        let whole = try #require(try graph.shapes(height: 9, width: 9)).shapes.last
        #expect(try fixed.shapes(height: 9, width: 9)?.shapes.last == whole)
        #expect(fixed.nodes.dropFirst(3).map(\.operation.name).allSatisfy { ["crop", "zero padding"].contains($0) })
        #expect(fixed.nodes.dropFirst(3).allSatisfy { $0.label == "fit" })
    }

    // MARK: - Rests

    /// A rest that is nothing but zeros loses no pixels: 10 pixels and a zero behind them, by windows of 2.
    @Test(
        arguments: [
            .maxPooling(extent: 2, stride: 2), .pooling(.mean(taps: 2, stride: 2)),
            .convolution(.ones(1, 1, 2, 2, stride: 2)),
        ] as [Operation])
    func zerosMayBeDropped(_ operation: Operation) throws {
        for (padding, isRagged) in [
            (Padding(.zero, amounts: .behind), false), (Padding(.edge, amounts: .behind), true),
        ] {
            var graph = Graph(inputChannels: 1)
            graph.append(operation, graph.append(.padding(padding), graph.input))
            #expect(try graph.shapes(height: 10, width: 10)?.isRagged == isRagged)
        }
    }

    // MARK: - Contradictions

    @Test func wrongChannelsNameTheNode() {
        var graph = Graph(inputChannels: 3)
        graph.append(.convolution(.ones(2, 1, 1, 1)), graph.input, label: "down_path.0.block.0")
        let error = #expect(throws: GraphError.self) { try graph.channels() }
        #expect(error?.description == "down_path.0.block.0: its weights take 2 channels, and its input has 3")
    }

    static let contradictions: [(operation: Operation, text: String)] = [
        (.activation(.parametricReLU(slopes: .ones(2))), "PReLU: its weights take 2 channels, and its input has 3"),
        (
            .groupNormalization(groups: 2, .init(scale: .ones(3), shift: .ones(3)), epsilon: 0),
            "group normalisation: 3 channels cannot be parted into 2 groups"
        ),
        (
            .channelSlice(start: 1, count: 2, step: 2),
            "slice of channels: takes channels that its input of 3 channels does not have"
        ),
    ]

    @Test(arguments: contradictions)
    func withoutALabelTheOperationIsNamed(_ operation: Operation, _ text: String) {
        var graph = Graph(inputChannels: 3)
        graph.append(operation, graph.input)
        #expect(#expect(throws: GraphError.self) { try graph.channels() }?.description == text)
    }

    @Test func mapsOfDifferentSizesCannotBeJoined() {
        var graph = Graph(inputChannels: 1)
        let cut = graph.append(.crop(Borders(all: 1)), graph.input)
        graph.append(.concatenation, graph.input, cut, label: "join")
        let error = #expect(throws: GraphError.self) { try graph.shapes(height: 8, width: 9) }
        #expect(error?.description == "join: joins maps of 8 x 9 and 6 x 7 pixels")
    }
}
