import ArgumentParser
import InferenceEngine
import NetworkGraph
import TestNetworks

/// Where a tile's time goes, step by step, on one thread.
struct StepsBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "A network, step by step: share of a tile's time, and against the other backend.")

    enum Choice: String, CaseIterable, ExpressibleByArgument {
        case own
        case onednn
    }

    @Option(help: "Whose kernels to list.")
    var backend = Choice.own

    @Option(help: "The network.")
    var net = BenchmarkNetwork.paper

    @Option(help: "Width of the first level.")
    var base = 32

    @Option(help: "Kept pixels on a side.")
    var step = 512

    @Option(help: "Timed rounds.")
    var rounds = 5

    @Option(help: "An instruction set below the processor's best: avx2 or scalar.")
    var isa: String?

    private struct Run {
        let session: InferenceSession
        let listing: [String]

        /// - Parameter schedule: for steps that are timed alone not depth-first, in bands of rows: each would find its
        ///   source in the cache.
        init(_ computation: TileComputation, _ backend: any Backend, schedule: Program.Schedule = .stepByStep) throws {
            let compiled = try CompiledNetwork(
                computation, backend: backend, weights: PackedWeights(), schedule: schedule)
            session = try InferenceSession(compiled)
            listing = compiled.listing
            session.input.update(repeating: 0.5)
            try session.run()
        }

        /// The only step of these words, whatever its kernel.
        func step(like line: String) -> Int? {
            let same = listing.indices.filter { Self.shape(listing[$0]) == Self.shape(line) }
            return same.count == 1 ? same[0] : nil
        }

        private static func shape(_ line: String) -> Substring { line.prefix { $0 != "," } }
    }

    func run() throws {
        let computation = try net.computation(base: base, step: step)
        // First, as a lesser set holds oneDNN, too, to as little.
        let own = try OvertileBackend(instructionSet: isa)
        let backends: [any Backend] = backend == .own ? [own, OneDNNBackend()] : [OneDNNBackend(), own]
        let (shown, other) = (try Run(computation, backends[0]), try Run(computation, backends[1]))
        var medians: [Double] = []
        var ratios: [String] = []
        for (index, line) in shown.listing.enumerated() {
            var bodies = [{ try shown.session.run(step: index) }]
            if let same = other.step(like: line), shown.step(like: line) != nil {
                bodies.append { try other.session.run(step: same) }
            }
            let times = try Timing.inTurn(rounds: rounds, bodies)
            medians.append(Timing.median(times[0]))
            ratios.append(times.count > 1 ? digits(Timing.medianRatio(times[1], times[0]), 2) : "")
        }
        let joined = try backends.map { try Run(computation, $0, schedule: .depthFirst) }
        let whole = try Timing.inTurn(rounds: rounds, joined.map { run in { try run.session.run() } })
        let total = medians.reduce(0, +)
        print("\(backends[0].name); ratio: how much longer \(backends[1].name) takes")
        row(["ms", "share %", "ratio"])
        for ((seconds, ratio), line) in zip(zip(medians, ratios), shown.listing) {
            row([digits(seconds * 1e3, 2), digits(100 * seconds / total, 1), ratio, "  " + line])
        }
        row([digits(total * 1e3, 1), "", "", "  all"])
        row([
            digits(Timing.median(whole[0]) * 1e3, 1), "", digits(Timing.medianRatio(whole[1], whole[0]), 2),
            "  in one run, depth-first",
        ])
    }
}
