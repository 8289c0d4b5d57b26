import Overtile

/// Formats numbers and times for people.
enum Text {
    /// Returns a number with so many digits behind the point, and with commas between thousands.
    static func number(_ value: Double, digits: Int = 0) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        let power = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let scaled = (abs(value) * power).rounded()
        let whole = grouped(Int(scaled / power))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + whole }
        let fraction = String(Int(scaled.truncatingRemainder(dividingBy: power)))
        return sign + whole + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    static func grouped(_ value: Int) -> String {
        var text = String(value.magnitude)
        var position = text.count - 3
        while position > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: position))
            position -= 3
        }
        return (value < 0 ? "-" : "") + text
    }

    /// "37 %" of something that is being done: no more than is done, as progress bars have it; "under 1 %" for a beginning.
    static func percentage(_ done: Int, of total: Int) -> String {
        let whole = Int(Double(done) / Double(total) * 100)
        return whole == 0 && done > 0 ? "under 1 %" : "\(whole) %"
    }

    /// "1 worker", "3 workers"
    static func counted(_ count: Int, _ noun: String) -> String { "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")" }

    /// "326 MFLOP", "1.25 TFLOP"
    static func operations(_ count: Double) -> String {
        let units = ["", "k", "M", "G", "T", "P", "E"]
        var (value, unit) = (count, 0)
        // 999.5 would be rounded to 1000.
        while value >= 999.5, unit + 1 < units.count { (value, unit) = (value / 1000, unit + 1) }
        let digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
        return "\(number(value, digits: unit == 0 ? 0 : digits)) \(units[unit])FLOP"
    }

    /// "under 1 ms", "12 ms", "12.3 s", "4:05", "1:02:03"
    static func time(_ duration: Duration) -> String {
        let (whole, attoseconds) = duration.components
        let exact = Double(whole) + Double(attoseconds) / 1e18
        if exact < 0.001 { return "under 1 ms" }
        if exact < 0.0995 { return number(exact * 1000) + " ms" }
        if exact < 59.95 { return number(exact, digits: 1) + " s" }
        let seconds = Int64(exact.rounded())
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let minutes = seconds / 60
        if minutes < 60 { return "\(minutes):\(two(seconds % 60))" }
        return "\(minutes / 60):\(two(minutes % 60)):\(two(seconds % 60))"
    }

    /// "land 80.1 %, water 19.9 %", the largest share first.
    static func shares(_ shares: [ClassShare]) -> String {
        shares.filter { $0.value != nil }.sorted { $0.pixels > $1.pixels }
            .map { "\($0.name) \(number(100 * $0.share, digits: 1)) %" }.joined(separator: ", ")
    }
}
