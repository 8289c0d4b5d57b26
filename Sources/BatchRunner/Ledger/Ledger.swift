import FileIO
import Foundation
import GRDB
import Glibc

/// The record of what became of each scene of an output folder: an SQLite file in it, a row for each scene.
///
/// Rows are changed one transaction at a time, each on the disk before the call returns; a crash leaves the ledger as it was
/// before the last one. It keeps a rollback journal and not a write-ahead log, which network file systems do not
/// support and which a folder that may only be read cannot be read with.
///
/// Any number of programs may read; who writes has the folder (`FolderClaim`).
package final class Ledger: Sendable {
    /// Hidden: a folder of outputs is shown, searched and copied as such.
    package static let fileName = ".overtile-ledger.sqlite"

    /// The purpose that a ledger is opened for.
    package enum Access: Sendable {
        /// Reads; never makes a ledger.
        case reading
        /// Reads and writes; makes the ledger where there is none.
        case writing
    }

    /// The ledger's file.
    package let path: String
    private let queue: DatabaseQueue

    /// Opens the ledger of an output folder.
    ///
    /// - Throws: `LedgerError`: `.noLedger`, `.notReadable`, `.damaged`, `.newer`, `.notWritable`, `.outOfSpace`, `.busy`.
    package init(folder: String, access: Access) throws(LedgerError) {
        let path = folder + (folder.hasSuffix("/") ? "" : "/") + Self.fileName
        self.path = path
        if access == .reading, Glibc.access(path, R_OK) != 0 {
            // A folder that may not be entered does not tell whether it has one.
            guard errno != EACCES else {
                throw LedgerError(
                    .notReadable,
                    "cannot read the ledger of \(folder): this user may not (Permission denied); ask for access to it")
            }
            let hasFolder = FileStatus(path: folder)?.kind == .folder
            throw LedgerError(
                .noLedger,
                hasFolder
                    ? "there is no ledger in \(folder): nothing was run into it by overtile batch or watch"
                    : "there is no folder \(folder): name the one that scenes were run into")
        }
        var configuration = Configuration()
        // After a crash, reading needs to undo what was half written: only where it must not write, it does not.
        configuration.readonly =
            access == .reading && (Glibc.access(path, W_OK) != 0 || Glibc.access(folder, W_OK) != 0)
        configuration.busyMode = .timeout(20)
        configuration.label = "ledger"
        queue = try Self.translate("open", path) {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try Self.check(queue, path)
            if !configuration.readonly { try LedgerSchema.migrator.migrate(queue) }
            return queue
        }
    }

    /// Makes a ledger in memory, with what that of a folder knows: for a part of a batch, which others share the folder with.
    ///
    /// SQLite's locks mean little on the file systems that machines share. The file is copied by its bytes, with the journal
    /// of a process that was killed, and opened on this machine.
    ///
    /// - Parameter folder: the folder, to whose ledger nobody writes meanwhile; it need not have one.
    /// - Throws: as the other initializer; `.failed` where there is no room for the copy.
    package init(copying folder: String) throws(LedgerError) {
        let path = FileName.joined(folder, Self.fileName)
        self.path = path
        var configuration = Configuration()
        configuration.label = "ledger"
        queue = try Self.translate("open", path) {
            let queue = try DatabaseQueue(configuration: configuration)
            let manager = FileManager.default
            if manager.fileExists(atPath: path) {
                let place = manager.temporaryDirectory.path + "/overtile-ledger-\(UInt64.random(in: 0...UInt64.max))"
                try manager.createDirectory(
                    atPath: place, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
                defer { try? manager.removeItem(atPath: place) }
                for ending in ["", "-journal"] where manager.fileExists(atPath: path + ending) {
                    try manager.copyItem(atPath: path + ending, toPath: place + "/ledger" + ending)
                }
                let copy = try DatabaseQueue(path: place + "/ledger", configuration: configuration)
                try Self.check(copy, path)
                try copy.backup(to: queue)
            }
            try LedgerSchema.migrator.migrate(queue)
            return queue
        }
    }

    /// - Throws: `LedgerError` for a file that is another program's, or a newer Overtile's.
    private static func check(_ queue: DatabaseQueue, _ path: String) throws {
        try queue.read { database in
            let mark = try Int.fetchOne(database, sql: "PRAGMA application_id")
            // A ledger that another process is making has the migrator's own table first, and the mark a moment later.
            let tables =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'") ?? 0
            guard mark == LedgerSchema.applicationID || tables == 0 else {
                throw LedgerError(
                    .damaged, "\(path) is no ledger of Overtile's, but another program's: move it away")
            }
            // What runs by itself, or computes rows that nobody stored, is none of Overtile's.
            let others =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')") ?? 0
            guard others == 0 else { throw LedgerError(damaged: "it has views or triggers", "open", path) }
            if try LedgerSchema.migrator.hasBeenSuperseded(database) {
                throw LedgerError(
                    .newer, "the ledger \(path) was written by a newer Overtile: use that, or choose another folder")
            }
            if queue.configuration.readonly, try !LedgerSchema.migrator.hasCompletedMigrations(database) {
                throw LedgerError(
                    .notWritable,
                    "the ledger \(path) was written by an older Overtile and cannot be renewed, as it may only be read: "
                        + "read it from a copy")
            }
        }
    }

    func read<Result>(_ body: (Database) throws -> Result) throws(LedgerError) -> Result {
        try Self.translate("read", path) { try queue.read(body) }
    }

    func update<Result>(_ body: (Database) throws -> Result) throws(LedgerError) -> Result {
        try Self.translate("update", path) { try queue.write(body) }
    }

    /// Runs something while the file stays as it is.
    ///
    /// - Throws: what `body` throws; `LedgerError`.
    func whileUnchanged(_ body: () throws -> Void) throws {
        var failure: (any Error)?
        try read { _ in
            do { try body() } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private static func translate<Result>(
        _ what: String, _ path: String, _ body: () throws -> Result
    ) throws(LedgerError) -> Result {
        do {
            return try body()
        } catch let error as LedgerError {
            throw error
        } catch let error as DatabaseError {
            throw LedgerError(error, what, path)
        } catch let error as RowDecodingError {
            throw LedgerError(damaged: "\(error)", what, path)
        } catch {
            throw LedgerError(.failed, "cannot \(what) the ledger \(path): \(error)")
        }
    }
}
