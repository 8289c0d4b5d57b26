import CGDAL  // includes <sys/stat.h>: in a whole-module build, Swift takes it for where `stat` comes from
import Glibc

/// What the system says of a path. Rooms above ask here too, as which module `stat` comes from depends, in theirs, on what
/// was compiled before.
public struct FileStatus: Equatable, Sendable {
    public enum Kind: Sendable {
        case file, folder, other
    }

    public let kind: Kind
    /// In bytes.
    public let size: Int
    /// Of the last change to the contents, in nanoseconds since 1970.
    public let modified: Int
    /// Of the last change to anything about the file, its name included, in nanoseconds since 1970.
    public let changed: Int
    /// With `inode`, what tells a file from any other, whatever their names.
    public let device: UInt64
    public let inode: UInt64

    /// - Parameter followsLinks: false for the link itself, which is of the kind `.other`.
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    public init?(path: String, followsLinks: Bool = true) {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(status)
    }

    /// - Parameters:
    ///   - name: in an open folder; links are followed.
    ///   - folder: its descriptor.
    public init?(name: UnsafePointer<CChar>, inFolder folder: Int32) {
        var status = stat()
        guard fstatat(folder, name, &status, 0) == 0 else { return nil }
        self.init(status)
    }

    /// - Parameter descriptor: of an open file.
    public init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Whether anything has this name, a link that leads nowhere included.
    package static func exists(_ path: String) -> Bool {
        FileStatus(path: path, followsLinks: false) != nil
    }

    /// Whether GDAL finds anything under one of its own paths.
    static func existsVirtually(_ path: String) -> Bool {
        var status = stat()  // GDAL's stat64, which Swift does not import, is the same where a file offset has 64 bits
        return withUnsafeMutablePointer(to: &status) { status in
            GDALMessages().during { VSIStatExL(path, OpaquePointer(status), VSI_STAT_EXISTS_FLAG) == 0 }
        }
    }

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
    }

    /// Wraps around for times that no file should have: only differences and equality are asked for.
    private static func nanoseconds(_ time: timespec) -> Int { Int(time.tv_sec) &* 1_000_000_000 &+ Int(time.tv_nsec) }
}
