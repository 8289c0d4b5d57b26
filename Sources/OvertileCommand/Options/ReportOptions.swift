import ArgumentParser
import Foundation
import Overtile

/// Files that report what was done.
struct ReportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A report of this run, scene by scene: a page with pictures (.html), or JSON (.json).
            """, valueName: "path"), completion: .file(extensions: ["html", "json"]))
    var report: String?

    @Option(
        help: ArgumentHelp(
            "The sums of the ledger for Prometheus: a file (*.prom) that node_exporter's textfile collector reads.",
            valueName: "file"), completion: .file(extensions: ["prom"]))
    var metrics: String?

    /// All files that tell what was done.
    var paths: [String] { [report, metrics].compactMap { $0 } }

    /// Checks that the files can be written, before any long work.
    ///
    /// - Throws: `BatchError`, `FileError`.
    func check() throws {
        if let report { try RunReport.check(report) }
        if let metrics { try LedgerMetrics.check(metrics) }
    }

    /// Writes the metrics, if the user asked for them.
    ///
    /// - Throws: `LedgerError` or `BatchError`.
    func writeMetrics(of ledger: Ledger, in folder: String) throws {
        guard let metrics else { return }
        try LedgerMetrics(folder: CanonicalPath.named(folder), totals: try ledger.totals(), time: Date())
            .write(to: metrics)
    }
}

/// Options for counted numbers: to standard output as a table or JSON, and into a file.
struct NumberOutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            Also write the numbers: as CSV if the path ends in .csv, else as JSON.
            """, valueName: "path"), completion: .file(extensions: ["csv", "json"]))
    var output: String?

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace an output that exists.")
    var overwrite = false

    @Flag(help: "Print JSON.")
    var json = false

    /// Checks that the output can be written, before any work is done.
    ///
    /// - Throws: `UsageError` if the output would replace an input; `FileError` if it cannot be created.
    func check(against inputs: [String]) throws {
        guard let output else { return }
        try OutputPaths.require(output, isNoneOf: inputs)
        try StagedDocument.check(path: output, overwrite: overwrite)
    }

    func emit(_ report: some NumberReport, table: @autoclosure () -> String) throws {
        if let output { try report.writeReport(to: output, overwrite: overwrite) }
        try Console.print(json ? report.json : table(), isJSON: json)
    }
}

/// The zones in which the classes of a mask are counted.
struct ZoneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Polygons in each of which the classes are counted: any vector file that GDAL opens, in any coordinate \
            system.
            """,
            valueName: "file"), completion: .layers)
    var zones: String?

    @Option(
        help: ArgumentHelp(
            """
            The field that holds the names of the zones; by default "name", if there is such a field.
            """, valueName: "field"))
    var zoneField: String?

    @Option(help: ArgumentHelp("The layer of the zones, if the file has several.", valueName: "layer"))
    var zoneLayer: String?

    mutating func validate() throws {
        guard zones == nil else { return }
        if zoneField != nil { throw ValidationError("--zone-field needs --zones: name the file") }
        if zoneLayer != nil { throw ValidationError("--zone-layer needs --zones: name the file") }
    }

    /// The layer of zones, or nil if the user gave none.
    var layer: MaskStatistics.ZoneLayer? {
        zones.map { MaskStatistics.ZoneLayer(path: $0, layer: zoneLayer, field: zoneField) }
    }
}
