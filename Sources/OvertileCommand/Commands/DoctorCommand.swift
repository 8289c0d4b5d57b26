import ArgumentParser
import Overtile

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check that this machine and its libraries compute right results.",
        discussion: """
            Runs small networks with every kind of layer, at sizes that exercise every code path of the engine, and \
            compares the results with those of plain loops. It takes a second or two. If a difference is larger than \
            rounding allows, the exit code is 70.

            The first run of a new build, and the first run after a library or the processor has changed, makes this \
            check by itself. If the check fails, nothing is segmented.

            --json prints an object with overtile, engine, gdal, tolerance and comparisons, each with layers, size \
            (pixels on a side), difference (as a share of the largest value), right, and kernels.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(name: .shortAndLong, help: "Name the kernels that ran.")
    var verbose = false

    func run() throws {
        let check = try EngineCheck(OvertileBackend())
        try Console.print(json ? JSONText.encode(DoctorReport(check)) : table(check), isJSON: json)
        if !check.failures.isEmpty { throw EngineCheckError(backend: check.backend, failures: check.failures) }
    }

    private func table(_ check: EngineCheck) -> String {
        let width = Console.resultWidth
        let facts = Text.table(
            [
                ("Overtile", OvertileVersion.current), ("Engine", check.backend), ("GDAL", GDALLibrary.version),
            ], fitting: width)
        let rows = check.comparisons.map { comparison in
            [
                comparison.layers, "\(comparison.size)", comparison.isRight ? "right" : "WRONG",
                comparison.difference.isFinite ? "\(comparison.difference)" : "not a number",
            ] + (verbose ? [comparison.kernels.joined(separator: ", ")] : [])
        }
        let head = ["LAYERS", "SIZE", "RESULT", "DIFFERENCE"] + (verbose ? ["KERNELS"] : [])
        let verdict =
            check.failures.isEmpty
            ? "All \(check.comparisons.count) comparisons are right."
            : "\(check.failures.count) of \(check.comparisons.count) comparisons are WRONG."
        let table = Text.columns(
            head, rows, numbers: [1], narrowing: [0: .continued, 4: .continued].filter { $0.key < head.count },
            fitting: width)
        return [facts, table, verdict].joined(separator: "\n\n")
    }
}

/// The JSON that `doctor` prints.
private struct DoctorReport: Encodable {
    let overtile = OvertileVersion.current
    let engine: String
    let gdal: String
    let tolerance: Double
    let comparisons: [Comparison]

    struct Comparison: Encodable {
        let layers: String
        let size: Int
        /// The difference, or null if it is not a number.
        let difference: Double?
        let right: Bool
        let kernels: [String]
    }

    init(_ check: EngineCheck) {
        engine = check.backend
        gdal = GDALLibrary.version
        tolerance = Double(EngineCheck.tolerance)
        comparisons = check.comparisons.map {
            Comparison(
                layers: $0.layers, size: $0.size, difference: $0.difference.isFinite ? Double($0.difference) : nil,
                right: $0.isRight, kernels: $0.kernels)
        }
    }
}
