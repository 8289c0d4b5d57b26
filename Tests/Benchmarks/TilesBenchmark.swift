import ArgumentParser
import InferenceEngine
import NetworkGraph
import TestNetworks

/// What a kept pixel costs at different tile sizes, on one thread: what the planner's cost model has to predict.
struct TilesBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles", abstract: "The paper's network on tiles of several sizes: time per kept pixel.")

    @Option(help: "Width of the first level.")
    var base = 32

    @Option(help: "Timed rounds of each size.")
    var rounds = 3

    @Option(parsing: .upToNextOption, help: "Kept pixels on a side.")
    var steps: [Int] = [128, 256, 384, 512, 640, 768, 896, 1024]

    func run() throws {
        let network = try SeamlessNetwork(PaperUNet.random(bands: 3, classes: 4, depth: 5, base: base).graph())
        let backend = try OvertileBackend()
        row(["step", "us per pixel", "against model", "memory MiB"])
        var reference: Double?
        for step in steps {
            let compiled = try CompiledNetwork(network.computation(height: step, width: step), backend: backend)
            let session = try InferenceSession(compiled)
            session.input.update(repeating: 0.5)
            let times = try Timing.inTurn(rounds: rounds, [{ try session.run() }])[0]
            let seconds = Timing.median(times)
            let cost = try CompiledNetwork.estimate(
                network.computation(height: step, width: step), backend: backend
            ).cost
            let ratio = seconds / cost
            reference = reference ?? ratio
            row([
                "\(step)", digits(seconds * 1e6 / Double(step * step), 3), digits(ratio / reference!, 2),
                "\(compiled.sessionByteCount >> 20)",
            ])
        }
    }
}
