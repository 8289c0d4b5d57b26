import CLinux
import Foundation
import Glibc

/// The system's information about a path. All rooms use this type, because in those that include GDAL's headers, the
/// module from which `stat` comes depends on what was compiled before.
package struct FileStatus: Equatable, Sendable {
    /// The kind of thing that is under the path.
    package enum Kind: Sendable {
        case file, folder
        /// A pipe, a socket, a device, or a link that was not followed.
        case other
    }

    /// The kind of thing that is under the path.
    package let kind: Kind
    /// The size in bytes.
    package private(set) var size: Int
    /// The time of the last change to the contents, in nanoseconds since 1970.
    package private(set) var modified: Int
    /// The time of the last change to anything about the file, its name included, in nanoseconds since 1970.
    package private(set) var changed: Int
    /// The number of the device that it lies on.
    package let device: UInt64
    /// The number of the file on its device.
    package let inode: UInt64
    /// The number of the user that it belongs to.
    package let owner: UInt32

    /// Looks up a path.
    ///
    /// - Parameter followsLinks: false for the link itself, which is of the kind `.other`.
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    package init?(path: String, followsLinks: Bool = true) {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(status)
    }

    /// Looks up an entry of an open folder. Links are followed.
    ///
    /// - Parameters:
    ///   - name: the entry's name.
    ///   - folder: the descriptor of the folder.
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    package init?(name: UnsafePointer<CChar>, inFolder folder: Int32) {
        var status = stat()
        guard fstatat(folder, name, &status, 0) == 0 else { return nil }
        self.init(status)
    }

    /// Looks up an open file by its descriptor.
    package init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Looks up a scene: a file, or a folder, such as that of a satellite product, with all that it holds.
    ///
    /// For a folder, the size is that of all files in it, and the times are the latest of any. Links to folders are not
    /// followed.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    package init?(scene path: String) {
        guard var status = FileStatus(path: path) else { return nil }
        if status.kind == .folder {
            // Its own size says how many names it has room for.
            status.size = 0
            let names = FileManager.default.enumerator(atPath: path)
            for _ in 0..<Self.mostFiles {
                guard let name = names?.nextObject() as? String else { break }
                guard let other = FileStatus(path: FileName.joined(path, name)) else { continue }
                if other.kind == .file { status.size &+= other.size }
                status.modified = max(status.modified, other.modified)
                status.changed = max(status.changed, other.changed)
            }
        }
        self = status
    }

    /// The number of a folder's files that are looked up at most. A product has some hundred.
    private static let mostFiles = 10_000

    /// Returns true if anything has this name, even a link that leads nowhere.
    package static func exists(_ path: String) -> Bool {
        FileStatus(path: path, followsLinks: false) != nil
    }

    /// The identity of a file or a folder, which tells it from any other, whatever their names.
    package struct Identity: Hashable, Sendable {
        fileprivate let device: UInt64
        fileprivate let inode: UInt64
    }

    /// The identity of what is under the path.
    package var identity: Identity { Identity(device: device, inode: inode) }

    /// The size and the time of the last change to the contents.
    package var stamp: FileStamp { FileStamp(size: size, modified: modified) }

    private init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        default: kind = .other
        }
        size = Int(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        owner = status.st_uid
    }

    /// Returns a time in nanoseconds. It wraps around for times that no file should have, because only differences and
    /// equality matter.
    private static func nanoseconds(_ time: timespec) -> Int { Int(time.tv_sec) &* 1_000_000_000 &+ Int(time.tv_nsec) }
}

/// The size and the time of a file, which tell cheaply that it was replaced or is still growing.
package struct FileStamp: Codable, Hashable, Sendable {
    /// The size in bytes.
    package var size: Int
    /// The time of the last change to the contents, in nanoseconds since 1970.
    package var modified: Int

    /// Makes a stamp of known numbers, in bytes and in nanoseconds since 1970.
    package init(size: Int, modified: Int) {
        self.size = size
        self.modified = modified
    }

    /// Looks up the stamp of a file. Links are followed.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    package init?(path: String) {
        guard let status = FileStatus(path: path) else { return nil }
        self = status.stamp
    }

    /// Looks up the stamp of a scene: a file, or a folder with all that it holds (`FileStatus.init(scene:)`).
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    package init?(scene path: String) {
        guard let status = FileStatus(scene: path) else { return nil }
        self = status.stamp
    }

    /// The stamp of a scene that is not a local file, such as one on a server.
    package static let unknown = FileStamp(size: 0, modified: 0)
}

/// The free space on a disk.
package enum FileSpace {
    /// Makes a file this long, and reserves room on the disk for all of it.
    ///
    /// - Returns: false if there is not enough room, or the file system cannot tell; `errno` says which. The file may
    ///   then have either length.
    package static func reserve(_ bytes: Int, descriptor: Int32) -> Bool {
        FileCall.reserve(descriptor, bytes) == 0
    }

    /// Returns true if a file can be written in a folder, which is tried with a small hidden one.
    package static func canWrite(in folder: String) -> Bool {
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let path = FileName.joined(folder, ".overtile-trial-\(getpid())-\(random)")
        let descriptor = FileCall.open(path, O_WRONLY | O_CREAT | O_EXCL)
        guard descriptor >= 0 else { return false }
        defer {
            close(descriptor)
            FileCall.unlink(path)
        }
        let bytes = [UInt8](repeating: 0, count: 4096)
        return bytes.withUnsafeBytes { FileCall.writeAll(descriptor, $0) } == 0 && FileCall.sync(descriptor) == 0
    }

    /// Returns true if the disk under a folder has less room than this many bytes for the user.
    package static func isShort(of bytes: Int, in folder: String) -> Bool {
        var status = statvfs()
        // File systems such as /proc have no blocks at all, which is not a full disk.
        guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return false }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize) < UInt64(bytes)
    }
}
