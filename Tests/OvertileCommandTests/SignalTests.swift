import Foundation
import TestData
import Testing

/// Ctrl-C and its kin while a scene is under way.
@Suite(.serialized)
struct SignalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let signals: [Int32]
        let status: Int32
        let testDescription: String
    }

    /// The first one ends the run within a tile, the second at once; the first one counts.
    static let cases = [
        Case(signals: [SIGINT], status: 130, testDescription: "Ctrl-C"),
        Case(signals: [SIGTERM], status: 143, testDescription: "SIGTERM"),
        Case(signals: [SIGHUP], status: 129, testDescription: "a closed terminal"),
        Case(signals: [SIGINT, SIGINT], status: 130, testDescription: "Ctrl-C twice"),
    ]

    @Test("ends with its code, and leaves no output", arguments: cases)
    func stops(_ signalled: Case) throws {
        let bench = try Workbench()
        let process = try CommandProcess(CommandProcess.executable, bench.longRun())
        try bench.waitForOutputs()
        // Hidden until they are complete.
        #expect(try bench.outputs.allSatisfy { $0.hasPrefix(".") })
        usleep(200_000)
        for number in signalled.signals {
            process.signal(number)
            usleep(20_000)
        }
        let outcome = try process.wait()
        // A run that had gone on to its end would have said 0.
        #expect(outcome.status == signalled.status, "\(outcome.errors)")
        // The second signal may come before the line has been written.
        #expect(outcome.errorLines.count <= 1, "\(outcome.errors)")
        if signalled.signals.count == 1 { #expect(outcome.errors.contains("stopped")) }
        // What was done may have been worth keeping by then.
        #expect(try bench.outputs.allSatisfy { $0 == ".mask.tif.overtile-work" })
    }

    /// `nohup`, and shells without job control for what they start in the background.
    @Test("a signal that the caller ignores stays ignored")
    func ignored() throws {
        let bench = try Workbench()
        let outcome = try CommandProcess.shell(
            """
            trap '' INT
            "$OVERTILE" segment "$1" --model "$2" --output "$3" --scale 1 & kill -INT $!; sleep 0.3; kill -INT $!; wait $!
            """, [bench.scene, bench.model, bench.output()])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bench.outputs.contains("mask.tif"))
    }
}
