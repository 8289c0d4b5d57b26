import Overtile

/// Formats numbers and tables for people.
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

    /// Returns rows of a name and a value, with the values in one column.
    static func table(_ rows: [(String, String)]) -> String {
        let rows = rows.map { (Console.escaped($0.0), Console.escaped($0.1)) }
        let width = (rows.map(\.0.count).max() ?? 0) + 2
        return rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + $0.1 }.joined(separator: "\n")
    }

    /// Returns rows of cells below a head. Each column is as wide as its widest cell, and lines have no trailing
    /// spaces.
    ///
    /// - Parameters:
    ///   - numbers: the columns that are aligned to the right, counted from 0.
    ///   - width: the characters that a line may have. In longer ones the first column loses its beginning, and the last one
    ///     its end.
    static func columns(
        _ head: [String], _ rows: [[String]], numbers: Set<Int> = [], fitting width: Int? = nil
    ) -> String {
        var all = ([head] + rows).map { $0.map { Console.escaped($0) } }
        if let width { all = fitted(all, to: width) }
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return numbers.contains(column) ? padding + cell : cell + padding
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }

    /// Returns rows in which the first and the last cell are shortened so that a line has so many characters; never to fewer
    /// than are worth reading.
    private static func fitted(_ rows: [[String]], to width: Int) -> [[String]] {
        guard let count = rows.first?.count, count > 1 else { return rows }
        let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let others = widths[1..<(count - 1)].reduce(0, +) + 2 * (count - 1)
        let room = max(0, width - others)
        guard widths[0] + widths[count - 1] > room else { return rows }
        // The end of a path tells more than its beginning, and a reason's beginning more than its end.
        let first = min(widths[0], max(12, room - min(widths[count - 1], room / 2)))
        let last = max(12, room - first)
        return rows.map { row in
            var row = row
            if row[0].count > first { row[0] = "…" + row[0].suffix(first - 1) }
            if row[count - 1].count > last { row[count - 1] = row[count - 1].prefix(last - 1) + "…" }
            return row
        }
    }

    /// Returns a reason of failure without the scene's own name at its beginning, which stands beside it.
    static func reason(_ error: String, of scene: String) -> String {
        error.hasPrefix(scene + ": ") ? String(error.dropFirst(scene.count + 2)) : error
    }

    /// Returns a table whose first row is the head, and in which all columns but the first are numbers.
    static func columns(_ rows: [[String]]) -> String {
        guard let head = rows.first else { return "" }
        return columns(head, Array(rows.dropFirst()), numbers: Set(head.indices.dropFirst()))
    }

    /// "land 80.1 %, water 19.9 %", the largest share first.
    static func shares(_ shares: [ClassShare]) -> String {
        shares.filter { $0.value != nil }.sorted { $0.pixels > $1.pixels }
            .map { "\($0.name) \(number(100 * $0.share, digits: 1)) %" }.joined(separator: ", ")
    }
}
