import CGDAL  // includes <sys/stat.h>: in a whole-module build, Swift takes it for where `stat` comes from
import Glibc

/// What the system says of a path.
struct FileStatus {
    enum Kind {
        case file, folder, other
    }

    let kind: Kind
    /// In bytes.
    let size: Int

    /// Follows links.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// - Parameter descriptor: of an open file.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Whether anything has this name, a link that leads nowhere included.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
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
    }
}
