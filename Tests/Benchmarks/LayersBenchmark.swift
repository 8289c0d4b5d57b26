import ArgumentParser
import InferenceEngine
import NetworkGraph
import Tensors
import TestNetworks

/// 3 x 3 convolutions of real U-Nets on one thread: the algorithm that the rule picks, against direct convolution.
struct LayersBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layers", abstract: "3 x 3 layers: what the Winograd rule picks, against direct convolution.")

    @Option(help: "Timed rounds of each layer.")
    var rounds = 5

    /// (input channels, output channels, output pixels on a side) of U-Nets of base 16, 32 and 64 on tiles of about 570.
    private static let layers = [
        (3, 32, 568), (16, 16, 568), (32, 32, 566), (64, 64, 566), (64, 32, 388), (128, 64, 388), (64, 128, 280),
        (128, 128, 278), (128, 256, 136), (256, 256, 134), (512, 256, 100), (256, 512, 64), (512, 512, 62),
        (512, 1024, 28), (1024, 1024, 26), (1024, 512, 50),
    ]

    func run() throws {
        row(["layer", "GFLOP/s direct", "GFLOP/s ruled", "ratio", "kernel"])
        for (ic, oc, side) in Self.layers {
            let direct = try session(ic, oc, side, OneDNNBackend(usesWinograd: false))
            let ruled = try session(ic, oc, side, OneDNNBackend())
            let times = try Timing.inTurn(rounds: rounds, [direct.run, ruled.run])
            let operations = 18.0 * Double(ic * oc) * Double(side * side)
            row([
                "\(ic)->\(oc)@\(side)", digits(operations / Timing.median(times[0]) / 1e9, 0),
                digits(operations / Timing.median(times[1]) / 1e9, 0),
                digits(Timing.medianRatio(times[0], times[1]), 2), "  " + ruled.implementation,
            ])
        }
    }

    private func session(
        _ ic: Int, _ oc: Int, _ side: Int, _ backend: OneDNNBackend
    ) throws -> (run: () throws -> Void, implementation: String) {
        var generator = SeededGenerator(seed: 1)
        func weights(_ shape: [Int]) -> ConstantTensor { .random(shape, scale: 0.05, using: &generator) }
        // 1 x 1 convolutions around the layer keep its maps in the backend's own layout, as inside a network; the first
        // layer of a network reads its input as it comes.
        var graph = Graph(inputChannels: ic <= 4 ? ic : 1)
        var map = graph.input
        if ic > 4 { map = graph.append(.convolution(Convolution(weights: weights([ic, 1, 1, 1]))), map) }
        map = graph.append(.convolution(Convolution(weights: weights([oc, ic, 3, 3]))), map, label: "layer")
        map = graph.append(.relu, map)
        graph.append(.convolution(Convolution(weights: weights([1, oc, 1, 1]))), map)
        let network = try CompiledNetwork(
            SeamlessNetwork(graph).computation(height: side, width: side), backend: backend)
        let step = network.listing.firstIndex { $0.hasPrefix("layer") }!
        let session = try InferenceSession(network)
        session.input.update(repeating: 0.5)
        try session.run()
        return ({ try session.run(step: step) }, String(network.listing[step].split(separator: ",").last ?? ""))
    }
}
