import Dispatch
import NetworkGraph
import Synchronization

/// Compares a backend with the reference operations, on this machine and with the libraries that it has now.
///
/// Small networks hold every kind of layer that the engine knows, at sizes that go through every way it has of running
/// them: whole maps, and chains of layers whose rows slide through a window. A library that changed under Overtile, or a
/// processor for which it chooses other kernels, shows here and not in somebody's mask.
package struct EngineCheck: Sendable {
    /// One network at one size of tile.
    package struct Comparison: Sendable {
        /// The layers that it is about.
        package let layers: String
        /// Pixels of the tile's output on a side.
        package let size: Int
        /// The largest difference between the two outputs, as a share of the largest value.
        package let difference: Float
        /// The kernels that computed it, each once.
        package let kernels: [String]

        /// True if the backend gives what it should, but for rounding.
        package var isRight: Bool { difference <= EngineCheck.tolerance }
    }

    /// The share of the largest value by which float32 may differ; Winograd's algorithm loses the most.
    package static let tolerance: Float = 1e-4

    package let backend: String
    package let comparisons: [Comparison]
    package var failures: [Comparison] { comparisons.filter { !$0.isRight } }

    /// Runs all comparisons on the processor's cores, in a second or two.
    ///
    /// - Throws: `EngineError` where the backend has no kernel for a layer.
    package init(_ backend: any Backend) throws(EngineError) {
        self.backend = backend.name
        let cases = Self.cases
        let results = Mutex([Result<Comparison, EngineError>?](repeating: nil, count: cases.count))
        DispatchQueue.concurrentPerform(iterations: cases.count) { index in
            let result = Result { () throws(EngineError) in try cases[index].compare(backend) }
            results.withLock { $0[index] = result }
        }
        var comparisons: [Comparison] = []
        for result in results.withLock({ $0 }) { comparisons.append(try result!.get()) }
        self.comparisons = comparisons
    }

    // MARK: Networks

    /// What a comparison runs.
    private struct Case: Sendable {
        let layers: String
        let graph: Graph
        let size: Int
        /// Against the same kernels with each layer run as a whole, instead of the reference operations, which would take
        /// too long.
        var isAgainstWholeLayers = false

        func compare(_ backend: any Backend) throws(EngineError) -> Comparison {
            let computation = try computation()
            let network = try CompiledNetwork(computation, backend: backend, weights: PackedWeights())
            let expected = try CompiledNetwork(
                computation, backend: isAgainstWholeLayers ? backend : ReferenceBackend(), weights: PackedWeights(),
                schedule: isAgainstWholeLayers ? .stepByStep : .depthFirst)
            let (output, reference) = (try run(network), try run(expected))
            let largest = reference.reduce(Float.leastNormalMagnitude) { max($0, abs($1)) }
            let difference = zip(output, reference).reduce(Float(0)) { worst, pair in
                let difference = abs(pair.0 - pair.1) / largest
                return difference.isNaN ? .infinity : max(worst, difference)
            }
            return Comparison(
                layers: layers, size: size, difference: difference,
                kernels: Set(network.kernels.map(\.implementation)).sorted())
        }

        private func computation() throws(EngineError) -> TileComputation {
            do {
                switch try TiledNetwork(graph) {
                case .seamless(let network): return network.computation(height: size, width: size)
                case .fixedTiles(let network): return try network.computation(tile: size, margin: 0)
                }
            } catch {
                throw EngineError("\(layers): \(error)")
            }
        }

        private func run(_ network: CompiledNetwork) throws(EngineError) -> [Float] {
            let session = try InferenceSession(network)
            var noise = Noise(seed: 1)
            for index in session.input.indices { session.input[index] = noise.next() }
            try session.run()
            return Array(session.output)
        }
    }

    private static var cases: [Case] {
        let uNet = Layers.uNet(base: 16)
        // The largest sizes first, so that no core waits for another at the end.
        return [188, 252].map { Case(layers: "U-Net in bands", graph: uNet, size: $0, isAgainstWholeLayers: true) }
            + [40, 120].map { Case(layers: "U-Net", graph: uNet, size: $0) }
            + layers.map { Case(layers: $0.name, graph: $0.graph, size: 24) }
    }

    private static var layers: [(name: String, graph: Graph)] {
        let affine = ChannelAffine(
            scale: ConstantTensor(shape: [21], elements: (0..<21).map { 0.5 + Float($0) / 21 }),
            shift: ConstantTensor(shape: [21], elements: (0..<21).map { Float($0) / 21 - 0.5 }))
        let activations: [Activation] = [
            .leakyReLU(slope: 0.1), .clip(lowest: -0.2, highest: 0.6), .sigmoid, .silu,
            .hardSigmoid(alpha: 0.3, beta: 0.4), .hardSwish,
        ]
        let halving = Pooling.Window(taps: 2, stride: 2)
        let doubled = Resize(.linear, .halfPixel, vertical: .times(2), horizontal: .times(2))
        let doubledToCorners = Resize(.linear, .alignCorners, vertical: .times(2), horizontal: .times(2))
        return [
            ("convolutions of 64 channels", Layers.between { $0.convolution($0.convolution($1, 64), 64) }),
            (
                "convolutions with a dilation and with larger kernels",
                Layers.between { $0.convolution($0.convolution($1, 21, kernel: 3, dilation: 2), 32, kernel: 5) }
            ),
            (
                "point convolutions of 512 channels",
                Layers.between { $0.convolution($0.convolution($1, 512), 16, kernel: 1) }
            ),
            (
                "first convolution with a stride, and bilinear upsampling",
                Layers.network {
                    $0.append(
                        .resize(doubled), $0.convolution($0.input, 32, kernel: 7, stride: 2, padding: 3))
                }
            ),
            ("zero padding", Layers.between { $0.convolution($1, 32, padding: 1) }),
            ("depthwise convolution", Layers.between { $0.depthwise($1) }),
            (
                "max pooling and up-convolution",
                Layers.between { $0.upConvolution($0.maxPooling($1), 32, kernel: 2) }
            ),
            (
                "pooling with padding, and an up-convolution whose taps overlap",
                Layers.between {
                    let window = Pooling.Window(taps: 3, stride: 2, before: 1, after: 1)
                    let half = $0.append(.pooling(Pooling(.maximum, vertical: window, horizontal: window)), $1)
                    return $0.append(.crop(Borders(all: 1)), $0.upConvolution(half, 32, kernel: 4))
                }
            ),
            (
                "average pooling and nearest resizing",
                Layers.between {
                    let pooling = Pooling(
                        .average(countsPadding: false), vertical: halving, horizontal: halving)
                    let resize = Resize(.nearest(.floor), .asymmetric, vertical: .times(2), horizontal: .times(2))
                    return $0.append(.resize(resize), $0.append(.pooling(pooling), $1))
                }
            ),
            (
                "bilinear upsampling with aligned corners",
                Layers.between {
                    let half = $0.maxPooling($1)
                    return $0.append(.resize(doubledToCorners), half)
                }
            ),
            (
                "normalisation behind a ReLU",
                Layers.between { $0.append(.affine(affine), $0.append(.activation(.relu), $1)) }
            ),
            (
                "activations",
                Layers.between { layers, map in
                    activations.reduce(map) { layers.append(.activation($1), layers.convolution($0, 21, kernel: 1)) }
                }
            ),
            (
                "sums, products, differences and quotients",
                Layers.between {
                    let gate = $0.append(.activation(.clip(lowest: 0.5, highest: 2)), $0.convolution($1, 21, kernel: 1))
                    let sum = $0.append(.arithmetic(.addition), $1, gate)
                    let product = $0.append(.arithmetic(.multiplication), sum, $1)
                    return $0.append(.arithmetic(.division), $0.append(.arithmetic(.subtraction), product, $1), gate)
                }
            ),
            (
                "concatenation of a cropped skip",
                Layers.between {
                    let inner = $0.convolution($0.convolution($1, 32), 40)
                    return $0.append(.concatenation, $0.append(.crop(Borders(all: 2)), $1), inner)
                }
            ),
            (
                "channels: slice, mean and softmax",
                Layers.between {
                    let joined = $0.append(.concatenation, $1, $0.convolution($1, 9, kernel: 1))
                    let slice = $0.append(.channelSlice(start: 3, count: 12, step: 2), joined)
                    let mean = $0.append(.channelMean, slice)
                    return $0.append(.softmax, $0.append(.arithmetic(.multiplication), slice, mean))
                }
            ),
            (
                "mirrored padding",
                Layers.between {
                    $0.convolution($0.append(.padding(Padding(.reflect, amounts: Borders(all: 2))), $1), 21, kernel: 5)
                }
            ),
            (
                "mean over the map and group normalisation",
                Layers.between {
                    let gate = $0.append(
                        .activation(.sigmoid), $0.convolution($0.append(.globalMean, $1), 21, kernel: 1))
                    let gated = $0.append(.arithmetic(.multiplication), $1, gate)
                    return $0.append(.groupNormalization(groups: 3, affine, epsilon: 1e-5), gated)
                }
            ),
        ]
    }
}

/// A graph in the making, with noise for weights.
private struct Layers {
    private var graph: Graph
    private var channels: [Graph.Value: Int]
    private var noise = Noise(seed: 2)

    private init(inputChannels: Int) {
        graph = Graph(inputChannels: inputChannels)
        channels = [graph.input: inputChannels]
    }

    var input: Graph.Value { graph.input }

    static func network(_ build: (inout Layers) -> Graph.Value) -> Graph {
        var layers = Layers(inputChannels: 3)
        _ = layers.convolution(build(&layers), 4, kernel: 1, hasReLU: false)
        return layers.graph
    }

    /// Layers between a convolution of 3 bands to 21 channels, which are more than a block and not two, and a head.
    static func between(_ build: (inout Layers, Graph.Value) -> Graph.Value) -> Graph {
        network { build(&$0, $0.convolution($0.input, 21, padding: 1)) }
    }

    /// The paper's U-Net with one level.
    static func uNet(base: Int) -> Graph {
        network {
            let skip = $0.convolution($0.convolution($0.input, base), base)
            let half = $0.maxPooling(skip)
            let deep = $0.convolution($0.convolution(half, 2 * base), 2 * base)
            let up = $0.upConvolution(deep, base, kernel: 2)
            let joined = $0.append(.concatenation, $0.append(.crop(Borders(all: 4)), skip), up)
            return $0.convolution($0.convolution(joined, base), base)
        }
    }

    mutating func append(_ operation: Operation, _ inputs: Graph.Value...) -> Graph.Value {
        let value = graph.append(operation, inputs, label: operation.name)
        let counts = inputs.map { channels[$0]! }
        channels[value] =
            switch operation {
            case .concatenation: counts.reduce(0, +)
            case .channelSlice(_, let count, _): count
            case .channelMean: 1
            case .convolution(let convolution): convolution.outputChannels
            case .transposedConvolution(let convolution): convolution.outputChannels
            default: counts.max()!
            }
        return value
    }

    mutating func convolution(
        _ map: Graph.Value, _ outputs: Int, kernel: Int = 3, stride: Int = 1, dilation: Int = 1, padding: Int = 0,
        hasReLU: Bool = true
    ) -> Graph.Value {
        let source = padding > 0 ? append(.padding(Padding(.zero, amounts: Borders(all: padding))), map) : map
        let layer = Convolution(
            weights: weights([outputs, channels[map]!, kernel, kernel], terms: channels[map]! * kernel * kernel),
            bias: weights([outputs], terms: 4), stride: stride, dilation: dilation)
        let sum = append(.convolution(layer), source)
        return hasReLU ? append(.activation(.relu), sum) : sum
    }

    mutating func depthwise(_ map: Graph.Value) -> Graph.Value {
        let count = channels[map]!
        let layer = Convolution(
            weights: weights([count, 1, 3, 3], terms: 9), bias: weights([count], terms: 4), groups: count)
        return append(.convolution(layer), map)
    }

    /// Max pooling to half the size.
    mutating func maxPooling(_ map: Graph.Value) -> Graph.Value {
        let window = Pooling.Window(taps: 2, stride: 2)
        return append(.pooling(Pooling(.maximum, vertical: window, horizontal: window)), map)
    }

    /// An up-convolution to twice the size.
    mutating func upConvolution(_ map: Graph.Value, _ outputs: Int, kernel: Int) -> Graph.Value {
        let inputs = channels[map]!
        let layer = TransposedConvolution(
            weights: weights([inputs, outputs, kernel, kernel], terms: inputs), bias: weights([outputs], terms: 4),
            stride: 2)
        return append(.transposedConvolution(layer), map)
    }

    /// Noise of a size that keeps a layer's values near its inputs' (He et al. 2015).
    private mutating func weights(_ shape: [Int], terms: Int) -> ConstantTensor {
        let scale = (6 / Float(terms)).squareRoot()
        return ConstantTensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in scale * noise.next() })
    }
}

/// Values from -1 to 1, the same on every machine (a linear congruential generator).
private struct Noise {
    private var state: UInt32

    init(seed: UInt32) { state = seed &* 2_654_435_761 }

    mutating func next() -> Float {
        state = state &* 1_664_525 &+ 1_013_904_223
        return Float(Int32(bitPattern: state) >> 8) / Float(1 << 23)
    }
}
