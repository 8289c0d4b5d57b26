import ArgumentParser
import Overtile

/// What the mask means and how it is written.
struct OutputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Names of the classes, from class 0 on, in the model's order; GIS programs show them.",
            valueName: "water,land"))
    var classes: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "For models with one output: a pixel whose probability is above this is class 1, else class 0.",
            valueName: "0…1"))
    var threshold: Float = 0.5

    @Option(
        name: [.long, .customLong("co", withSingleDash: true)],
        help: ArgumentHelp(
            "GeoTIFF creation option, as COMPRESS=ZSTD; may be given again.", valueName: "KEY=VALUE"))
    var co: [String] = []

    mutating func validate() throws {
        if let wrong = co.first(where: { !$0.contains("=") || $0.first == "=" }) {
            throw ValidationError("--co takes KEY=VALUE, as COMPRESS=ZSTD, not \"\(wrong)\"")
        }
    }

    func apply(to options: inout SegmentationOptions) {
        options.classNames =
            classes?.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed } ?? []
        options.threshold = threshold
        options.creationOptions = co
    }
}
