import FileIO
import InferenceEngine
import NetworkGraph
import ONNXReader
import ONNXWriter
import StoredTensors
import TestData
import TestMaps
import TestNetworks
import Testing

/// Networks that are written as ONNX and read again compute the same numbers.
@Suite struct ONNXExportTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let channels = 4

    /// An operation on maps of `channels` channels, and how far its result may be from the graph's own.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let tolerance: Float
        let build: @Sendable (inout Graph, Graph.Value) -> Void

        init(
            _ testDescription: String, tolerance: Float = 0,
            _ build: @escaping @Sendable (inout Graph, Graph.Value) -> Void
        ) {
            self.testDescription = testDescription
            self.tolerance = tolerance
            self.build = build
        }

        static func plain(_ name: String, tolerance: Float = 0, _ operation: Operation) -> Case {
            Case(name, tolerance: tolerance) { graph, map in graph.append(operation, map, label: name) }
        }
    }

    private static func tensor(_ shape: [Int], seed: UInt64) -> ConstantTensor {
        var generator = SeededGenerator(seed: seed)
        return ConstantTensor.random(shape, scale: 0.5, using: &generator)
    }

    private static func positive(_ shape: [Int], seed: UInt64) -> ConstantTensor {
        let tensor = tensor(shape, seed: seed)
        return ConstantTensor(shape: shape) { tensor.elements().map { 0.5 + abs($0) } }
    }

    private static let affine = ChannelAffine(
        scale: tensor([channels], seed: 1), shift: tensor([channels], seed: 2))

    private static func pooled(_ name: String, _ operation: Operation) -> Case {
        Case(name) { graph, map in
            let half = graph.append(.maxPooling(extent: 2, stride: 2), map, label: "half")
            graph.append(operation, half, label: name)
        }
    }

    static let cases: [Case] = [
        // Layers with weights: the padding in front of convolutions becomes theirs, also where two read it
        Case("padded convolutions") { graph, map in
            let padded = graph.append(.zeroPadding(1), map, label: "twice")
            let maps = [UInt64(3), 4].map { seed in
                graph.append(
                    .convolution(
                        Convolution(weights: tensor([3, channels, 3, 3], seed: seed), bias: tensor([3], seed: 5))),
                    padded, label: "twice")
            }
            graph.append(.concatenation, maps, label: "twice")
        },
        Case("padding that others read") { graph, map in
            let padded = graph.append(.zeroPadding(2), map, label: "padding")
            let map = graph.append(
                .convolution(Convolution(weights: tensor([channels, channels, 3, 3], seed: 3))), padded, label: "c")
            let cut = graph.append(
                .crop(Borders(top: 1, left: 1, bottom: 1, right: 1)), padded, label: "cut")
            graph.append(.arithmetic(.addition), map, cut, label: "sum")
            graph.append(.crop(Borders(top: 1, left: 1, bottom: 1, right: 1)), graph.output, label: "cut")
        },
        Case("strides, dilation and groups") { graph, map in
            let padded = graph.append(.zeroPadding(2), map, label: "grouped")
            let map = graph.append(
                .convolution(
                    Convolution(weights: tensor([channels, 2, 3, 3], seed: 6), stride: 2, dilation: 2, groups: 2)),
                padded, label: "grouped")
            graph.append(
                .transposedConvolution(
                    TransposedConvolution(
                        weights: tensor([channels, 3, 2, 2], seed: 7), bias: tensor([3], seed: 8), stride: 2)),
                map, label: "up")
        },
        // Norms: one that remembers its training, and factors and summands from elsewhere
        Case("batch norm") { graph, map in
            let norm = ChannelAffine(
                batchNorm: tensor([channels], seed: 9), bias: tensor([channels], seed: 10),
                mean: tensor([channels], seed: 11), variance: positive([channels], seed: 12), epsilon: 1e-3)
            graph.append(.affine(norm), graph.append(.relu, map, label: "norm"), label: "norm")
        },
        .plain("affine", .affine(affine)),
        .plain(
            "factors alone",
            .affine(
                ChannelAffine(scale: affine.scale, shift: ConstantTensor(shape: [channels], elements: [0, 0, 0, 0])))),
        .plain(
            "summands alone",
            .affine(
                ChannelAffine(scale: ConstantTensor(shape: [channels], elements: [1, 1, 1, 1]), shift: affine.shift))),
        .plain("instance norm", .groupNormalization(groups: channels, affine, epsilon: 1e-4)),
        // Functions of each value; those that ONNX has no operator for are put together, and need not be as exact
        .plain("ReLU", .relu), .plain("leaky ReLU", .activation(.leakyReLU(slope: 0.3))),
        .plain("PReLU", .activation(.parametricReLU(slopes: affine.shift))),
        .plain("clip", .activation(.clip(lowest: -0.5, highest: 0.25))),
        .plain("clip below", .activation(.clip(lowest: -0.5, highest: .infinity))),
        .plain("clip above", .activation(.clip(lowest: -.infinity, highest: 0.25))),
        .plain("hard sigmoid", .activation(.hardSigmoid(alpha: 0.3, beta: 0.4))),
        .plain("hard swish", .activation(.hardSwish)), .plain("SiLU", .activation(.silu)),
        .plain("ELU", .activation(.elu(alpha: 0.7))), .plain("tanh", .activation(.tanh)),
        .plain("softplus", .activation(.softplus)), .plain("erf", .activation(.erf)),
        .plain("exp", .activation(.exponential)), .plain("abs", .activation(.absolute)),
        .plain("GELU", tolerance: 1e-6, .activation(.gelu(isApproximate: false))),
        .plain("Mish", tolerance: 1e-6, .activation(.mish)),
        Case("roots and powers") { graph, map in
            let positive = graph.append(.activation(.absolute), map, label: "a")
            let root = graph.append(.activation(.squareRoot), positive, label: "a")
            let power = graph.append(.activation(.power(1.5)), positive, label: "a")
            graph.append(.arithmetic(.subtraction), root, power, label: "a")
        },
        // Windows and sizes
        Case("pooling of either kind") { graph, map in
            let window = Pooling.Window(taps: 3, stride: 1, before: 1, after: 1)
            let maximum = graph.append(
                .pooling(Pooling(.maximum, vertical: window, horizontal: window)), map, label: "pool")
            let counted = graph.append(
                .pooling(Pooling(.average(countsPadding: true), vertical: window, horizontal: window)), map,
                label: "pool")
            let inside = graph.append(
                .pooling(Pooling(.average(countsPadding: false), vertical: window, horizontal: window)), map,
                label: "pool")
            graph.append(.concatenation, [maximum, counted, inside], label: "pool")
        },
        pooled("bilinear", .bilinearUpsampling(factor: 2)),
        pooled("bilinear with aligned corners", .bilinearUpsampling(factor: 2, alignCorners: true)),
        pooled(
            "nearest", .resize(Resize(.nearest(.floor), .asymmetric, vertical: .times(2), horizontal: .times(2)))),
        pooled(
            "cubic", .resize(Resize(.cubic(a: -0.75), .halfPixel, vertical: .times(2), horizontal: .times(2)))),
        Case("mirrored and repeated borders") { graph, map in
            let mirrored = graph.append(
                .padding(Padding(.reflect, amounts: Borders(top: 1, left: 2, bottom: 3, right: 4))), map, label: "pad")
            let repeated = graph.append(
                .padding(Padding(.edge, amounts: Borders(top: 3, left: 2, bottom: 1, right: 0))), map, label: "pad")
            let sum = graph.append(
                .arithmetic(.addition), mirrored,
                graph.append(
                    .padding(Padding(.constant(0.5), amounts: Borders(top: 0, left: 0, bottom: 0, right: 4))), repeated,
                    label: "pad"), label: "pad")
            graph.append(.crop(Borders(top: 1, left: 2, bottom: 3, right: 4)), sum, label: "pad")
        },
        pooled("channels to pixels", .depthToSpace(block: 2, .channelFirst)),
        pooled("channels to pixels, square by square", .depthToSpace(block: 2, .squareFirst)),
        Case("pixels to channels and back") { graph, map in
            graph.append(
                .depthToSpace(block: 2, .squareFirst), graph.append(.spaceToDepth(block: 2), map, label: "s"),
                label: "d")
        },
        // Several maps
        Case("squeeze and excitation") { graph, map in
            let mean = graph.append(.globalMean, map, label: "se")
            let largest = graph.append(.globalMaximum, map, label: "se")
            let gate = graph.append(
                .activation(.sigmoid), graph.append(.arithmetic(.addition), mean, largest, label: "se"), label: "se")
            graph.append(.arithmetic(.multiplication), map, gate, label: "se")
        },
        Case("means and maxima of channels") { graph, map in
            let mean = graph.append(.channelMean, map, label: "spatial")
            let largest = graph.append(.channelMaximum, map, label: "spatial")
            graph.append(.concatenation, [mean, largest], label: "spatial")
        },
        Case("slices of channels") { graph, map in
            let even = graph.append(.channelSlice(start: 0, count: 2, step: 2), map, label: "even")
            let last = graph.append(.channelSlice(start: 2, count: 2, step: 1), map, label: "last")
            graph.append(.arithmetic(.division), even, graph.append(.activation(.exponential), last, label: "last"))
        },
        Case("softmax in between") { graph, map in
            graph.append(.activation(.squareRoot), graph.append(.softmax, map, label: "shares"), label: "root")
        },
    ]

    @Test("operations survive", arguments: cases)
    func operations(_ example: Case) throws {
        var graph = Graph(inputChannels: Self.channels)
        example.build(&graph, graph.input)
        let read = try roundTrip(graph, sample: 24)
        let (own, its) = (try run(graph, size: 24), try run(read, size: 24))
        #expect(own.count == its.count && !own.isEmpty)
        let distance = zip(own, its).map { abs($0 - $1) }.max() ?? .infinity
        #expect(distance <= example.tolerance, "\(distance)")
        #expect(own.contains { $0 != own[0] }, "a constant tells nothing")
    }

    /// Skips are padded or cut to the size of the map that they meet, for inputs of any size that the graph takes.
    @Test("whole networks survive, seamless ones and others", arguments: 0..<12 as Range<UInt64>)
    func networks(seed: UInt64) throws {
        let graph = RandomGraphs.padded(seed: seed, depth: Int(seed % 3))
        let read = try roundTrip(graph, sample: 64)
        // Factors and summands that are no batch norm's are two nodes, which fold into convolutions in another order.
        for size in [32, 48] {
            let distances = zip(try run(graph, size: size), try run(read, size: size)).map { abs($0 - $1) }
            #expect((distances.max() ?? 1) < 1e-4, "\(size) pixels: \(distances.max() ?? 1)")
        }
        let (own, its) = (try TiledNetwork(graph), try TiledNetwork(read))
        #expect(own.stride == its.stride && own.seam == its.seam)
    }

    @Test("names are unique, whatever the labels")
    func names() throws {
        var graph = Graph(inputChannels: 1)
        let labels = ["input", "output", "", "a", "a", "a/Relu"]
        for label in labels { graph.append(.relu, graph.output, label: label) }
        let path = folder.path("names.onnx")
        try ONNXExport(graph, sample: 8, end: .sigmoid, metadata: [:]).write(path, overwrite: false)
        let nodes = try ONNXModel(path: path).graph.resolved(height: 8, width: 8).nodes
        // One for each label, the sigmoid, and the input.
        #expect(nodes.count == labels.count + 2 && Set(nodes.map(\.name)).count == nodes.count)
    }

    @Test("extents are open, or of one size, and the end is what was asked for")
    func declarations() throws {
        var graph = Graph(inputChannels: 3)
        graph.append(.crop(Borders(all: 2)), graph.input, label: "crop")
        let path = folder.path("open.onnx")
        try ONNXExport(graph, sample: 32, end: .softmax, metadata: ["key": "värde"]).write(path, overwrite: false)
        let open = try ONNXModel(path: path)
        #expect(open.opset == 17 && open.irVersion == 8 && open.metadata == ["key": "värde"])
        #expect(open.graph.input.height.value == nil && open.graph.input.width.value == nil)
        #expect(try open.graph.resolved(height: 32, width: 32).nodes.last?.operatorType == "Softmax")
        try ONNXExport(graph, sample: 32, onlySize: 32, end: .none, metadata: [:]).write(path, overwrite: true)
        let fixed = try ONNXModel(path: path)
        #expect(fixed.graph.input.height.value == 32 && fixed.graph.input.width.value == 32)
        #expect(try fixed.graph.resolved(height: 32, width: 32).nodes.last?.operatorType == "Slice")
        #expect(fixed.metadata.isEmpty)
    }

    @Test(
        "what ONNX has no operator for is named, and leaves no file",
        arguments: [
            ("softmax of groups", .groupedSoftmax(groups: 2)),
            ("GELU", .activation(.gelu(isApproximate: true))),
            ("quantisation", .activation(.quantized(scale: 1, zero: 0, lowest: 0, highest: 255))),
            ("group normalisation", .groupNormalization(groups: 2, affine, epsilon: 1e-5)),
            ("layer normalisation", .channelNormalization(affine, epsilon: 1e-5)),
        ] as [(String, Operation)])
    func refusals(name: String, operation: Operation) throws {
        var graph = Graph(inputChannels: Self.channels)
        graph.append(operation, graph.input, label: "the\nlabel")
        let error = #expect(throws: ModelFileError.self) {
            try ONNXExport(graph, sample: 16, end: .none, metadata: [:]).write(folder.path("x.onnx"), overwrite: false)
        }
        #expect(error?.code == .unrepresentable)
        #expect(error?.message.contains(name) == true && error?.message.contains("the\\u{a}label") == true)
        #expect(try folder.names == [])
    }

    @Test func filesAreReplacedOnRequestOnly() throws {
        var graph = Graph(inputChannels: 1)
        graph.append(.relu, graph.input)
        let export = ONNXExport(graph, sample: 8, end: .none, metadata: [:])
        let path = folder.path("x.onnx")
        try export.write(path, overwrite: false)
        let first = try folder.bytes("x.onnx")
        #expect(throws: ModelFileError.self) { try export.write(path, overwrite: false) }
        try export.write(path, overwrite: true)
        #expect(try folder.bytes("x.onnx") == first)
        #expect(throws: ModelFileError.self) { try export.write(folder.path("none/x.onnx"), overwrite: false) }
    }

    // MARK: - Running

    /// The graph as a reader of the file has it, with its last activation.
    private func roundTrip(_ graph: Graph, sample: Int) throws -> Graph {
        let path = folder.path("network.onnx")
        try ONNXExport(graph, sample: sample, end: .none, metadata: [:]).write(path, overwrite: true)
        let model = try ONNXModel(path: path).graph
        return try TranslatedNetwork(try model.resolved(height: sample, width: sample)).graph
    }

    /// What a network gives for a square of noise.
    private func run(_ graph: Graph, size: Int) throws -> [Float] {
        let network = try FixedTileNetwork(graph.foldingNormalizations())
        let margin = try #require(network.leastMargin(ofTile: size))
        let compiled = try CompiledNetwork(
            try network.computation(tile: size, margin: margin), backend: ReferenceBackend())
        var generator = SeededGenerator(seed: 77)
        let session = try InferenceSession(compiled)
        let shape = compiled.inputShape
        _ = session.input.update(
            fromContentsOf: (0..<shape.channels * shape.height * shape.width).map { _ in
                Float.random(in: -1..<1, using: &generator)
            })
        try session.run()
        return Array(session.output)
    }
}
