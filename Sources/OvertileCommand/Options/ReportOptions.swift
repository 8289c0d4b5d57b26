import ArgumentParser
import Foundation
import Overtile

/// Files that tell what was done.
struct ReportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What this run did, scene by scene: a page with pictures (.html), or JSON (.json).", valueName: "path"))
    var report: String?

    @Option(
        help: ArgumentHelp(
            "What the ledger holds, for Prometheus: a file (*.prom) that node_exporter's textfile collector reads.",
            valueName: "file"))
    var metrics: String?

    /// All files that tell what was done.
    var paths: [String] { [report, metrics].compactMap { $0 } }

    /// Finds out before long work whether the files can be written.
    ///
    /// - Throws: `BatchError`, `FileError`.
    func check() throws {
        if let report { try RunReport.check(report) }
        if let metrics { try LedgerMetrics.check(metrics) }
    }

    /// - Throws: `LedgerError` or `BatchError`.
    func writeMetrics(of ledger: Ledger, in folder: String) throws {
        guard let metrics else { return }
        try LedgerMetrics(folder: CanonicalPath.named(folder), totals: try ledger.totals(), time: Date())
            .write(to: metrics)
    }
}
