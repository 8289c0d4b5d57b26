import Foundation
import Glibc

/// An unfinished output, as far as errors about it need to know it.
package protocol StagedOutput {
    /// The path that the output will have.
    var path: String { get }
    /// The path at which it is written.
    var stagingPath: String { get }
    /// The folder that it will lie in.
    var folder: String { get }
    /// The files of the finished output, its main file last: the names that they will have, and those that they have now.
    var finishedFiles: [(path: String, staged: String)] { get }
    /// Names of files that programs would take for part of the output: they go where it replaces another one.
    var companions: [String] { get }
}

/// An output file that is written under a hidden name in its own folder, and renamed when it is complete.
///
/// The sidecar that GDAL keeps beside a raster (`.aux.xml`) is renamed first, so that nobody sees the raster without
/// it.
package final class StagedFile: StagedOutput {
    /// The path that the output will have.
    package let path: String
    /// The path at which it is written: hidden, in the same folder, and named after the process.
    package let stagingPath: String
    /// The folder of both.
    package let folder: String
    private let placement: FilePlacement
    private let sidecars: [String]

    /// The endings of files that GDAL looks for beside a raster or a picture of any name, and would take for part of
    /// it.
    package static let sidecars = [".aux.xml", ".msk", ".msk.ovr", ".ovr"]

    /// Chooses the hidden name. Nothing is created.
    ///
    /// - Parameters:
    ///   - overwrite: true if a file of the same name may be replaced.
    ///   - sidecars: the endings, appended to the output's name, of files that would become part of it. Such files are
    ///     in the way like a file of the output's own name, and are removed when that is replaced.
    /// - Throws: `.outputExists`; `.cannotCreate` if the path or the folder cannot be used.
    package init(
        path: String, overwrite: Bool, sidecars: [String] = StagedFile.sidecars
    ) throws(FileError) {
        guard !path.hasPrefix("/vsi") else {
            throw FileError(
                .cannotCreate, path: path, "outputs are local files", advice: "write one and copy it there")
        }
        guard let prefix = Self.hiddenPrefix(path: path) else {
            let reason = "it does not name a file"
            throw FileError(.cannotCreate, path: path, reason, message: "cannot create \"\(path)\": \(reason)")
        }
        folder = prefix.folder
        let slash = path.lastIndex(of: "/")
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let hidden = "\(prefix.name)\(getpid())-\(random).tif"
        stagingPath = slash == nil ? hidden : String(path[...(slash ?? path.startIndex)]) + hidden
        self.path = path
        self.sidecars = sidecars
        placement = FilePlacement(path: path, overwrite: overwrite)
        try checkTarget()
        try checkFolder()
        for name in stagedNames { StagedOutputs.add(name) }
    }

    deinit { for name in stagedNames { StagedOutputs.remove(name) } }

    /// The endings of files that GDAL makes beside a cloud-optimised file while it writes one, if it makes the
    /// overviews.
    private static let temporaries = [".ovr.tmp", ".msk.ovr.tmp"]

    /// The files that may exist while the output is unfinished.
    private var stagedNames: [String] { [stagingPath, stagingPath + ".aux.xml", stagingPath + ".ovr.tmp"] }

    /// The files of the finished output, its main file last: the names that they will have, and those that they have now.
    package var finishedFiles: [(path: String, staged: String)] {
        [".aux.xml", ""].map { (path + $0, stagingPath + $0) }.filter { $0.0 == path || FileStatus.exists($0.1) }
    }

    /// Names of files that programs would take for part of the output: they go where it replaces another one.
    package var companions: [String] { sidecars.map { path + $0 } }

    /// Flushes the file to the disk, and gives it its name.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`, `.outputExists`. The staged file is still there then.
    package func publish() throws(FileError) {
        try Publication([self], overwrite: placement.overwrite).carryOut()
    }

    /// Removes what was staged, if anything.
    package func remove() {
        for suffix in [""] + Self.sidecars + Self.temporaries { unlink(stagingPath + suffix) }
    }

    private func checkFolder() throws(FileError) {
        guard let status = FileStatus(path: folder) else {
            throw FileError(.cannotCreate, path: path, "there is no folder \(folder)", advice: "make it first")
        }
        guard status.kind == .folder else {
            throw FileError(.cannotCreate, path: path, "\(folder) is not a folder")
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            throw FileError(
                .cannotCreate, path: path, "the folder \(folder) may not be written (\(reason))",
                advice: "choose another")
        }
    }

    private func checkTarget() throws(FileError) {
        if let status = FileStatus(path: path), status.kind != .file {
            let kind = status.kind == .folder ? "a folder" : "not a regular file"
            throw FileError(.cannotCreate, path: path, "it is there already and is \(kind)")
        }
        guard !placement.overwrite else { return }
        // An orphaned sidecar would become part of the new raster.
        for suffix in [""] + sidecars where FileStatus.exists(path + suffix) {
            throw placement.alreadyThere(path + suffix)
        }
    }
}

extension StagedFile {
    /// Returns the folder of an output and the prefix of its hidden names there, or nil for a path that names no file.
    private static func hiddenPrefix(path: String) -> (folder: String, name: String)? {
        let name = String(path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...])
        guard !name.isEmpty, name != ".", name != ".." else { return nil }
        var short = name
        while short.utf8.count > 150 { short.removeLast() }  // names end at 255 bytes
        return (FileName.folder(of: path), ".\(short).overtile-")
    }

    /// Removes what killed processes left of an output under hidden names.
    ///
    /// - Parameters:
    ///   - path: the path that the output was to have.
    ///   - isExclusive: true if no other process can be at work on this output, so that everything is removed.
    ///     Otherwise only the files of processes that no longer exist are removed.
    package static func removeLeftovers(of path: String, isExclusive: Bool) {
        guard let prefix = hiddenPrefix(path: path), let folder = opendir(prefix.folder) else { return }
        defer { closedir(folder) }
        var leftovers: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(prefix.name) else { continue }
            let rest = name.dropFirst(prefix.name.count)
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let process = Int32(digits), process > 0, rest.dropFirst(digits.count).hasPrefix("-"),
                rest.contains(".tif")
            else { continue }
            let isGone = kill(process, 0) != 0 && errno == ESRCH
            if isExclusive || isGone { leftovers.append(name) }
        }
        for name in leftovers {
            let path = prefix.folder + "/" + name
            // Outputs of several files lie in a hidden folder (`StagedFolder`).
            if unlink(path) != 0, name.hasSuffix(".tifd") { try? FileManager.default.removeItem(atPath: path) }
        }
    }
}
