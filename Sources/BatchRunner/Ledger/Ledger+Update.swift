package import FileIO
package import Foundation
import GRDB
import RasterIO
package import SceneRunner

/// A scene as a pass over a folder sees it.
package struct Sighting: Equatable, Sendable {
    /// The scene's canonical path (see `CanonicalPath.named`).
    package let scene: String
    /// The scene's size and time; `FileStamp.unknown` for what is no local file.
    package let stamp: FileStamp

    /// Makes a sighting of a scene, by its canonical path.
    package init(scene: String, stamp: FileStamp) {
        self.scene = scene
        self.stamp = stamp
    }
}

extension Ledger {
    /// Takes down which scenes are there. One that is new, or whose size or time changed, is pending from now on, without
    /// attempts; what its last run wrote stays known. All others are as they were.
    package func note(_ sightings: some Sequence<Sighting>, at time: Date) throws(LedgerError) {
        try update { database in
            let statement = try database.makeStatement(
                sql: """
                    INSERT INTO scene (path, state, size, modified, observed) VALUES (?, 'pending', ?, ?, ?)
                    ON CONFLICT (path) DO UPDATE SET
                        state = 'pending', size = excluded.size, modified = excluded.modified,
                        observed = excluded.observed, attempts = 0, error = NULL, error_status = NULL,
                        next_attempt = NULL
                    WHERE size <> excluded.size OR modified <> excluded.modified
                    """)
            for sighting in sightings {
                try statement.execute(arguments: [
                    sighting.scene, sighting.stamp.size, sighting.stamp.modified, time.timeIntervalSince1970,
                ])
            }
        }
    }

    /// Marks a scene as being run: one more attempt.
    ///
    /// - Parameters:
    ///   - scene: noted before.
    ///   - outputs: what will be written. From now on these files are the ledger's own, and may be replaced after a crash.
    package func begin(
        _ scene: String, identity: String?, settings: String, model: String, outputs: [OutputRecord], at time: Date
    ) throws(LedgerError) {
        try change(scene) {
            $0.begin(identity: identity, settings: settings, model: model, outputs: outputs, at: time)
        }
    }

    /// Changes one entry, from what it is to what `body` makes of it, in one transaction.
    ///
    /// - Throws: `LedgerError`, also where the scene was never noted.
    package func change(_ scene: String, _ body: (inout LedgerEntry) -> Void) throws(LedgerError) {
        let path = path
        try update { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT \(LedgerEntry.selection) FROM scene WHERE path = ?", arguments: [scene])
            else { throw LedgerError(.failed, "cannot update the ledger \(path): it does not know \(scene)") }
            var entry = try LedgerEntry(row)
            body(&entry)
            let assignments = LedgerEntry.columns.map { "\($0) = ?" }.joined(separator: ", ")
            try database.execute(
                sql: "UPDATE scene SET \(assignments) WHERE path = ?",
                arguments: StatementArguments(try entry.values() + [scene]))
        }
    }

    /// Marks a scene as done.
    package func succeed(_ scene: String, _ outcome: SceneOutcome, at time: Date) throws(LedgerError) {
        try change(scene) { $0.succeed(outcome, at: time) }
    }

    /// Marks a scene as failed.
    ///
    /// - Parameters:
    ///   - status: the exit status that the error would have ended `segment` with.
    ///   - nextAttempt: before when it is not tried again.
    package func fail(
        _ scene: String, error: String, status: Int, at time: Date, nextAttempt: Date? = nil
    ) throws(LedgerError) {
        try change(scene) { $0.fail(error: error, status: status, at: time, nextAttempt: nextAttempt) }
    }

    /// Puts a scene that was begun back among those that wait: the attempt was stopped, and does not count.
    ///
    /// - Parameter reason: what stopped it, where that is worth remembering.
    package func release(_ scene: String, because reason: String? = nil) throws(LedgerError) {
        try change(scene) { entry in
            entry.state = .pending
            entry.keepOwnOutputs()
            entry.error = reason ?? entry.error
            entry.attempts = max(0, entry.attempts - 1)
        }
    }

    /// Marks a scene that failed too often as moved out of the way.
    package func setAside(_ scene: String) throws(LedgerError) {
        try change(scene) { entry in
            entry.state = .setAside
            entry.nextAttempt = nil
        }
    }

    /// Takes scenes up again that a run was at when it was killed. Only for who has the folder (`FolderClaim`).
    ///
    /// The attempt counts: a scene that kills every run that touches it must not do so for ever.
    ///
    /// - Returns: how many there were.
    @discardableResult
    package func requeueInterrupted() throws(LedgerError) -> Int {
        try update { database in
            try database.execute(sql: "UPDATE scene SET state = 'pending' WHERE state = 'running'")
            return database.changesCount
        }
    }

    /// Forgets scenes that failed because no file was there, and of which there never was one: names that were mistyped.
    /// Scenes on servers, and parts of containers, may be there the next time.
    package func forgetNeverFound() throws(LedgerError) {
        try update {
            try $0.execute(
                sql: """
                    DELETE FROM scene WHERE state = 'failed' AND error_status = 66 AND size = 0 AND modified = 0
                    AND path GLOB '/*' AND path NOT GLOB '/vsi*' AND coalesce(outputs, '[]') = '[]'
                    """)
        }
    }

    /// Takes over what other processes have remembered of scenes, in place of what is known of them: all of it, or nothing.
    ///
    /// - Throws: `LedgerError` also for an entry that makes no sense.
    package func adopt(_ entries: some Sequence<LedgerEntry>) throws(LedgerError) {
        try update { database in
            let columns = (["path"] + LedgerEntry.columns).joined(separator: ", ")
            let places = Array(repeating: "?", count: LedgerEntry.columns.count + 1).joined(separator: ", ")
            let statement = try database.makeStatement(
                sql: "INSERT OR REPLACE INTO scene (\(columns)) VALUES (\(places))")
            for entry in entries {
                try statement.execute(arguments: StatementArguments([entry.scene] + entry.values()))
                // It came from a file that anybody may have changed.
                let row = try Row.fetchOne(
                    database, sql: "SELECT \(LedgerEntry.selection) FROM scene WHERE path = ?", arguments: [entry.scene]
                )
                _ = try row.map(LedgerEntry.init)
            }
        }
    }

    /// Forgets a scene, as one that is gone.
    package func forget(_ scene: String) throws(LedgerError) {
        try update { try $0.execute(sql: "DELETE FROM scene WHERE path = ?", arguments: [scene]) }
    }
}

extension LedgerEntry {
    /// Turns to that of a scene that is being run (`Ledger.begin`).
    mutating func begin(
        identity: String?, settings: String, model: String, outputs: [OutputRecord], at time: Date
    ) {
        if self.settings != settings || state == .done { attempts = 0 }
        state = .running
        self.identity = identity
        self.settings = settings
        self.model = model
        attempts += 1
        started = time
        finished = nil
        nextAttempt = nil
        // An output that is there keeps its checksum until it is replaced.
        let earlier = self.outputs
        self.outputs = outputs.map { output in
            var output = earlier.first { $0.path == output.path } ?? output
            output.isUnderway = true
            return output
        }
    }

    /// Turns to that of a scene that is done.
    mutating func succeed(_ outcome: SceneOutcome, at time: Date) {
        state = .done
        error = nil
        errorStatus = nil
        nextAttempt = nil
        finished = time
        seconds = outcome.seconds
        pixels = outcome.pixels
        classShares = outcome.classShares
        warnings = outcome.warnings
        outputs = outcome.files
    }

    /// Turns to that of a scene that has failed.
    mutating func fail(error: String, status: Int, at time: Date, nextAttempt: Date? = nil) {
        state = .failed
        keepOwnOutputs()
        self.error = error
        errorStatus = status
        finished = time
        self.nextAttempt = nextAttempt
    }

    /// After an attempt that gave nothing: what an earlier one wrote is still the ledger's, and what this one wrote before it
    /// failed. A file of somebody else's that is older than the attempt does not become the ledger's by having been in its way.
    fileprivate mutating func keepOwnOutputs() {
        // Times of files come from a clock that may be some milliseconds behind.
        let begun = Int(((started ?? Date(timeIntervalSince1970: 0)).timeIntervalSince1970 - 0.05) * 1e9)
        outputs = outputs.compactMap { output in
            let found: FileStamp?
            // A server that gives no answer takes nothing away.
            do { found = try FileStamp.stored(output.path) } catch { return output }
            guard let stamp = found else { return nil }
            var output = output
            output.isUnderway = output.isUnderway && stamp != output.stamp && stamp.modified >= begun
            return output.isUnderway || output.checksum != nil ? output : nil
        }
    }
}
