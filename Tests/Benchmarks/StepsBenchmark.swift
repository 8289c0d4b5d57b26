import ArgumentParser
import InferenceEngine
import NetworkGraph
import TestNetworks

/// Where a tile's time goes, step by step, on one thread: the paper's network.
struct StepsBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps", abstract: "The paper's network, step by step: share of a tile's time.")

    @Option(help: "Width of the first level.")
    var base = 32

    @Option(help: "Kept pixels on a side.")
    var step = 512

    @Option(help: "Timed rounds.")
    var rounds = 5

    func run() throws {
        let network = try SeamlessNetwork(PaperUNet.random(bands: 3, classes: 4, depth: 5, base: base).graph())
        let compiled = try CompiledNetwork(
            network.computation(height: step, width: step), backend: try OvertileBackend())
        let session = try InferenceSession(compiled)
        session.input.update(repeating: 0.5)
        try session.run()
        var medians: [Double] = []
        for index in compiled.listing.indices {
            medians.append(Timing.median(try Timing.inTurn(rounds: rounds, [{ try session.run(step: index) }])[0]))
        }
        let total = medians.reduce(0, +)
        row(["ms", "share %"])
        for (seconds, line) in zip(medians, compiled.listing) {
            row([digits(seconds * 1e3, 2), digits(100 * seconds / total, 1), "  " + line])
        }
        row([digits(total * 1e3, 1)])
    }
}
