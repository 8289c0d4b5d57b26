import ArgumentParser
import Dispatch
import Foundation
import InferenceEngine
import NetworkGraph

/// Whole tiles of networks that people run: Overtile's kernels against oneDNN's.
struct NetworksBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "networks", abstract: "Tiles of several networks on one thread and on all cores, against oneDNN.")

    @Option(help: "Timed rounds of each network.")
    var rounds = 5

    @Option(help: "Kept pixels on a side.")
    var step = 384

    @Option(help: "An instruction set below the processor's best: avx2 or scalar.")
    var isa: String?

    private static let networks: [(net: BenchmarkNetwork, base: Int)] = [
        (.paper, 16), (.paper, 32), (.paper, 64), (.unet, 64), (.unetplusplus, 32),
    ]

    func run() throws {
        // First, as a lesser set holds oneDNN, too, to as little.
        let own = try OvertileBackend(instructionSet: isa)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        print("\(own.name); a tile on one thread, and \(cores) at a time; ratio: how much longer oneDNN takes")
        row(["ms", "GFLOP/s", "ratio", "ms at a time", "ratio"])
        for (net, base) in Self.networks {
            let computation = try net.computation(base: base, step: step)
            let compiled = try ([own, OneDNNBackend()] as [any Backend]).map {
                try CompiledNetwork(computation, backend: $0)
            }
            let sessions = try compiled.map { network in try (0..<cores).map { _ in try InferenceSession(network) } }
            for session in sessions.joined() { session.input.update(repeating: 0.5) }
            let alone = try Timing.inTurn(rounds: rounds, sessions.map { sessions in { try sessions[0].run() } })
            let together = try Timing.inTurn(rounds: rounds, sessions.map { sessions in { Self.run(sessions) } })
            row([
                digits(Timing.median(alone[0]) * 1e3, 1),
                digits(computation.operationCount / Timing.median(alone[0]) / 1e9, 0),
                digits(Timing.medianRatio(alone[1], alone[0]), 2), digits(Timing.median(together[0]) * 1e3, 1),
                digits(Timing.medianRatio(together[1], together[0]), 2), "  \(net.rawValue), base \(base)",
            ])
        }
    }

    /// One tile in each session, at the same time.
    private static func run(_ sessions: [InferenceSession]) {
        // Each iteration has a session of its own.
        nonisolated(unsafe) let sessions = sessions
        DispatchQueue.concurrentPerform(iterations: sessions.count) { index in
            do { try sessions[index].run() } catch { fatalError("\(error)") }
        }
    }
}
