extension MaskStatistics: NumberReport {
    private enum CodingKeys: CodingKey { case mask, zones, warnings }

    public func encode(to encoder: any Encoder) throws {
        try whole.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(mask, forKey: .mask)
        try container.encodeIfPresent(zones, forKey: .zones)
        try container.encode(warnings, forKey: .warnings)
    }

    /// A line for each class and one for pixels without data; with zones, these lines for each zone, and none for the
    /// whole: a column's sum then counts nothing twice, but for zones that overlap.
    public var csv: String {
        let names = ["value", "class", "pixels", "square_metres", "hectares", "share"]
        guard let zones else { return CSVLine.text(names) + Self.lines(whole, []) }
        return CSVLine.text(["zone_id", "zone"] + names)
            + zones.map { Self.lines($0.statistics, ["\($0.id)", $0.name]) }.joined()
    }

    private static func lines(_ statistics: ClassStatistics, _ first: [String]) -> String {
        func line(_ value: String, _ name: String, _ amount: GroundAmount, _ share: Double?) -> String {
            CSVLine.text(
                first + [
                    value, name, "\(amount.pixels)", CSVLine.number(amount.squareMetres),
                    CSVLine.number(amount.hectares), CSVLine.number(share),
                ])
        }
        return statistics.classes.map { line("\($0.value)", $0.name, $0.amount, $0.share) }.joined()
            + line("", "no data", statistics.nodata, nil)
    }
}
