// GDAL's headers include <sys/stat.h>: which module then owns `stat` depends on what was compiled before.
import CGDAL
import Glibc

/// An output file under way: written under a temporary name in its own folder, and renamed when it is complete.
///
/// The sidecar that GDAL keeps beside a raster (`.aux.xml`) goes the same way, first, so that nobody sees the raster
/// without it.
package final class StagedFile {
    /// Where the output will be.
    package let path: String
    /// Where it is written: hidden, in the same folder, named after its process.
    package let stagingPath: String
    package let folder: String
    private let overwrite: Bool

    /// What GDAL looks for beside a raster of any name, and would take for part of it.
    private static let sidecars = [".aux.xml", ".msk", ".msk.ovr", ".ovr"]

    /// - Throws: `.outputExists`; `.cannotCreate` where the folder will not do.
    init(path: String, overwrite: Bool) throws(RasterError) {
        guard !path.hasPrefix("/vsi") else {
            throw RasterError(
                .cannotCreate, path: path, "cannot create \(path): outputs are local files; write one and copy it there"
            )
        }
        guard let prefix = Self.hiddenPrefix(path: path) else {
            throw RasterError(.cannotCreate, path: path, "cannot create \"\(path)\": it does not name a file")
        }
        folder = prefix.folder
        let slash = path.lastIndex(of: "/")
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let hidden = "\(prefix.name)\(getpid())-\(random).tif"
        stagingPath = slash == nil ? hidden : String(path[...(slash ?? path.startIndex)]) + hidden
        self.path = path
        self.overwrite = overwrite
        try checkTarget()
        try checkFolder()
        for name in stagedNames { StagedOutputs.add(name) }
    }

    /// The folder of an output, and how its hidden names there begin; nil for a path that names no file.
    static func hiddenPrefix(path: String) -> (folder: String, name: String)? {
        let slash = path.lastIndex(of: "/")
        let name = String(slash.map { path[path.index(after: $0)...] } ?? path[...])
        guard !name.isEmpty, name != ".", name != ".." else { return nil }
        var short = name
        while short.utf8.count > 150 { short.removeLast() }  // names end at 255 bytes
        return (slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".", ".\(short).overtile-")
    }

    deinit { for name in stagedNames { StagedOutputs.remove(name) } }

    /// What GDAL makes beside a cloud-optimised file while it writes one, where it makes the overviews.
    private static let temporaries = [".ovr.tmp", ".msk.ovr.tmp"]

    /// The files that are there while the output is under way.
    private var stagedNames: [String] { [stagingPath, stagingPath + ".aux.xml", stagingPath + ".ovr.tmp"] }

    /// Makes the file appear under its name, all bytes on the disk.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`, `.outputExists`. The staged file is still there then.
    func publish() throws(RasterError) {
        let hasSidecar = FileStatus.exists(stagingPath + ".aux.xml")
        try flush(stagingPath)
        if hasSidecar { try flush(stagingPath + ".aux.xml") }
        if overwrite {
            for suffix in Self.sidecars where suffix != ".aux.xml" || !hasSidecar { unlink(path + suffix) }
        }
        if hasSidecar { try move(from: stagingPath + ".aux.xml", to: path + ".aux.xml") }
        do {
            try move(from: stagingPath, to: path)
        } catch {
            if hasSidecar { unlink(path + ".aux.xml") }
            throw error
        }
        // The new name itself is in the folder; some file systems cannot sync one, which is no reason to fail.
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
    }

    /// Removes what was staged, if anything.
    func remove() {
        for suffix in [""] + Self.sidecars + Self.temporaries { unlink(stagingPath + suffix) }
    }

    /// Whether the disk under the folder has less room than `bytes` for this user.
    package func isOutOfSpace(forWriting bytes: Int) -> Bool {
        var status = statvfs()
        // File systems such as /proc have no blocks at all, which is not a full disk.
        guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return false }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize) < UInt64(bytes)
    }

    private func checkFolder() throws(RasterError) {
        guard let status = FileStatus(path: folder) else {
            throw RasterError(
                .cannotCreate, path: path, "cannot create \(path): there is no folder \(folder); make it first")
        }
        guard status.kind == .folder else {
            throw RasterError(.cannotCreate, path: path, "cannot create \(path): \(folder) is not a folder")
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            throw RasterError(
                .cannotCreate, path: path,
                "cannot create \(path): the folder \(folder) may not be written (\(reason)); choose another")
        }
    }

    private func checkTarget() throws(RasterError) {
        if let status = FileStatus(path: path), status.kind != .file {
            let kind = status.kind == .folder ? "a folder" : "not a regular file"
            throw RasterError(.cannotCreate, path: path, "cannot create \(path): it is there already and is \(kind)")
        }
        guard !overwrite else { return }
        // An orphaned sidecar would become part of the new raster.
        for suffix in [""] + Self.sidecars where FileStatus.exists(path + suffix) { throw alreadyThere(path + suffix) }
    }

    private func move(from old: String, to new: String) throws(RasterError) {
        if overwrite {
            guard rename(old, new) != 0 else { return }
        } else {
            // Another program may have made the file in the meantime: a hard link, unlike renaming, never replaces one.
            if link(old, new) == 0 {
                unlink(old)
                return
            }
            if errno == EEXIST { throw alreadyThere(new) }
            // Some file systems have no hard links.
            if FileStatus.exists(new) { throw alreadyThere(new) }
            guard rename(old, new) != 0 else { return }
        }
        throw failure("rename", errno)
    }

    private func flush(_ file: String) throws(RasterError) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("reopen", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", errno) }
    }

    private func failure(_ what: String, _ number: Int32) -> RasterError {
        .failed(to: what + " the finished", path, number: number)
    }

    private func alreadyThere(_ file: String) -> RasterError {
        RasterError(.outputExists, path: path, "\(file) is there already; choose another name, or give --overwrite")
    }
}
