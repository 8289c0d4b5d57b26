import FileIO
import Foundation
import GRDB

extension LedgerEntry {
    /// - Throws: `DatabaseError` for a row that no Overtile writes.
    init(_ row: Row) throws {
        self.init(
            scene: row["path"], stamp: FileStamp(size: row["size"], modified: row["modified"]),
            observed: Date(timeIntervalSince1970: row["observed"]))
        func date(_ name: String) -> Date? { (row[name] as Double?).map { Date(timeIntervalSince1970: $0) } }
        func list<Element: Decodable>(_ name: String) throws -> [Element] {
            guard let text = row[name] as String? else { return [] }
            do {
                return try JSONDecoder().decode([Element].self, from: Data(text.utf8))
            } catch {
                throw Self.damage("\(name) of \(scene)")
            }
        }
        state = try Self.state(row["state"])
        identity = row["identity"]
        settings = row["settings"]
        model = row["model"]
        attempts = row["attempts"]
        error = row["error"]
        errorStatus = row["error_status"]
        started = date("started")
        finished = date("finished")
        seconds = row["seconds"]
        pixels = row["pixels"]
        classShares = try list("class_shares")
        warnings = try list("warnings")
        outputs = try list("outputs")
        nextAttempt = date("next_attempt")
    }

    /// Values for all columns but path, in the order of `columns`.
    static let columns = [
        "state", "size", "modified", "observed", "identity", "settings", "model", "attempts", "error", "error_status",
        "started", "finished", "seconds", "pixels", "class_shares", "warnings", "outputs", "next_attempt",
    ]

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

    static func state(_ name: String) throws -> State {
        guard let state = State(rawValue: name) else { throw damage("state \"\(name)\"") }
        return state
    }

    private static func damage(_ what: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has an entry that makes no sense: \(what)")
    }
}
