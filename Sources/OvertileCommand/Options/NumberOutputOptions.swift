import ArgumentParser
import Overtile

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
