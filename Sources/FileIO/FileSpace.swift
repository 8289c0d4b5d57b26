import CLinux
import Glibc

/// Room on the disk for what is to be written.
package enum FileSpace {
    /// Makes a file as long as this, with room on the disk for all of it.
    ///
    /// - Returns: false where there is not enough room, or the file system cannot tell; `errno` says which. The file may
    ///   be as long or not.
    package static func reserve(_ bytes: Int, descriptor: Int32) -> Bool {
        var status: Int32
        repeat { status = fallocate(descriptor, 0, 0, bytes) } while status != 0 && errno == EINTR
        return status == 0
    }

    /// Returns true if the disk under a folder has less room than this many bytes for the user.
    package static func isShort(of bytes: Int, in folder: String) -> Bool {
        var status = statvfs()
        // File systems such as /proc have no blocks at all, which is not a full disk.
        guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return false }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize) < UInt64(bytes)
    }
}
