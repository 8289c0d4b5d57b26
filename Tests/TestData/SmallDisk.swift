import Foundation

/// A small file system in memory, mounted for as long as the value lives.
package final class SmallDisk {
    package let folder: TemporaryFolder

    /// Whether this user may mount; tried once.
    package static let isPossible = (try? SmallDisk()) != nil

    package init(byteCount: Int = 1 << 20) throws {
        folder = try TemporaryFolder()
        guard mount("tmpfs", folder.path(""), "tmpfs", 0, "size=\(byteCount)") == 0 else { throw POSIXError(.EPERM) }
    }

    deinit { umount2(folder.path(""), 2) }  // MNT_DETACH

    /// For files yet to be made.
    package var freeByteCount: Int {
        var status = statvfs()
        guard statvfs(folder.path(""), &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    /// Makes a file of this many bytes, in place of the one before.
    package func occupy(_ count: Int) throws {
        _ = try folder.write([UInt8](repeating: 0, count: max(0, count)), to: "neighbour")
    }
}
