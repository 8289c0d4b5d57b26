package import FileIO
package import Foundation

/// A ledger's sums in Prometheus' text format, for node_exporter's textfile collector.
///
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats. All are gauges: what is redone replaces what was
/// counted before. The folder is a label, so that the files of several folders can be collected together.
package struct LedgerMetrics: Sendable {
    private struct Metric {
        let name: String
        let help: String
        /// Further labels, and the value.
        var samples: [(labels: String, value: Double)]
    }

    private let folder: String
    private let totals: LedgerTotals
    private let time: Date

    /// - Parameter time: when the ledger was read.
    package init(folder: String, totals: LedgerTotals, time: Date) {
        self.folder = folder
        self.totals = totals
        self.time = time
    }

    /// The whole text, a metric after the other.
    package var text: String {
        let label = "folder=\"\(Self.escaped(folder))\""
        return metrics.map { metric in
            let samples = metric.samples.map { labels, value in
                "\(metric.name){\(label)\(labels)} \(Self.number(value))\n"
            }
            return "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) gauge\n" + samples.joined()
        }.joined()
    }

    /// Puts the text in place at once: the collector never sees half of it.
    ///
    /// - Throws: `FileError`.
    package func write(to path: String) throws(FileError) {
        try StagedDocument.write(Array(text.utf8), to: path, overwrite: true)
    }

    /// Finds out before long work whether the file can be written.
    ///
    /// - Throws: `FileError`.
    package static func check(_ path: String) throws(FileError) {
        try StagedDocument.check(path: path, overwrite: true)
    }

    private var metrics: [Metric] {
        var metrics = [
            Metric(
                name: "overtile_scenes", help: "Scenes in the ledger, by state.",
                samples: LedgerEntry.State.allCases.map {
                    (",state=\"\($0.rawValue)\"", Double(totals.scenes[$0] ?? 0))
                }),
            Metric(
                name: "overtile_pixels", help: "Pixels of all scenes that are done.",
                samples: [("", Double(totals.pixels))]),
            Metric(
                name: "overtile_segmentation_seconds", help: "Time that segmenting all scenes that are done took.",
                samples: [("", totals.seconds)]),
            Metric(
                name: "overtile_failed_attempts",
                help: "Attempts at scenes that have failed and were not done since.",
                samples: [("", Double(totals.failedAttempts))]),
            Metric(
                name: "overtile_ledger_read_timestamp_seconds", help: "When these numbers were taken.",
                samples: [("", time.timeIntervalSince1970)]),
        ]
        if let last = totals.lastSuccess {
            metrics.append(
                Metric(
                    name: "overtile_last_success_timestamp_seconds", help: "When a scene was done last.",
                    samples: [("", last.timeIntervalSince1970)]))
        }
        if let last = totals.lastFailure {
            metrics.append(
                Metric(
                    name: "overtile_last_failure_timestamp_seconds",
                    help: "When a scene failed last that was not done since.",
                    samples: [("", last.timeIntervalSince1970)]))
        }
        return metrics
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }
}
