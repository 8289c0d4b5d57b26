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

/// Where numbers go: a table or JSON to standard output, and a file.
struct NumberOutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Also write the numbers: CSV where it ends in .csv, else JSON.", valueName: "path"))
    var output: String?

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace an output that exists.")
    var overwrite = false

    @Flag(help: "Print JSON.")
    var json = false

    /// Before any work is done.
    ///
    /// - Throws: `UsageError` where the output would replace an input; `FileError` where it cannot be made.
    func check(against inputs: [String]) throws {
        guard let output else { return }
        try OutputPaths.require(output, isNoneOf: inputs)
        try StagedDocument.check(path: output, overwrite: overwrite)
    }

    func emit(_ report: some NumberReport, table: @autoclosure () -> String) throws {
        if let output { try report.write(to: output, overwrite: overwrite) }
        try Console.print(json ? report.json : table())
    }
}

/// Polygons for which a mask is counted one by one.
struct ZoneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Polygons to count in, one by one, in any coordinate system: whatever GDAL's vector drivers open.",
            valueName: "file"))
    var zones: String?

    @Option(help: ArgumentHelp("The field with the zones' names; \"name\" where there is one.", valueName: "field"))
    var zoneField: String?

    @Option(help: ArgumentHelp("The layer of a file that has several.", valueName: "layer"))
    var zoneLayer: String?

    mutating func validate() throws {
        guard zones == nil else { return }
        if zoneField != nil { throw ValidationError("--zone-field needs --zones: name the file") }
        if zoneLayer != nil { throw ValidationError("--zone-layer needs --zones: name the file") }
    }

    /// nil where none are asked for.
    var layer: ZoneLayer? { zones.map { ZoneLayer(path: $0, layer: zoneLayer, field: zoneField) } }
}
