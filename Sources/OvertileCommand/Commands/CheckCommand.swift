import ArgumentParser
import Overtile

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check GeoTIFFs, in particular cloud-optimised ones and masks with classes.",
        discussion: """
            Checks the structure of each file (its blocks, tiles and overviews, and the order of directories and \
            pixels), its place on the map, its nodata value and its classes. Prints a line for each error and each \
            warning. If a file has an error, the exit code is 65.

            --json prints an array with an object for each file: path, format (GTiff or COG), valid, errors, warnings, \
            width, height, blockWidth, blockHeight, and overviews, each a [width, height].
            """)

    @Argument(help: "GeoTIFFs on a local disk.", completion: .file(extensions: ["tif", "tiff"]))
    var files: [String]

    @Option(
        name: [.long, .customLong("of", withSingleDash: true)],
        help: ArgumentHelp(
            "The format that the files should have. By default, what each says of itself.", valueName: "GTiff|COG"))
    var of: RasterFormat?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        var checks: [GeoTIFFCheck] = []
        var unread: [(path: String, error: any Error)] = []
        for file in files {
            do { checks.append(try GeoTIFFCheck(path: file, format: of)) } catch { unread.append((file, error)) }
        }
        if !checks.isEmpty {
            try Console.print(json ? try JSONText.encode(checks.map(CheckReport.init)) : lines(checks), isJSON: json)
        }
        // A single reason is the reason of the whole.
        if let only = unread.first, files.count == 1 { throw only.error }
        for failure in unread { Console.report(failure.error) }
        let broken = checks.filter { !$0.isValid }.map(\.path) + unread.map(\.path)
        if !broken.isEmpty { throw ChecksFailed(paths: broken) }
    }

    private func lines(_ checks: [GeoTIFFCheck]) -> String {
        checks.flatMap { check in
            [
                "\(check.path): \(check.isValid ? "a valid" : "not a valid") \(check.format == .geoTIFF ? "GeoTIFF" : "COG")"
            ]
                + check.errors.map { "  error: \($0)" } + check.warnings.map { "  warning: \($0)" }
        }.joined(separator: "\n")
    }
}

/// The error that ends `check` when files have errors. Each error has been printed already.
struct ChecksFailed: Error, CustomStringConvertible {
    let paths: [String]

    var description: String {
        paths.count == 1 ? "\(paths[0]) has errors" : "\(paths.count) files have errors"
    }
}

/// The JSON that `check` prints about a file.
private struct CheckReport: Encodable {
    let path: String
    let format: String
    let valid: Bool
    let errors: [String]
    let warnings: [String]
    let width: Int
    let height: Int
    let blockWidth: Int
    let blockHeight: Int
    let overviews: [[Int]]

    init(_ check: GeoTIFFCheck) {
        path = check.path
        format = check.format.rawValue
        valid = check.isValid
        errors = check.errors
        warnings = check.warnings
        (width, height) = (check.size.width, check.size.height)
        (blockWidth, blockHeight) = (check.blockSize.width, check.blockSize.height)
        overviews = check.overviews.map { [$0.width, $0.height] }
    }
}
