import ArgumentParser
import Overtile

/// What the mask means and how it is written.
struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Names of the classes, from class 0 on.", valueName: "water,land"))
    var classes: String?

    @Option(help: "With one output: a probability above this is class 1.")
    var threshold: Float = 0.5

    @Option(
        name: [.customLong("co")],
        help: ArgumentHelp("GeoTIFF creation option, as in GDAL; may be given again.", valueName: "KEY=VALUE"))
    var creationOptions: [String] = []

    @Flag(help: "Replace outputs that exist.")
    var overwrite = false

    mutating func validate() throws {
        if let wrong = creationOptions.first(where: { !$0.contains("=") || $0.first == "=" }) {
            throw ValidationError("--co takes KEY=VALUE, as COMPRESS=ZSTD, not \"\(wrong)\".")
        }
    }

    func apply(to options: inout SegmentationOptions) {
        options.classNames = classes?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
        options.threshold = threshold
        options.creationOptions = creationOptions
        options.overwrites = overwrite
    }
}
