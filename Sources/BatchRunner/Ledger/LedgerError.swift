import GRDB

/// The error of a ledger, in one line, with what to do about it. The ledger is as it was.
package struct LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of failure, as far as a caller may want to treat them differently.
    package enum Code: Sendable {
        /// The folder has none.
        case noLedger
        /// It may not be read.
        case notReadable
        /// It is no ledger, or was damaged.
        case damaged
        /// A newer Overtile wrote it.
        case newer
        /// It cannot be made or changed: rights, or a disk that may only be read.
        case notWritable
        /// The disk is full.
        case outOfSpace
        /// Another program holds it for too long.
        case busy
        /// Reading or writing failed for any other reason.
        case failed
    }

    /// The kind of failure.
    package let code: Code
    /// One line: what is wrong, and what to do.
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// - Parameter what: what was being done: "read", "update".
    init(_ error: DatabaseError, _ what: String, _ path: String) {
        let reason = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        // All questions are fixed: a file that makes no sense of one lacks a table or a column, or has others' rules.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT,
            .SQLITE_FORMAT, .SQLITE_TOOBIG, .SQLITE_RANGE:
            self.init(damaged: reason, what, path)
        case .SQLITE_FULL:
            self.init(.outOfSpace, "cannot \(what) the ledger \(path): the disk is full; make room and run again")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .notWritable,
                "cannot \(what) the ledger \(path): \(reason); make the folder writable, or choose another")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.busy, "cannot \(what) the ledger \(path): another program holds it; try again later")
        default:
            self.init(.failed, "cannot \(what) the ledger \(path): \(reason)")
        }
    }

    /// The error about a file that is no ledger any more.
    init(damaged reason: String, _ what: String, _ path: String) {
        self.init(
            .damaged,
            "cannot \(what) the ledger \(path): \(reason); restore it from a copy, or move it away to begin a new one")
    }
}
