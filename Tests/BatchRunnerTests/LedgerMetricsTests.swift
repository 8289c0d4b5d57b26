import BatchRunner
import FileIO
import Foundation
import RasterIO
import TestData
import Testing

/// Prometheus' text format, as node_exporter's textfile collector takes it.
struct LedgerMetricsTests {
    private var totals: LedgerTotals {
        var totals = LedgerTotals()
        totals.scenes = [.done: 3, .failed: 1]
        totals.pixels = 12_000_000_000
        totals.seconds = 12.5
        totals.lastSuccess = Date(timeIntervalSince1970: 1_700_000_000)
        return totals
    }

    @Test("help and type once for each metric, then its samples, each a name, labels and a number")
    func format() throws {
        let metrics = LedgerMetrics(folder: "/out \"a\\b\"\n", totals: totals, time: Date(timeIntervalSince1970: 5))
        #expect(metrics.text.hasSuffix("\n"))
        var helped: Set<Substring> = []
        var typed: Set<Substring> = []
        var sampled: Set<Substring> = []
        for line in metrics.text.split(separator: "\n") {
            if let help = line.wholeMatch(of: /# HELP ([a-z_]+) .+\./) {
                #expect(helped.insert(help.1).inserted)
            } else if let type = line.wholeMatch(of: /# TYPE ([a-z_]+) gauge/) {
                #expect(typed.insert(type.1).inserted && !sampled.contains(type.1))
            } else {
                let pattern = /([a-z_]+)\{folder="\/out \\"a\\\\b\\"\\n"(,state="[a-z ]+")?\} [0-9.e+]+/
                let sample = try #require(line.wholeMatch(of: pattern), "\(line)")
                sampled.insert(sample.1)
            }
        }
        #expect(helped == typed && typed == sampled)
        #expect(metrics.text.contains("state=\"done\"} 3\n") && metrics.text.contains("state=\"running\"} 0\n"))
        #expect(metrics.text.contains("} 12000000000\n") && metrics.text.contains("} 12.5\n"))
        // What never happened has no time.
        #expect(metrics.text.contains("last_success") && !metrics.text.contains("last_failure"))
    }

    @Test("the file is replaced at once, readable for others, and nothing else is left")
    func atomic() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], to: "overtile.prom")
        let metrics = LedgerMetrics(folder: "/out", totals: totals, time: Date(timeIntervalSince1970: 5))
        try metrics.write(to: path)
        #expect(try folder.bytes(of: path) == Array(metrics.text.utf8))
        #expect(try folder.names == ["overtile.prom"])
        let missing = #expect(throws: FileError.self) { try metrics.write(to: folder.path("none/a.prom")) }
        #expect(missing?.code == .cannotCreate)
        #expect(throws: FileError.self) { try LedgerMetrics.check(folder.url.path) }
    }
}
