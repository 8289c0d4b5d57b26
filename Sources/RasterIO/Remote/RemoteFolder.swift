import CGDAL
package import FileIO
import Glibc

/// Looks over folders in object storage, which has none: a folder is the beginning that the names of some objects have in
/// common, up to a slash.
///
///     for entry in try RemoteFolder.entries(of: "/vsis3/bucket/scenes", recursive: false) { print(entry.path) }
package enum RemoteFolder {
    /// An object, or a folder, in a folder.
    package struct Entry: Equatable, Sendable {
        /// The path under which GDAL opens it; without a slash at the end.
        package let path: String
        package let isFolder: Bool
        /// Size and time of an object. The time is one of the server's, in whole seconds.
        package let stamp: FileStamp
    }

    /// Returns true for the path of a folder that has anything in it. A path with a slash at its end is meant as one.
    package static func exists(_ path: String) -> Bool {
        var status = stat()
        let isThere = withUnsafeMutablePointer(to: &status) { status in
            GDALMessages().during {
                VSIStatExL(path, OpaquePointer(status), Int32(VSI_STAT_EXISTS_FLAG | VSI_STAT_NATURE_FLAG)) == 0
            }
        }
        return isThere && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Returns what a folder has, in order of the names.
    ///
    /// GDAL takes a server that is busy for the end of a list. So a folder is listed twice, and what either list has counts.
    ///
    /// - Parameter recursive: true for all objects in the folders inside it too.
    /// - Throws: `FileError`: `.noSuchFile` for a folder in which nothing is, `.readFailed` where the server does not say.
    package static func entries(of folder: String, recursive: Bool) throws(FileError) -> [Entry] {
        var folder = folder
        while folder.hasSuffix("/") { folder.removeLast() }
        var found: [String: Entry] = [:]
        for _ in 0..<2 {
            for entry in listed(folder, recursive) { found[entry.path] = entry }
        }
        if found.isEmpty {
            // An object that is asked for tells an empty folder from a server that gives no answer.
            VSICurlPartialClearCache(folder)
            do throws(FileError) {
                _ = try RemoteFile.stamp(of: FileName.joined(folder, ".overtile-nothing"))
            } catch {
                throw FileError(.readFailed, "list", path: folder, error.reason, advice: error.advice)
            }
            throw FileError(
                .noSuchFile, "list", path: folder, "nothing is there", advice: "look at its name, and at credentials")
        }
        return found.values.sorted { $0.path < $1.path }
    }

    private static func listed(_ folder: String, _ recursive: Bool) -> [Entry] {
        VSICurlPartialClearCache(folder)
        let messages = GDALMessages(keepsWarnings: true)
        guard let listing = messages.during({ VSIOpenDir(folder, recursive ? -1 : 0, nil) }) else { return [] }
        defer { VSICloseDir(listing) }
        var found: [Entry] = []
        while let entry = messages.during({ VSIGetNextDirEntry(listing) })?.pointee {
            guard let bytes = entry.pszName, let name = String(validatingCString: bytes),
                let last = name.split(separator: "/").last, last != "..", last != "."
            else { continue }
            found.append(
                Entry(
                    path: FileName.joined(folder, name.hasSuffix("/") ? String(name.dropLast()) : name),
                    isFolder: mode_t(truncatingIfNeeded: entry.nMode) & S_IFMT == S_IFDIR,
                    stamp: FileStamp(
                        size: Int(clamping: entry.nSize), modified: Int(clamping: entry.nMTime) &* 1_000_000_000)))
        }
        return found
    }
}
