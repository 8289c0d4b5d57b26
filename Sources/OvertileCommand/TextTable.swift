import Foundation

/// Lays out tables, which fit the terminal that they are printed to.
extension Text {
    /// Returns rows of a name and a value, with the values in one column.
    ///
    /// - Parameter width: the columns of a line. The words of a longer value go on below its first ones.
    static func table(_ rows: [(String, String)], fitting width: Int?) -> String {
        let rows = rows.map { (Console.escaped($0.0), Console.escaped($0.1)) }
        let indent = (rows.map { Text.width($0.0) }.max() ?? 0) + 2
        return rows.flatMap { row in
            let line = row.0 + String(repeating: " ", count: indent - Text.width(row.0)) + row.1
            guard let width else { return [line] }
            return lines(of: line, fitting: width, indent: min(indent, width / 2))
        }.joined(separator: "\n")
    }

    /// What becomes of a column's cells where a table is too wide.
    enum Narrowing {
        /// A cell loses its beginning, because the end of a path tells more.
        case shortened
        /// A cell goes on in the lines below.
        case continued
    }

    /// The room below which the narrowed columns of a table do not go while others can be left out for them.
    private static let roomWanted = 40

    /// Returns rows of cells below a head. Each column is as wide as its widest cell, and lines have no trailing
    /// spaces.
    ///
    /// - Parameters:
    ///   - numbers: the columns that are aligned to the right, counted from 0.
    ///   - spare: the columns that are left out where room is short, the first one first.
    ///   - narrowing: the columns that are made narrower; by default, the first one is shortened and the last one continued,
    ///     where they are not numbers.
    ///   - width: the columns of a line. A table that is wider even then has the rest of its columns below.
    static func columns(
        _ head: [String], _ rows: [[String]], numbers: Set<Int> = [], spare: [Int] = [],
        narrowing: [Int: Narrowing]? = nil, fitting width: Int?
    ) -> String {
        let all = ([head] + rows).map { $0.map { Console.escaped($0) } }
        var widths = head.indices.map { column in all.map { Text.width($0[column]) }.max() ?? 0 }
        let ends = [(0, Narrowing.shortened), (head.count - 1, .continued)].filter { !numbers.contains($0.0) }
        let narrowing = narrowing ?? Dictionary(ends) { first, _ in first }
        var groups = [Array(head.indices)]
        if let width {
            let shown = fit(&widths, to: width, narrowing: Set(narrowing.keys), spare: spare)
            groups = Self.groups(of: shown, widths, fitting: width)
        }
        return groups.map { shown in
            all.flatMap { row -> [String] in
                let cells = shown.map { column -> [String] in
                    switch narrowing[column] {
                    case .shortened: [shortened(row[column], columns: widths[column])]
                    case .continued: lines(of: row[column], fitting: widths[column], breaksWords: true)
                    case nil: [row[column]]
                    }
                }
                return (0..<(cells.map(\.count).max() ?? 0)).map { index in
                    let line = zip(shown, cells).map { column, lines in
                        let cell = index < lines.count ? lines[index] : ""
                        let padding = String(repeating: " ", count: max(0, widths[column] - Text.width(cell)))
                        return numbers.contains(column) ? padding + cell : cell + padding
                    }.joined(separator: "  ")
                    return String(line.reversed().drop { $0 == " " }.reversed())
                }
            }.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    /// Makes columns narrower so that a line has so many columns of the terminal, as far as that is worth reading.
    ///
    /// - Returns: the columns that are shown.
    private static func fit(
        _ widths: inout [Int], to width: Int, narrowing: Set<Int>, spare: [Int]
    ) -> [Int] {
        let least = 8
        let natural = widths
        var shown = Array(widths.indices)
        func room() -> Int {
            shown.reduce(width - 2 * (shown.count - 1)) { $0 - (narrowing.contains($1) ? 0 : natural[$1]) }
        }
        let wish = min(roomWanted, narrowing.reduce(0) { $0 + natural[$1] })
        for column in spare where room() < wish { shown = shown.filter { $0 != column } }
        var rest = room()
        // What the narrowest of them does not need is for the others.
        let sorted = narrowing.sorted { (natural[$0], $0) < (natural[$1], $1) }
        for (index, column) in sorted.enumerated() {
            widths[column] = min(natural[column], max(least, rest / (sorted.count - index)))
            rest -= widths[column]
        }
        return shown
    }

    /// Divides columns into tables that fit, each of which has the first column.
    private static func groups(of shown: [Int], _ widths: [Int], fitting width: Int) -> [[Int]] {
        guard let first = shown.first else { return [] }
        var groups = [[first]]
        for column in shown.dropFirst() {
            let last = groups[groups.count - 1]
            let taken = last.reduce(widths[column]) { $0 + widths[$1] + 2 }
            if last.count > 1, taken > width {
                groups.append([first, column])
            } else {
                groups[groups.count - 1].append(column)
            }
        }
        return groups
    }

    /// Returns a table whose first row is the head, and in which all columns but the first are numbers.
    static func columns(_ rows: [[String]], fitting width: Int?) -> String {
        guard let head = rows.first else { return "" }
        return columns(head, Array(rows.dropFirst()), numbers: Set(head.indices.dropFirst()), fitting: width)
    }

    /// Returns a reason of failure without the scene's own name, which stands beside it.
    ///
    /// - Parameter scene: its path, of which the reason may have the last parts alone, as the command line named it.
    static func reason(_ error: String, of scene: String) -> String {
        var name = Substring(scene)
        while !name.isEmpty {
            if let reason = reason(error, without: name) { return reason }
            guard let slash = name.dropFirst().firstIndex(of: "/") else { break }
            name = name[name.index(after: slash)...]
        }
        return error
    }

    /// nil where the name is not in the text, or only within other names.
    private static func reason(_ error: String, without name: Substring) -> String? {
        var reason = ""
        var rest = Substring(error)
        var isThere = false
        while let place = rest.range(of: name) {
            reason += rest[..<place.lowerBound]
            rest = rest[place.upperBound...]
            let isWhole =
                reason.last.map { " '\"`(".contains($0) } ?? true && rest.first.map { " '\"`:;,)".contains($0) } ?? true
            reason += isWhole ? "it" : name
            isThere = isThere || isWhole
        }
        guard isThere else { return nil }
        reason += rest
        return reason.hasPrefix("it: ") ? String(reason.dropFirst(4)) : reason
    }
}
