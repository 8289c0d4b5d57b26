import ArgumentParser
import Overtile

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: """
            Count the pixels, square metres, hectares and shares of a mask's classes, in all and for each zone.
            """,
        discussion: """
            Areas are computed on the ellipsoid, for masks in degrees and on web maps too. Shares are shares of the \
            valid area. Without a georeference, only pixels are counted. A pixel belongs to a zone if its centre is \
            inside; where zones overlap, it counts in each of them.

            The keys of --json and of an --output that is no .csv:
              mask      the raster
              classes   for each class its value, name, pixels, squareMetres, hectares, share (1 is all)
              valid     pixels, squareMetres and hectares of all classes together; nodata has those of the rest
              zones     for each zone its id and name, and the numbers above in statistics
              warnings  lines about areas that are not known, zones that hold no pixel, and the like

            A .csv has a line for each class and one for pixels without data; with --zones, it has such lines for each \
            zone.

            Examples:
              overtile stats mask.tif
              overtile stats mask.tif --zones districts.gpkg --zone-field district --output districts.csv
            """)

    @Argument(help: "A raster of classes, as segment writes.", completion: .masks)
    var mask: String

    @OptionGroup(title: "Zones") var zones: ZoneOptions
    @OptionGroup(title: "Output") var report: NumberOutputOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try report.check(against: [mask] + (zones.zones.map { [$0] } ?? []))
        messages.showRasterWarnings(about: mask, zones.zones ?? mask)
        // Each row of blocks is read only once, so a small cache is enough.
        RasterCache.limit(bytes: 128 << 20)
        let mask = try RasterReader(path: mask)
        let statistics = try MaskStatistics(of: mask, zones: try zones.layer?.place(on: mask))
        statistics.warnings.forEach(messages.warn)
        try report.emit(statistics, table: StatisticsTable.text(statistics))
    }
}

/// Formats statistics as tables for people.
enum StatisticsTable {
    static func text(_ statistics: MaskStatistics) -> String {
        let names = ["Value", "Pixels", "Square metres", "Hectares", "Share"]
        let whole = [["Class"] + names] + rows(statistics.whole)
        guard let zones = statistics.zones else { return columns(whole) }
        let parts = zones.flatMap { zone in
            [[zone.name, "", "", "", "", ""]] + rows(zone.statistics).map { ["  " + $0[0]] + $0.dropFirst() }
        }
        return columns(whole) + "\n\n" + columns([["Zone"] + names] + parts)
    }

    private static func rows(_ statistics: ClassStatistics) -> [[String]] {
        statistics.classes.map { row($0.name, "\($0.value)", $0.amount, $0.share) }
            + [row("valid", "", statistics.valid, nil), row("no data", "", statistics.nodata, nil)]
    }

    private static func row(_ name: String, _ value: String, _ amount: ClassStatistics.Amount, _ share: Double?)
        -> [String]
    {
        [
            name, value, Text.grouped(amount.pixels), amount.squareMetres.map { Text.number($0) } ?? "-",
            amount.hectares.map { Text.number($0, digits: 2) } ?? "-",
            share.map { Text.number(100 * $0, digits: 2) + " %" } ?? "",
        ]
    }

    /// Formats rows. Names come from files, and a line end in a name must not become one in the table.
    private static func columns(_ rows: [[String]]) -> String {
        Text.columns(rows.map { $0.map(Console.oneLine) }, fitting: Console.resultWidth)
    }
}
