/// Fits text into the columns of a terminal.
extension Text {
    /// The columns that a text takes: two for an emoji and for each wide letter of East Asia.
    static func width(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + width($1) } }

    private static func width(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first, !scalar.isASCII else { return 1 }
        return scalar.properties.isEmojiPresentation || wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// The letters that Unicode's East Asian Width calls wide.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
    ]

    /// The beginning of a text that takes no more than so many columns.
    static func prefix(_ text: String, columns: Int) -> String {
        var rest = columns
        return String(
            text.prefix { character in
                rest -= width(character)
                return rest >= 0
            })
    }

    /// Shortens a text at its beginning, because the end of a long name tells more.
    static func shortened(_ text: String, columns: Int) -> String {
        guard width(text) > columns else { return text }
        return columns < 1 ? "" : "…" + String(prefix(String(text.reversed()), columns: columns - 1).reversed())
    }

    /// Breaks a text at spaces into lines of so many columns.
    ///
    /// - Parameters:
    ///   - indent: the spaces before each line but the first.
    ///   - breaksWords: true to break a word that is longer than a line as well. Otherwise it stays whole: a terminal breaks
    ///     it, and gives it back in one piece to whoever copies it.
    static func lines(of text: String, fitting columns: Int, indent: Int = 0, breaksWords: Bool = false) -> [String] {
        guard columns > 0, width(text) > columns else { return [text] }
        let margin = String(repeating: " ", count: min(indent, columns - 1))
        var lines: [String] = []
        var line = ""
        // The column that the terminal's cursor has reached behind the line.
        var column = 0
        // True while the line is nothing but its margin.
        var isBlank = true
        func begin() {
            lines.append(line)
            (line, column, isBlank) = (margin, margin.count, true)
        }
        for (index, word) in text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            var word = String(word)
            let isFirst = index == 0
            // The spaces before the text's first word are its own; those at a break go.
            if word.isEmpty, isBlank, !lines.isEmpty { continue }
            let gap = isFirst || (isBlank && !lines.isEmpty) ? "" : " "
            if !isBlank, column + gap.count + width(word) > columns {
                if breaksWords || margin.count + width(word) <= columns {
                    begin()
                    if word.isEmpty { continue }
                } else {
                    line += gap
                    column += gap.count
                }
            } else {
                line += gap
                column += gap.count
            }
            while breaksWords, column + width(word) > columns {
                let part = prefix(word, columns: columns - column)
                guard !part.isEmpty else { break }
                line += part
                word = String(word.dropFirst(part.count))
                begin()
            }
            line += word
            column += width(word)
            // A word that the terminal breaks goes on in its next line.
            if column > columns { column = (column - 1) % columns + 1 }
            if !word.isEmpty { isBlank = false }
        }
        lines.append(line)
        return lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }
    }

    /// Breaks each line of a text so that it fits, and indents what goes on by as much as the line itself and two more.
    static func wrapped(_ text: String, to columns: Int?) -> String {
        guard let columns else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            let indent = line.prefix { $0 == " " }.count + 2
            return lines(of: String(line), fitting: columns, indent: min(indent, columns / 2))
        }.joined(separator: "\n")
    }
}
