package import FileIO
package import Foundation
import GRDB

/// The part of an entry that a pass over many scenes needs.
package struct KnownScene: Equatable, Sendable {
    /// The scene's canonical path.
    package let scene: String
    /// The state of the scene.
    package let state: LedgerEntry.State
    /// The size and the time that the scene had when it was last seen.
    package let stamp: FileStamp
    /// The time at which the scene was first seen with this stamp.
    package let observed: Date
    /// The digest of model and options of the last attempt; nil before the first.
    package let settings: String?
    /// The number of attempts so far.
    package let attempts: Int
    /// The time before which a failed scene is not tried again; nil for none.
    package let nextAttempt: Date?
}

/// Sums over a ledger.
package struct LedgerTotals: Equatable, Sendable {
    /// The number of scenes in each state.
    package var scenes: [LedgerEntry.State: Int] = [:]
    /// The number of pixels of all scenes that are done.
    package var pixels = 0
    /// The wall time of all scenes that are done.
    package var seconds = 0.0
    /// The time at which a scene was last done; nil for never.
    package var lastSuccess: Date?
    /// When a scene failed last that was not done since; nil for never.
    package var lastFailure: Date?
    /// Attempts of scenes that failed or were set aside.
    package var failedAttempts = 0

    /// Makes the sums of an empty ledger.
    package init() {}
}

extension Ledger {
    /// - Parameter scene: as `CanonicalPath.named` has it.
    package func entry(of scene: String) throws(LedgerError) -> LedgerEntry? {
        try read {
            try Row.fetchOne(
                $0, sql: "SELECT \(LedgerEntry.selection) FROM scene WHERE path = ?", arguments: [scene]
            ).map(LedgerEntry.init)
        }
    }

    /// Calls `body` with each entry, by ascending path, one in memory at a time.
    ///
    /// - Parameter states: only scenes in one of these; empty for all.
    /// - Throws: `LedgerError`; what `body` throws becomes the end of one's message.
    package func forEachEntry(
        in states: Set<LedgerEntry.State> = [], _ body: (LedgerEntry) throws -> Void
    ) throws(LedgerError) {
        try read { database in
            let cursor = try Row.fetchCursor(
                database,
                sql: "SELECT \(LedgerEntry.selection) FROM scene\(Self.condition(states)) ORDER BY path")
            while let row = try cursor.next() { try body(LedgerEntry(row)) }
        }
    }

    /// Returns the entries of all scenes in some states, in the order of their paths; all entries where no state is given.
    package func entries(in states: Set<LedgerEntry.State> = []) throws(LedgerError) -> [LedgerEntry] {
        var entries: [LedgerEntry] = []
        try forEachEntry(in: states) { entries.append($0) }
        return entries
    }

    /// All that the ledger knows of many scenes at once, in one query.
    ///
    /// - Returns: what is known of them by path; nothing for those that were never seen.
    /// - Complexity: the whole ledger is read, a row at a time.
    package func known(_ scenes: some Sequence<String>) throws(LedgerError) -> [String: KnownScene] {
        let wanted = Set(scenes)
        var known: [String: KnownScene] = [:]
        known.reserveCapacity(wanted.count)
        try forEachKnown { if wanted.contains($0.scene) { known[$0.scene] = $0 } }
        return known
    }

    /// Calls `body` with all scenes, by ascending path (by its bytes), one in memory at a time.
    package func forEachKnown(_ body: (KnownScene) throws -> Void) throws(LedgerError) {
        try read { database in
            let cursor = try Row.fetchCursor(
                database,
                sql: """
                    SELECT path, state, size, modified, observed, settings, attempts, next_attempt FROM scene
                    ORDER BY path
                    """)
            // Few settings are shared by many scenes.
            var settings: [String: String] = [:]
            while let next = try cursor.next() {
                let row = LedgerRow(next)
                let hash = try row.optionalText(5).map { hash in
                    if let same = settings[hash] { return same }
                    settings[hash] = hash
                    return hash
                }
                try body(
                    KnownScene(
                        scene: try row.text(0), state: try row.state(1),
                        stamp: FileStamp(size: try row.count(2), modified: try row.integer(3)),
                        observed: try row.time(4), settings: hash,
                        attempts: try row.count(6, upTo: LedgerEntry.mostAttempts),
                        nextAttempt: try row.optionalTime(7)))
            }
        }
    }

    /// Returns the ledger's sums.
    ///
    /// - Complexity: the whole ledger is read, a row at a time: SQLite's own sums would take any text for a number.
    package func totals() throws(LedgerError) -> LedgerTotals {
        try read { database in
            var totals = LedgerTotals()
            let rows = try Row.fetchCursor(
                database, sql: "SELECT state, pixels, seconds, finished, attempts FROM scene")
            while let next = try rows.next() {
                let row = LedgerRow(next)
                let state = try row.state(0)
                let (pixels, seconds) = (
                    try row.optionalCount(1, upTo: LedgerEntry.mostPixels) ?? 0, try row.optionalDuration(2) ?? 0
                )
                let (last, attempts) = (
                    try row.optionalTime(3), try row.count(4, upTo: LedgerEntry.mostAttempts)
                )
                totals.scenes[state, default: 0] += 1
                switch state {
                case .done:
                    let (sum, isTooMuch) = totals.pixels.addingReportingOverflow(pixels)
                    guard !isTooMuch else { throw row.damage(1) }
                    totals.pixels = sum
                    totals.seconds += seconds
                    totals.lastSuccess = [totals.lastSuccess, last].compactMap { $0 }.max()
                case .failed, .setAside:
                    totals.lastFailure = [totals.lastFailure, last].compactMap { $0 }.max()
                    totals.failedAttempts += attempts
                case .pending, .running: break
                }
            }
            return totals
        }
    }

    private static func condition(_ states: Set<LedgerEntry.State>) -> String {
        guard !states.isEmpty else { return "" }
        return " WHERE state IN (" + states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ") + ")"
    }
}
