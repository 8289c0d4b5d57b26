import ArgumentParser
import Foundation

/// The help of the commands, as wide as the terminal. The parser breaks the lists and examples of a command's description
/// as if they were sentences, so that this does it instead.
enum Help {
    /// Returns the help that the parser throws as an error; nil for other errors, the version's among them.
    static func text(for error: any Error) -> String? {
        let width = self.width
        let narrow = OvertileCommand.fullMessage(for: error, columns: width)
        let wide = OvertileCommand.fullMessage(for: error, columns: 100_000)
        guard OvertileCommand.exitCode(for: error) == .success, narrow.hasPrefix("OVERVIEW: "),
            let usage = narrow.range(of: "\n\nUSAGE: "), let end = wide.range(of: "\n\nUSAGE: ")
        else { return nil }
        // The parser leaves the last column free.
        return described(String(wide[..<end.lowerBound]), fitting: width - 1) + narrow[usage.lowerBound...]
    }

    /// As wide as COLUMNS says, which the parser heeds too, or as the terminal.
    private static var width: Int {
        max(40, ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init) ?? Console.resultWidth ?? 80)
    }

    /// Breaks a description, the second column of its lists below that column's beginning.
    static func described(_ text: String, fitting width: Int) -> String {
        var entries: [(line: String, indent: Int)] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let spaces = line.prefix { $0 == " " }.count
            let above = entries.last?.indent ?? 0
            if above > 0, spaces == above {
                // An entry of a list that goes on.
                entries[entries.count - 1].line += " " + line.dropFirst(spaces)
            } else {
                entries.append((String(line), spaces == 0 ? 0 : column(of: line, from: spaces, above)))
            }
        }
        return entries.flatMap {
            Text.lines(of: $0.line, fitting: width, indent: $0.indent > width / 2 ? 4 : $0.indent)
        }.joined(separator: "\n")
    }

    /// Where the second column of a list's line begins: behind two spaces or more, or as in the line above, for a name that
    /// is as wide as its column. Lines with one column are indented by two more.
    private static func column(of line: Substring, from spaces: Int, _ above: Int) -> Int {
        if let gap = line.dropFirst(spaces).range(of: "  ") {
            return line[..<gap.lowerBound].count + line[gap.lowerBound...].prefix { $0 == " " }.count
        }
        return above > spaces + 2 && line.dropFirst(above - 1).first == " " ? above : spaces + 2
    }
}
