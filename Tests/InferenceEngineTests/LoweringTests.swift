import TestNetworks
import Testing

@testable import InferenceEngine
@testable import NetworkGraph

/// What becomes of small graphs: which steps are taken, what they read and write, and how long buffers live. What the
/// steps compute is the other suites' affair.
@Suite struct LoweringTests {
    /// A backend that reads windows in place and stores channels in blocks of 16, and one that does neither.
    static let reading = FakeBackend(readsWindows: true, block: 16)
    static let copying = FakeBackend(readsWindows: false, block: 1)
    static let both = [reading, copying]

    // MARK: - Fused ReLU

    @Test("a ReLU behind a convolution, an up-convolution or a sum is part of it", arguments: both)
    func fusedReLU(_ backend: FakeBackend) throws {
        for kind in ["convolution", "up-convolution", "sum"] {
            var graph = Graph(inputChannels: 16)
            let first = graph.convolve(graph.input, 16, 16)
            switch kind {
            case "convolution": graph.append(.relu, first)
            case "up-convolution": graph.append(.relu, graph.double(graph.halve(first), 16))
            default:
                graph.append(.relu, graph.append(.arithmetic(.addition), first, graph.convolve(graph.input, 16, 16)))
            }
            let lowered = try lower(graph, backend)
            #expect(lowered.steps.filter(\.hasReLU).count == 1, "\(kind)")
            #expect(!lowered.kinds.contains("ReLU"), "\(kind)")
        }
    }

    @Test("a ReLU is a step of its own where others read the map before it, or what computes the map cannot fuse it")
    func separateReLU() throws {
        // A skip from before the ReLU.
        var skip = Graph(inputChannels: 16)
        let map = skip.convolve(skip.input, 16, 16)
        skip.append(.concatenation, skip.append(.relu, map), map)
        // Behind a pooling.
        var pooled = Graph(inputChannels: 16)
        pooled.convolve(pooled.append(.relu, pooled.halve(pooled.convolve(pooled.input, 16, 16))), 16, 64)
        for graph in [skip, pooled] {
            let lowered = try lower(graph, Self.reading)
            #expect(lowered.kinds.filter { $0 == "ReLU" }.count == 1)
            #expect(lowered.steps.allSatisfy { !$0.hasReLU })
        }
    }

    // MARK: - In place

    /// What a convolution's only reader may do to its map.
    static let overwriting: [(name: String, operation: Operation)] = [
        ("normalisation", .affine(.init(scale: .ones(16), shift: .ones(16)))),
        ("leaky ReLU", .activation(.leakyReLU(slope: 0.1))),
        ("sigmoid", .activation(.sigmoid)),
        ("softmax", .softmax),
    ]

    @Test("what alone reads a map works in its buffer", arguments: overwriting, both)
    func inPlace(_ step: (name: String, operation: Operation), _ backend: FakeBackend) throws {
        var graph = Graph(inputChannels: 3)
        let map = graph.append(step.operation, graph.convolve(graph.input, 3, 16))
        graph.convolve(map, 16, 2)
        let lowered = try lower(graph, backend)
        let own = try #require(lowered.steps.first { $0.kind == step.name })
        #expect(own.sources[0] == own.destination)
        #expect(lowered.steps.first { $0.kind == "convolution" }?.destination.buffer == own.destination.buffer)
    }

    @Test("what another reads, too, is not overwritten", arguments: overwriting)
    func notInPlace(_ step: (name: String, operation: Operation)) throws {
        var graph = Graph(inputChannels: 3)
        let map = graph.convolve(graph.input, 3, 16)
        let changed = graph.append(step.operation, map)
        graph.convolve(graph.append(.concatenation, map, changed), 32, 2, kernel: 1)
        let own = try #require(try lower(graph, Self.reading).steps.first { $0.kind == step.name })
        #expect(own.sources[0].buffer != own.destination.buffer)
    }

    @Test("a sum is put where the operand was that nobody else needs")
    func sumInPlace() throws {
        var graph = Graph(inputChannels: 3)
        let first = graph.convolve(graph.input, 3, 16, kernel: 1)
        let second = graph.convolve(first, 16, 16, kernel: 1)
        graph.convolve(graph.append(.arithmetic(.addition), first, second), 16, 2, kernel: 1)
        let sum = try #require(try lower(graph, Self.reading).steps.first { $0.kind == "addition" })
        // `first` has two readers; `second` is the sum's alone.
        #expect(sum.destination.buffer == sum.sources[1].buffer && sum.destination.buffer != sum.sources[0].buffer)
    }

    // MARK: - Concatenations

    /// A skip around a pooling and an up-convolution, which meet in a concatenation.
    ///
    /// - Parameters:
    ///   - isPooled: true if a pooling reads the concatenation, which needs it in one piece; else a convolution does.
    ///   - cropped: pixels that are cut off the skip on each side.
    private func skip(isPooled: Bool, cropped: Int = 0) -> Graph {
        var graph = Graph(inputChannels: 16)
        let map = graph.convolve(graph.input, 16, 16)
        let skip = cropped == 0 ? map : graph.append(.crop(Borders(all: cropped)), map)
        let up = graph.double(
            graph.halve(cropped == 0 ? map : graph.convolve(map, 16, 16, kernel: 2 * cropped + 1)), 16)
        let joined = graph.append(.concatenation, skip, up)
        if isPooled { graph.double(graph.halve(joined), 32) } else { graph.convolve(joined, 32, 2) }
        return graph
    }

    @Test("what only a concatenation reads is computed into its slice")
    func computedIntoSlice() throws {
        // The concatenation is pooled, so that it has to be in one piece.
        let lowered = try lower(skip(isPooled: true), Self.reading)
        let up = try #require(lowered.steps.first { $0.kind == "up-convolution" })
        #expect(up.destination.channelOffset == 16 && up.destination.view.channels == 16)
        #expect(lowered.buffers[up.destination.buffer].channels == 32)
        // The skip has another reader, and is copied.
        let copy = try #require(lowered.steps.first { $0.kind == "copy" })
        #expect(copy.destination.buffer == up.destination.buffer && copy.destination.channelOffset == 0)
    }

    @Test("a skip is copied as soon as it is computed, and no more of it than the decoder needs")
    func copiedAtOnce() throws {
        let lowered = try lower(skip(isPooled: true, cropped: 2), Self.reading)
        let copy = try #require(lowered.steps.firstIndex { $0.kind == "copy" })
        #expect(lowered.kinds[copy - 1] == "convolution" && lowered.kinds[copy + 1] == "convolution")
        let (source, buffer) = (lowered.steps[copy].sources[0].view, lowered.steps[copy].destination.view)
        #expect(source.height == source.parentHeight - 4 && source.top == 2 && source.left == 2)
        #expect(buffer.height == buffer.parentHeight)
    }

    @Test("a concatenation that convolutions read is never put together where the backend reads windows")
    func readInParts() throws {
        for cropped in [0, 2] {
            let graph = skip(isPooled: false, cropped: cropped)
            let inParts = try lower(graph, Self.reading)
            #expect(!inParts.kinds.contains("copy"))
            let last = try #require(inParts.steps.last)
            #expect(last.sources.count == 2 && last.sources[0].buffer != last.sources[1].buffer)
            #expect(last.sources[0].view.height == last.sources[1].view.height)
            // Copied together otherwise.
            let together = try lower(graph, Self.copying)
            #expect(together.kinds.contains("copy") && together.steps.allSatisfy { $0.sources.count == 1 })
        }
    }

    // MARK: - Borders

    @Test("zeros around a map are left to the convolution", arguments: both)
    func zeroPadding(_ backend: FakeBackend) throws {
        var graph = Graph(inputChannels: 16)
        let first = graph.convolve(graph.append(.zeroPadding(1), graph.input), 16, 16)
        graph.convolve(graph.append(.zeroPadding(1), first), 16, 2)
        let lowered = try Lowering(Self.tile(graph), backend: backend)
        #expect(lowered.kinds.allSatisfy { $0 == "convolution" })
        #expect(lowered.steps.map(\.padding) == [Borders(all: 1), Borders(all: 1)])
        #expect(lowered.buffers.allSatisfy { $0.height == 16 && $0.width == 16 })
    }

    @Test("a tile's margin reaches as far as its own border alone")
    func paddingOfAPart() throws {
        var graph = Graph(inputChannels: 16)
        graph.convolve(
            graph.append(.zeroPadding(1), graph.convolve(graph.append(.zeroPadding(1), graph.input), 16, 16)), 16, 2)
        let network = try FixedTileNetwork(graph)
        // One pixel of margin: the second convolution needs no zeros any more, the first still does.
        let lowered = try Lowering(network.computation(tile: 16, margin: 1), backend: Self.reading)
        #expect(lowered.steps.map(\.padding) == [Borders(all: 1), Borders(all: 0)])
    }

    @Test("without borders, padding is a shift, and nothing is ever padded", arguments: both)
    func paddingOnAPlane(_ backend: FakeBackend) throws {
        for padding in [Padding(.zero, amounts: Borders(all: 1)), Padding(.reflect, amounts: Borders(all: 1))] {
            var graph = Graph(inputChannels: 16)
            let padded = graph.append(.padding(padding), graph.convolve(graph.input, 16, 16, kernel: 1))
            graph.convolve(padded, 16, 2)
            let lowered = try Lowering(SeamlessNetwork(graph).computation(height: 8, width: 8), backend: backend)
            #expect(lowered.kinds.allSatisfy { $0 == "convolution" || $0 == "copy" || $0 == "zero" })
            #expect(lowered.steps.allSatisfy { $0.padding == Borders(all: 0) })
        }
    }

    @Test("other padding than zeros is a step")
    func reflection() throws {
        var graph = Graph(inputChannels: 16)
        let padded = graph.append(
            .padding(Padding(.reflect, amounts: Borders(all: 1))), graph.convolve(graph.input, 16, 16, kernel: 1))
        graph.convolve(padded, 16, 2)
        #expect(
            try Lowering(Self.tile(graph), backend: Self.reading).kinds == ["convolution", "padding", "convolution"])
    }

    // MARK: - Fast paths

    /// Which way to compute each pooling: a kernel of its own for unpadded squares' largest values, a general one for all
    /// else.
    static let poolings: [(pooling: Pooling, kind: String)] = [
        (Pooling(.maximum, taps: 2, stride: 2), "own max pooling"),
        (Pooling(.maximum, taps: 3, stride: 1), "own max pooling"),
        // padding, gaps between taps, a rectangle, a mean
        (Pooling(.maximum, taps: 3, stride: 2, padding: 1), "max pooling"),
        (Pooling(.maximum, taps: 2, stride: 2, dilation: 2), "max pooling"),
        (
            Pooling(.maximum, vertical: .init(taps: 2, stride: 2), horizontal: .init(taps: 4, stride: 2)),
            "max pooling"
        ),
        (Pooling(.average(countsPadding: false), taps: 2, stride: 2), "average pooling"),
    ]

    @Test("max pooling of unpadded squares has a kernel of its own", arguments: poolings)
    func maxPooling(_ pooling: Pooling, _ kind: String) throws {
        var graph = Graph(inputChannels: 16)
        let pooled = graph.append(.pooling(pooling), graph.convolve(graph.input, 16, 16, kernel: 1))
        graph.convolve(pooled, 16, 2, kernel: 1)
        #expect(try lower(graph, Self.reading).kinds[1] == kind)
    }

    /// 15 pixels become 8, whose last window reaches beyond the map; 16 are covered by whole windows.
    @Test("a window that reaches beyond the map goes to the general kernel", arguments: [15, 16])
    func ceilMode(side: Int) throws {
        var graph = Graph(inputChannels: 16)
        let map = graph.convolve(graph.input, 16, 16, kernel: 1)
        graph.append(.maxPooling(extent: 2, stride: 2, ceilMode: true), map)
        #expect(try lower(graph, Self.reading, side: side).kinds[1] == (side == 15 ? "max pooling" : "own max pooling"))
    }

    static let resizes: [(resize: Resize, kind: String)] = [
        (Resize(.linear, .halfPixel, vertical: .times(2), horizontal: .times(2)), "own bilinear"),
        (Resize(.linear, .halfPixelAboutMiddle, vertical: .times(3), horizontal: .times(3)), "own bilinear"),
        (Resize(.linear, .alignCorners, vertical: .times(2), horizontal: .times(2)), "own bilinear, aligned corners"),
        // other coordinates, two factors, the nearest pixel, a factor of one
        (Resize(.linear, .asymmetric, vertical: .times(2), horizontal: .times(2)), "resampling"),
        (Resize(.linear, .halfPixel, vertical: .times(2), horizontal: .times(3)), "resampling"),
        (Resize(.nearest(.floor), .asymmetric, vertical: .times(2), horizontal: .times(2)), "resampling"),
        (Resize(.linear, .halfPixel, vertical: .times(1), horizontal: .times(1)), "resampling"),
    ]

    @Test("bilinear upsampling by one whole factor has a kernel of its own", arguments: resizes)
    func bilinear(_ resize: Resize, _ kind: String) throws {
        var graph = Graph(inputChannels: 16)
        graph.convolve(graph.append(.resize(resize), graph.convolve(graph.input, 16, 16, kernel: 1)), 16, 2, kernel: 1)
        #expect(try lower(graph, Self.reading).kinds[1] == kind)
    }

    // MARK: - Input and output

    @Test("the last convolution writes the output as the caller reads it; whatever else comes last is copied")
    func output() throws {
        var plain = Graph(inputChannels: 3)
        plain.append(.relu, plain.convolve(plain.input, 3, 5))
        var copied = Graph(inputChannels: 3)
        copied.append(.softmax, copied.convolve(copied.input, 3, 5))
        for (graph, kinds) in [(plain, ["convolution"]), (copied, ["convolution", "softmax", "copy"])] {
            let lowered = try lower(graph, Self.reading)
            #expect(lowered.kinds == kinds)
            for (buffer, channels) in [(lowered.inputBuffer, 3), (lowered.outputBuffer, 5)] {
                #expect(lowered.buffers[buffer].layout == .plain && lowered.buffers[buffer].channels == channels)
            }
        }
    }

    @Test("parts of a concatenation have gaps between them, which the output does not have")
    func outputWithoutGaps() throws {
        var graph = Graph(inputChannels: 3)
        let maps = [5, 7].map { graph.convolve(graph.input, 3, $0) }
        graph.append(.concatenation, maps)
        let copies = try lower(graph, Self.reading).steps.filter { $0.kind == "copy" }
        #expect(copies.map(\.sources[0].channelOffset) == [0, 16])
        #expect(copies.map(\.destination.channelOffset) == [0, 5])
        #expect(copies.map(\.destination.view.channels) == [5, 7])
    }

    // MARK: - Lifetimes

    @Test("a buffer lives from the step that writes it first to the one that reads it last")
    func lifetimes() throws {
        // input, convolution a, pooling, up-convolution, convolution of (a, up): `a` waits for the last one.
        let computation = try SeamlessNetwork(skip(isPooled: false)).computation(height: 8, width: 8)
        let program = try Program(computation, backend: Self.reading, schedule: .stepByStep)
        #expect(program.steps.map(\.kind) == ["convolution", "own max pooling", "up-convolution", "convolution"])
        #expect(program.buffers[program.input].lifetime == 0...0)
        #expect(program.buffers[program.output].lifetime == 3...4, "read when all is done")
        #expect(
            program.steps.dropLast().map { program.buffers[$0.destination.buffer].lifetime } == [0...3, 1...2, 2...3])
    }

    @Test("every buffer that is read was written before, whatever the network", arguments: 0..<12, both)
    func writtenBeforeRead(_ seed: Int, _ backend: FakeBackend) throws {
        let graph = RandomGraphs.padded(seed: UInt64(seed), depth: 1 + seed % 3).foldingNormalizations()
        let seamless = try SeamlessNetwork(graph)
        let side = 2 * seamless.stride
        let computations = [
            seamless.computation(height: side, width: side),
            try FixedTileNetwork(graph).computation(tile: 32, margin: 4),
        ]
        for computation in computations {
            for schedule in [Program.Schedule.stepByStep, .depthFirst] {
                let program = try Program(computation, backend: backend, schedule: schedule)
                var written: Set = [program.input]
                for call in program.calls {
                    if program.steps[call.step].kind != "zero" {
                        for source in call.sources { #expect(written.contains(source.buffer)) }
                    }
                    for operand in call.sources + [call.destination] {
                        #expect(program.buffers[operand.buffer].lifetime.contains(call.group))
                        #expect(operand.liesIn(program.buffers[operand.buffer]))
                    }
                    written.insert(call.destination.buffer)
                }
                #expect(written.contains(program.output))
            }
        }
    }

    // MARK: - Helpers

    /// A graph on a tile of 16 pixels with borders.
    private static func tile(_ graph: Graph) throws -> TileComputation {
        try FixedTileNetwork(tile: 16, isOnly: true, reason: .ragged(16)) { _ in graph }.computation(
            tile: 16, margin: 0)
    }

    /// A graph lowered for all that a tile of 16 x 16 pixels gives, or one of another size.
    private func lower(_ graph: Graph, _ backend: FakeBackend, side: Int = 16) throws -> Lowering {
        let shapes = try #require(try graph.shapes(height: side, width: side)).shapes
        let output = shapes[graph.output.index]
        return try Lowering(
            TileComputation(graph, rows: 0..<output.height, columns: 0..<output.width, origin: 0, shapes: shapes),
            backend: backend)
    }
}

extension Lowering {
    /// What each step is, in order.
    fileprivate var kinds: [String] { steps.map(\.kind) }
}

extension Program.Step {
    /// What the step is; "own" for what has a kernel of its own beside the general one.
    fileprivate var kind: String {
        switch action {
        case .convolution: "convolution"
        case .transposedConvolution: "up-convolution"
        case .maxPooling: "own max pooling"
        case .bilinearUpsampling(_, let alignCorners): "own bilinear\(alignCorners ? ", aligned corners" : "")"
        case .affine: "normalisation"
        case .map(let operation): operation.name
        case .copy: "copy"
        case .zero: "zero"
        }
    }

    fileprivate var hasReLU: Bool {
        switch action {
        case .convolution(_, _, let relu), .transposedConvolution(_, _, let relu): relu
        case .map(.arithmetic(_, _, _, _, let relu)): relu
        default: false
        }
    }
}

extension Program.Operand {
    /// Returns true if the operand's window is within a buffer.
    fileprivate func liesIn(_ buffer: Program.Buffer) -> Bool {
        view.layout == buffer.layout && channelOffset + view.channels <= buffer.channels
            && (view.parentHeight, view.parentWidth) == (buffer.height, buffer.width) && view.top >= 0 && view.left >= 0
            && view.top + view.height <= buffer.height && view.left + view.width <= buffer.width
    }
}

extension Graph {
    /// A valid convolution whose weights are 1.
    @discardableResult
    fileprivate mutating func convolve(_ map: Value, _ ic: Int, _ oc: Int, kernel: Int = 3) -> Value {
        append(.convolution(Convolution(weights: .ones(oc, ic, kernel, kernel))), map)
    }

    /// Max pooling to half the size.
    @discardableResult
    fileprivate mutating func halve(_ map: Value) -> Value { append(.maxPooling(extent: 2, stride: 2), map) }

    /// An up-convolution to twice the size.
    @discardableResult
    fileprivate mutating func double(_ map: Value, _ channels: Int) -> Value {
        append(
            .transposedConvolution(TransposedConvolution(weights: .ones(channels, channels, 2, 2), stride: 2)), map)
    }
}

extension ConstantTensor {
    fileprivate static func ones(_ shape: Int...) -> ConstantTensor {
        ConstantTensor(shape: shape, elements: Array(repeating: 1, count: shape.reduce(1, *)))
    }
}

extension Pooling {
    /// Square windows.
    fileprivate init(_ kind: Kind, taps: Int, stride: Int, dilation: Int = 1, padding: Int = 0) {
        let window = Window(taps: taps, stride: stride, dilation: dilation, before: padding, after: padding)
        self.init(kind, vertical: window, horizontal: window)
    }
}
