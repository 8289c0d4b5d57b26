import CGDAL  // as in FileStatus.swift: where `stat` comes from
import Glibc

/// A file's size and time: what tells, without reading it, whether a file is the one that it was.
public struct FileStamp: Codable, Hashable, Sendable {
    /// Absolute, without symbolic links; a `/vsi…` path as it was given.
    public let path: String
    /// Of the archive, for what lies in one.
    public let bytes: Int
    /// Of the last change to the contents, in nanoseconds since 1970. Of what lies on a server in whole seconds, and 0 where
    /// it does not say.
    public let modified: Int

    /// Follows links.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen.
    public init?(path: String) {
        if path.hasPrefix("/vsi") {
            if let archive = Self.archive(of: path) {
                self.init(path: path, archive)
                return
            }
            var status = stat()  // see FileStatus.existsVirtually
            let isThere = withUnsafeMutablePointer(to: &status) { status in
                GDALMessages().during { VSIStatExL(path, OpaquePointer(status), 0) == 0 }
            }
            guard isThere else { return nil }
            self.init(path: path, status)
        } else {
            var status = stat()
            guard let resolved = realpath(path, nil) else { return nil }
            defer { free(resolved) }
            guard stat(resolved, &status) == 0 else { return nil }
            self.init(path: String(cString: resolved), status)
        }
    }

    /// The local file that a virtual path leads into, as `/vsizip//data/scenes.zip/a.tif` does.
    private static func archive(of path: String) -> stat? {
        var rest = path[...]
        while rest.hasPrefix("/vsi"), let slash = rest.dropFirst().firstIndex(of: "/") {
            rest = rest[rest.index(after: slash)...]
        }
        while !rest.isEmpty {
            var status = stat()
            if stat(String(rest), &status) == 0 { return status.st_mode & S_IFMT == S_IFREG ? status : nil }
            rest = rest[..<(rest.lastIndex(of: "/") ?? rest.startIndex)]
        }
        return nil
    }

    private init(path: String, _ status: stat) {
        self.path = path
        bytes = Int(status.st_size)
        modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
    }
}
