import ArgumentParser
import InferenceEngine
import NetworkGraph
import TestMaps
import TestNetworks

/// Single layers on one thread: Overtile's kernels against oneDNN's, of which the better counts, Winograd's where its
/// rule takes it or direct.
struct LayersBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layers", abstract: "Layers of U-Nets: Overtile's kernels against oneDNN's.")

    @Option(parsing: .upToNextOption, help: "Widths of the first level.")
    var base = [16, 32, 64]

    @Option(help: "Timed rounds of each layer.")
    var rounds = 7

    @Option(help: "An instruction set below the processor's best: avx2 or scalar.")
    var isa: String?

    private struct Layer {
        enum Kind {
            case convolution(kernel: Int, stride: Int = 1, dilation: Int = 1)
            /// The network's output, as the caller reads it.
            case last
            case up
            case pooling
        }

        let kind: Kind
        let ic: Int
        let oc: Int
        /// Output pixels on a side, even.
        let side: Int

        /// Multiplications and additions; for pooling, bytes read and written.
        var work: Double {
            let products = 2 * Double(ic * oc) * Double(side * side)
            switch kind {
            case .convolution(let kernel, _, _): return products * Double(kernel * kernel)
            case .last, .up: return products
            case .pooling: return 4 * 5 * Double(oc * side * side)
            }
        }

        var name: String {
            let shape = "\(ic)->\(oc)@\(side)"
            switch kind {
            case .convolution(let kernel, let stride, let dilation):
                let spread = (stride > 1 ? " stride \(stride)" : "") + (dilation > 1 ? " dilation \(dilation)" : "")
                return "\(kernel)x\(kernel)\(spread) \(shape)"
            case .last: return "last \(shape)"
            case .up: return "up \(shape)"
            case .pooling: return "pool \(shape)"
            }
        }
    }

    /// The paper's network on its own tile of 572 pixels.
    private static func paper(_ base: Int) -> [Layer] {
        var layers: [Layer] = []
        var side = 572
        func block(_ ic: Int, _ oc: Int) {
            layers.append(Layer(kind: .convolution(kernel: 3), ic: ic, oc: oc, side: side - 2))
            layers.append(Layer(kind: .convolution(kernel: 3), ic: oc, oc: oc, side: side - 4))
            side -= 4
        }
        for level in 0..<5 {
            block(level == 0 ? 3 : base << (level - 1), base << level)
            guard level < 4 else { break }
            side /= 2
            layers.append(Layer(kind: .pooling, ic: base << level, oc: base << level, side: side))
        }
        for level in (0..<4).reversed() {
            side *= 2
            layers.append(Layer(kind: .up, ic: base << (level + 1), oc: base << level, side: side))
            block(base << (level + 1), base << level)
        }
        layers.append(Layer(kind: .last, ic: base, oc: 4, side: side))
        return layers
    }

    /// What other networks have.
    private static let others: [Layer] = [
        // ResNet's first, on bands, and strided ones
        Layer(kind: .convolution(kernel: 7, stride: 2), ic: 3, oc: 64, side: 256),
        Layer(kind: .convolution(kernel: 3, stride: 2), ic: 3, oc: 32, side: 256),
        Layer(kind: .convolution(kernel: 3, stride: 2), ic: 64, oc: 128, side: 64),
        Layer(kind: .convolution(kernel: 3, stride: 2), ic: 256, oc: 512, side: 16),
        Layer(kind: .convolution(kernel: 2, stride: 2), ic: 64, oc: 128, side: 64),
        // One band, and many
        Layer(kind: .convolution(kernel: 3), ic: 1, oc: 64, side: 570),
        Layer(kind: .convolution(kernel: 3), ic: 13, oc: 64, side: 256),
        // 1 x 1 in the body
        Layer(kind: .convolution(kernel: 1), ic: 64, oc: 64, side: 256),
        Layer(kind: .convolution(kernel: 1), ic: 64, oc: 256, side: 128),
        Layer(kind: .convolution(kernel: 1), ic: 256, oc: 64, side: 128),
        Layer(kind: .convolution(kernel: 1), ic: 1024, oc: 256, side: 32),
        // Larger kernels and dilation
        Layer(kind: .convolution(kernel: 2), ic: 64, oc: 64, side: 128),
        Layer(kind: .convolution(kernel: 5), ic: 32, oc: 32, side: 128),
        Layer(kind: .convolution(kernel: 7), ic: 32, oc: 32, side: 128),
        Layer(kind: .convolution(kernel: 3, dilation: 2), ic: 64, oc: 64, side: 128),
        Layer(kind: .convolution(kernel: 3, dilation: 6), ic: 256, oc: 256, side: 32),
    ]

    func run() throws {
        // First, as a lesser set holds oneDNN, too, to as little.
        let own = try OvertileBackend(instructionSet: isa)
        let oneDNN = [OneDNNBackend(), OneDNNBackend(usesWinograd: false)]
        print("\(own.name); GFLOP/s, of poolings GB/s; ratio: how much longer oneDNN takes")
        row(["own", "oneDNN", "ratio"])
        for layer in base.flatMap(Self.paper) + Self.others {
            let sessions = try [try session(layer, own)] + oneDNN.map { try session(layer, $0) }
            let times = try Timing.inTurn(rounds: rounds, sessions.map(\.run))
            let ratios = times.dropFirst().map { Timing.medianRatio($0, times[0]) }
            let best = ratios[0] <= ratios[1] ? 1 : 2
            row([
                digits(layer.work / Timing.median(times[0]) / 1e9, 0),
                digits(layer.work / Timing.median(times[best]) / 1e9, 0), digits(ratios[best - 1], 2),
                "  \(layer.name), \(sessions[0].implementation) against \(sessions[best].implementation)",
            ])
        }
    }

    private func session(
        _ layer: Layer, _ backend: any Backend
    ) throws -> (run: () throws -> Void, implementation: String) {
        // Each layer whole: in bands of rows it would find its source in the cache.
        let network = try CompiledNetwork(
            computation(of: layer), backend: backend, weights: PackedWeights(), schedule: .stepByStep)
        let step = network.listing.firstIndex { $0.hasPrefix("layer") }!
        let session = try InferenceSession(network)
        session.input.update(repeating: 0.5)
        try session.run()
        return ({ try session.run(step: step) }, String(network.listing[step].split(separator: ", ").last ?? ""))
    }

    /// The layer between others that keep its maps in the backend's own layout, as inside a network, and bring the
    /// output to the input's resolution. A first layer reads the input as it comes.
    private func computation(of layer: Layer) throws -> TileComputation {
        var generator = SeededGenerator(seed: 1)
        func weights(_ shape: [Int]) -> ConstantTensor { .random(shape, scale: 0.05, using: &generator) }
        let isFirst = layer.ic < 16
        var graph = Graph(inputChannels: isFirst ? layer.ic : 1)
        var map = graph.input
        if !isFirst { map = graph.append(.convolution(Convolution(weights: weights([layer.ic, 1, 1, 1]))), map) }
        var stride = 1
        switch layer.kind {
        case .convolution(let kernel, let step, let dilation):
            stride = step
            let convolution = Convolution(
                weights: weights([layer.oc, layer.ic, kernel, kernel]), bias: weights([layer.oc]), stride: stride,
                dilation: dilation)
            map = graph.append(.relu, graph.append(.convolution(convolution), map, label: "layer"))
        case .last:
            let convolution = Convolution(weights: weights([layer.oc, layer.ic, 1, 1]), bias: weights([layer.oc]))
            graph.append(.convolution(convolution), map, label: "layer")
            return try SeamlessNetwork(graph).computation(height: layer.side, width: layer.side)
        case .up:
            map = graph.append(.maxPooling(extent: 2, stride: 2), map)
            let convolution = TransposedConvolution(
                weights: weights([layer.ic, layer.oc, 2, 2]), bias: weights([layer.oc]), stride: 2)
            map = graph.append(.transposedConvolution(convolution), map, label: "layer")
        case .pooling:
            stride = 2
            map = graph.append(.maxPooling(extent: 2, stride: 2), map, label: "layer")
        }
        if stride == 1 {
            graph.append(.convolution(Convolution(weights: weights([1, layer.oc, 1, 1]))), map)
        } else {
            let back = TransposedConvolution(weights: weights([layer.oc, 1, stride, stride]), stride: stride)
            graph.append(.transposedConvolution(back), map)
        }
        let side = layer.side * stride
        return try SeamlessNetwork(graph).computation(height: side, width: side)
    }
}
