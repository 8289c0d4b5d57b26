import CSQLite
import FileIO
import Glibc

/// Databases that SQLite writes through `FileCall`, as Overtile's own code does, so that a `FileFault` strikes SQLite's calls
/// too: the ledger's, and those of GeoPackages.
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

    private static func replace(
        _ name: String, _ call: @escaping sqlite3_syscall_ptr, in system: UnsafeMutablePointer<sqlite3_vfs>
    ) { _ = system.pointee.xSetSystemCall(system, name, call) }
}
