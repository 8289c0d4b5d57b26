import CGDAL
import Glibc

/// Room for a file's contents before they are written.
package enum FileSpace {
    /// Makes a file this long, with room on the disk for all of it.
    ///
    /// - Returns: false where there is not enough room, or the file system cannot tell; `errno` says which. The file may be
    ///   as long or not.
    package static func reserve(_ bytes: Int, descriptor: Int32) -> Bool {
        var status: Int32
        repeat { status = fallocate(descriptor, 0, 0, bytes) } while status != 0 && errno == EINTR
        return status == 0
    }
}
