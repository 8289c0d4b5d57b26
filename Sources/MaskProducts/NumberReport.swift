public import FileIO
import Foundation

/// Numbers that are handed on as a file: JSON with all of them, or one table as CSV.
public protocol NumberReport: Encodable {
    /// Comma-separated values as in RFC 4180, with a line of names first; lines end with a line feed.
    var csv: String { get }
}

extension NumberReport {
    /// Keys in alphabetical order, so that the same numbers are the same bytes.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("numbers are finite, and JSON has them") }
        return String(decoding: data, as: UTF8.self)
    }

    /// The whole file: CSV where its path ends in .csv, and JSON else.
    package func text(for path: String) -> String { path.lowercased().hasSuffix(".csv") ? csv : json + "\n" }

    /// Writes CSV where the path ends in .csv, and JSON else; the file appears when it is complete.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    public func write(to path: String, overwrite: Bool) throws(FileError) {
        try StagedDocument.write(Array(text(for: path).utf8), to: path, overwrite: overwrite)
    }
}

/// One line of comma-separated values.
enum CSVLine {
    static func text(_ values: [String]) -> String {
        values.map { value in
            let isPlain = !value.unicodeScalars.contains { ["\"", ",", "\n", "\r"].contains($0) }
            return isPlain ? value : "\"" + value.replacing("\"", with: "\"\"") + "\""
        }.joined(separator: ",") + "\n"
    }

    /// Empty where there is no number.
    static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
}
