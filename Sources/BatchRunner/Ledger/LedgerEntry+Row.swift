import FileIO
import Foundation
import GRDB

extension LedgerEntry {
    /// All columns but the first, which is the path.
    static let columns = [
        "state", "size", "modified", "observed", "identity", "settings", "model", "attempts", "error", "error_status",
        "started", "finished", "seconds", "pixels", "class_shares", "warnings", "outputs", "next_attempt",
    ]

    /// What a query selects for `init`.
    static let selection = "path, " + columns.joined(separator: ", ")

    /// Attempts that nobody makes; a number that is larger was not counted.
    static let mostAttempts = Int(Int32.max)
    /// The pixels of the largest raster that GDAL opens.
    static let mostPixels = Int(Int32.max) * Int(Int32.max)

    /// - Parameter row: the columns of `selection`.
    /// - Throws: `DatabaseError` for a row that no Overtile writes.
    init(_ row: Row) throws {
        let row = LedgerRow(row)
        self.init(
            scene: try row.text(0), stamp: FileStamp(size: try row.count(2), modified: try row.integer(3)),
            observed: try row.time(4))
        state = try row.state(1)
        identity = try row.optionalText(5)
        settings = try row.optionalText(6)
        model = try row.optionalText(7)
        attempts = try row.count(8, upTo: Self.mostAttempts)
        error = try row.optionalText(9)
        errorStatus = try row.optionalCount(10, upTo: 255)
        started = try row.optionalTime(11)
        finished = try row.optionalTime(12)
        seconds = try row.optionalDuration(13)
        pixels = try row.optionalCount(14, upTo: Self.mostPixels)
        classShares = try row.list(15)
        warnings = try row.list(16)
        outputs = try row.list(17)
        nextAttempt = try row.optionalTime(18)
    }

    /// Values for all columns but path, in the order of `columns`.
    func values() throws -> [(any DatabaseValueConvertible)?] {
        func list(_ elements: [some Encodable]) throws -> String? {
            guard !elements.isEmpty else { return nil }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(elements), as: UTF8.self)
        }
        return [
            state.rawValue, stamp.size, stamp.modified, observed.timeIntervalSince1970, identity, settings, model,
            attempts, error, errorStatus, started?.timeIntervalSince1970, finished?.timeIntervalSince1970, seconds,
            pixels, try list(classShares), try list(warnings), try list(outputs), nextAttempt?.timeIntervalSince1970,
        ]
    }
}
