import FileIO
import Foundation
import GRDB

/// One row of the ledger's file, of which every value is checked before it is believed: SQLite stores any type in any
/// column, and what a damaged file holds there would end the program.
struct LedgerRow {
    private let row: Row

    /// Times that a ledger may hold, in seconds since 1970: those that are still whole nanoseconds.
    private static let times = -9.2e9...9.2e9
    /// Seconds that a run may have taken: 300 years.
    private static let durations = 0...9.2e9

    init(_ row: Row) { self.row = row }

    /// - Parameter index: the column, counted from 0 in the order in which they were asked for.
    /// - Throws: `DatabaseError` (`SQLITE_CORRUPT`) for what is no text, as all functions below for what they are about.
    func text(_ index: Int) throws -> String {
        guard let text = try optionalText(index) else { throw damage(index) }
        return text
    }

    func optionalText(_ index: Int) throws -> String? {
        switch storage(index) {
        case .null: return nil
        case .string(let text): return text
        default: throw damage(index)
        }
    }

    /// A whole number of 64 bits.
    func integer(_ index: Int) throws -> Int {
        guard case .int64(let value) = storage(index) else { throw damage(index) }
        return Int(value)
    }

    /// A whole number that counts something.
    ///
    /// - Parameter most: what it may be at most.
    func count(_ index: Int, upTo most: Int = .max) throws -> Int {
        let value = try integer(index)
        guard (0...most).contains(value) else { throw damage(index) }
        return value
    }

    func optionalCount(_ index: Int, upTo most: Int = .max) throws -> Int? {
        isNull(index) ? nil : try count(index, upTo: most)
    }

    func optionalDuration(_ index: Int) throws -> Double? { try number(index, in: Self.durations) }

    func time(_ index: Int) throws -> Date {
        guard let time = try optionalTime(index) else { throw damage(index) }
        return time
    }

    func optionalTime(_ index: Int) throws -> Date? {
        try number(index, in: Self.times).map { Date(timeIntervalSince1970: $0) }
    }

    /// A list that is stored as JSON; an empty one where nothing is stored.
    func list<Element: Decodable>(_ index: Int) throws -> [Element] {
        guard let text = try optionalText(index) else { return [] }
        do {
            return try StoredJSON.decode([Element].self, from: Data(text.utf8))
        } catch {
            throw damage(index)
        }
    }

    func state(_ index: Int) throws -> LedgerEntry.State {
        guard let state = LedgerEntry.State(rawValue: try text(index)) else { throw damage(index) }
        return state
    }

    /// The error that a column holds what no Overtile writes.
    func damage(_ index: Int) -> DatabaseError {
        let name = Array(row.columnNames)[index]
        let value =
            switch storage(index) {
            case .null: "nothing"
            case .int64(let value): "\(value)"
            case .double(let value): "\(value)"
            case .string(let text): "\"\(text.prefix(40))\""
            case .blob(let data): "\(data.count) bytes"
            }
        return DatabaseError(
            resultCode: .SQLITE_CORRUPT, message: "it has an entry that makes no sense: \(name) is \(value)")
    }

    private func isNull(_ index: Int) -> Bool {
        if case .null = storage(index) { true } else { false }
    }

    private func number(_ index: Int, in range: ClosedRange<Double>) throws -> Double? {
        let value: Double
        switch storage(index) {
        case .null: return nil
        case .double(let number): value = number
        case .int64(let number): value = Double(number)
        default: throw damage(index)
        }
        guard range.contains(value) else { throw damage(index) }
        return value
    }

    private func storage(_ index: Int) -> DatabaseValue.Storage { (row[index] as DatabaseValue).storage }
}
