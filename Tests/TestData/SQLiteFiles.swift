import CSQLite
import FileIO
import Glibc

/// Databases of SQLite: the ledger's, and GeoPackages. SQLite may write them through `FileCall`, as Overtile's own code does,
/// so that a `FileFault` strikes its calls too.
package enum SQLiteFiles {
    /// Replaces the system's calls that change files in SQLite's layer for them, for as long as the process lives.
    package static func useFileCalls() {
        sqlite3_initialize()
        guard let system = sqlite3_vfs_find(nil) else { return }
        let write: @convention(c) (Int32, UnsafeRawPointer?, Int, Int) -> Int = { descriptor, bytes, count, offset in
            var place = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes), iov_len: count)
            return FileCall.write(descriptor, &place, 1, at: offset)
        }
        let append: @convention(c) (Int32, UnsafeRawPointer?, Int) -> Int = { FileCall.write($0, $1, $2) }
        let resize: @convention(c) (Int32, Int) -> Int32 = { FileCall.resize($0, $1) }
        let unlink: @convention(c) (UnsafePointer<CChar>?) -> Int32 = {
            FileCall.unlink($0.map { String(cString: $0) } ?? "")
        }
        for name in ["pwrite", "pwrite64"] {
            replace(name, unsafeBitCast(write, to: sqlite3_syscall_ptr.self), in: system)
        }
        replace("write", unsafeBitCast(append, to: sqlite3_syscall_ptr.self), in: system)
        replace("ftruncate", unsafeBitCast(resize, to: sqlite3_syscall_ptr.self), in: system)
        replace("unlink", unsafeBitCast(unlink, to: sqlite3_syscall_ptr.self), in: system)
    }

    /// Runs a query on a database.
    ///
    /// - Returns: the rows' values as text; "NULL" for those that are not there. None where the query fails.
    package static func rows(_ path: String, _ query: String) -> [[String]] {
        var (database, statement): (OpaquePointer?, OpaquePointer?)
        defer {
            sqlite3_finalize(statement)
            sqlite3_close(database)
        }
        guard sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, nil) == SQLITE_OK,
            sqlite3_prepare_v2(database, query, -1, &statement, nil) == SQLITE_OK
        else { return [] }
        var rows: [[String]] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            rows.append(
                (0..<sqlite3_column_count(statement)).map { column in
                    sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "NULL"
                })
        }
        return rows
    }

    private static func replace(
        _ name: String, _ call: @escaping sqlite3_syscall_ptr, in system: UnsafeMutablePointer<sqlite3_vfs>
    ) { _ = system.pointee.xSetSystemCall(system, name, call) }
}
