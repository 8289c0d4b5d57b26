import ArgumentParser
import Overtile

/// What the mask means and how it is written.
struct OutputOptions: ParsableArguments {
    @OptionGroup var classes: ClassOptions

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
        classes.apply(to: &options)
        options.creationOptions = co
    }
}
