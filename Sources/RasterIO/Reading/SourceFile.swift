import CGDAL  // includes <sys/stat.h>: in a whole-module build, Swift takes it for where `stat` comes from
package import FileIO
import Glibc

/// One of the files that a raster is made of, with its size and time, which tell without reading it whether it is still
/// the file that it was.
package struct SourceFile: Codable, Hashable, Sendable {
    /// The absolute path without symbolic links; a `/vsi…` path as it was given.
    package let path: String
    /// The size and the time of the file. Of what lies in an archive, these are the archive's; of what lies on a server,
    /// the time is in whole seconds, and 0 where the server does not say.
    package let stamp: FileStamp

    /// Looks at the file that is there now; links are followed.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen.
    package init?(path: String) {
        if path.hasPrefix("/vsi") {
            guard let stamp = Self.archiveStamp(path) ?? Self.virtualStamp(path) else { return nil }
            (self.path, self.stamp) = (path, stamp)
        } else {
            guard let resolved = CanonicalPath.existing(path), let stamp = FileStamp(path: resolved) else { return nil }
            (self.path, self.stamp) = (resolved, stamp)
        }
    }

    /// The local file that a virtual path leads into, as `/vsizip//data/scenes.zip/a.tif` does.
    private static func archiveStamp(_ path: String) -> FileStamp? {
        var rest = path[...]
        while rest.hasPrefix("/vsi"), let slash = rest.dropFirst().firstIndex(of: "/") {
            rest = rest[rest.index(after: slash)...]
        }
        while !rest.isEmpty {
            if let status = FileStatus(path: String(rest)) { return status.kind == .file ? status.stamp : nil }
            rest = rest[..<(rest.lastIndex(of: "/") ?? rest.startIndex)]
        }
        return nil
    }

    /// Returns what GDAL finds under one of its own paths. Its stat64, which Swift does not import, is the same as
    /// `stat` where a file offset has 64 bits.
    private static func virtualStamp(_ path: String) -> FileStamp? {
        // What GDAL knew a while ago may have been replaced since.
        if RemoteFile.isOnServer(path) { VSICurlPartialClearCache(path) }
        var status = stat()
        let isThere = withUnsafeMutablePointer(to: &status) { status in
            GDALMessages().during { VSIStatExL(path, OpaquePointer(status), 0) == 0 }
        }
        guard isThere else { return nil }
        let modified = Int(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int(status.st_mtim.tv_nsec)
        return FileStamp(size: Int(status.st_size), modified: modified)
    }

    /// The keys of one flat object, which ledgers and work in progress have had from the start.
    private enum CodingKeys: String, CodingKey {
        case path, bytes, modified
    }

    /// Reads the object that `encode` writes.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        path = try values.decode(String.self, forKey: .path)
        stamp = FileStamp(
            size: try values.decode(Int.self, forKey: .bytes), modified: try values.decode(Int.self, forKey: .modified))
    }

    /// Writes one flat object: the path, the bytes and the time.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(path, forKey: .path)
        try values.encode(stamp.size, forKey: .bytes)
        try values.encode(stamp.modified, forKey: .modified)
    }
}
