package import FileIO
import Foundation

/// Results of counting that can be written to a file: all of them as JSON, or the main table as CSV. The types that have
/// them make `writeReport` public under the name of `write`.
package protocol NumberReport: Encodable {
    /// The main table as comma-separated values (RFC 4180), with a header line. Lines end with a line feed.
    var csv: String { get }
}

extension NumberReport {
    /// All numbers as JSON. Keys are in alphabetical order, so that equal numbers give equal bytes.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("numbers are finite, and JSON has them") }
        return String(decoding: data, as: UTF8.self)
    }

    /// The whole file: CSV if its path ends in `.csv`, and JSON otherwise.
    package func text(for path: String) -> String { path.lowercased().hasSuffix(".csv") ? csv : json + "\n" }

    /// Writes CSV if the path ends in `.csv`, and JSON otherwise. The file appears under its name only when it is
    /// complete.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    package func writeReport(to path: String, overwrite: Bool) throws(FileError) {
        try StagedDocument.write(Array(text(for: path).utf8), to: path, overwrite: overwrite)
    }
}

/// Formats lines of comma-separated values.
enum CSVLine {
    static func text(_ values: [String]) -> String {
        values.map { value in
            let isPlain = !value.unicodeScalars.contains { ["\"", ",", "\n", "\r"].contains($0) }
            return isPlain ? value : "\"" + value.replacing("\"", with: "\"\"") + "\""
        }.joined(separator: ",") + "\n"
    }

    /// Returns the number as text, or an empty text for nil.
    static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
}
