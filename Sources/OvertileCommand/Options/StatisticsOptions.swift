import ArgumentParser
import Overtile

/// Numbers of a mask that was just made.
struct StatisticsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Also write pixels, hectares and share of each class: CSV where it ends in .csv, else JSON.",
            valueName: "path"))
    var stats: String?

    @OptionGroup var zones: ZoneOptions

    mutating func validate() throws {
        if stats == nil, zones.zones != nil { throw ValidationError("--zones needs --stats: say where the numbers go") }
    }

    /// Counts a finished mask, where this is asked for.
    func write(mask path: String, overwrite: Bool, warn: (String) -> Void) throws(RasterError) {
        guard let stats else { return }
        let mask = try RasterReader(path: path)
        let statistics = try MaskStatistics(of: mask, zones: try zones.place(on: mask))
        statistics.warnings.forEach(warn)
        try statistics.write(to: stats, overwrite: overwrite)
    }
}
