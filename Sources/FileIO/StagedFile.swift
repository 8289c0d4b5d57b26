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
    /// True if a file of the same name may be replaced.
    var overwrite: Bool { get }
    /// True if it does not matter to the other outputs what becomes of this one once it has its name.
    var mayChange: Bool { get }
}

extension StagedOutput {
    /// Most outputs belong together.
    package var mayChange: Bool { false }
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
    /// The file itself, where the path is a link to it.
    let place: String
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
    ///   - suffix: what will be put behind the output's name for the longest name beside it.
    /// - Throws: `.outputExists`; `.cannotCreate` if the path or the folder cannot be used. A symbolic link is not replaced:
    ///   the output is what it points to.
    package init(
        path: String, overwrite: Bool, sidecars: [String] = StagedFile.sidecars, suffix: String = ""
    ) throws(FileError) {
        guard !path.hasPrefix("/vsi") else {
            throw FileError(
                .cannotCreate, path: path, "outputs are local files", advice: "write one and copy it there")
        }
        let place = try OutputPlace(path, suffix: suffix).path
        guard let prefix = Self.hiddenPrefix(path: place), Self.hiddenPrefix(path: path) != nil else {
            let reason = "it does not name a file"
            throw FileError(.cannotCreate, path: path, reason, message: "cannot create \"\(path)\": \(reason)")
        }
        folder = prefix.folder
        self.place = place
        let slash = place.lastIndex(of: "/")
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let hidden = "\(prefix.name)\(getpid())-\(random).tif"
        stagingPath = slash == nil ? hidden : String(place[...(slash ?? place.startIndex)]) + hidden
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
        [".aux.xml", ""].map { (place + $0, stagingPath + $0) }.filter { $0.0 == place || FileStatus.exists($0.1) }
    }

    /// Names of files that programs would take for part of the output: they go where it replaces another one.
    package var companions: [String] { sidecars.map { place + $0 } }

    /// True if a file of the same name may be replaced.
    package var overwrite: Bool { placement.overwrite }

    /// Flushes the file to the disk, and gives it its name.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`, `.outputExists`. The staged file is still there then.
    package func publish() throws(FileError) {
        try Self.publish(self)
    }

    /// Gives one output its names, and takes away what killed runs left of it. Where the process is killed between two
    /// names, a record in a hidden file beside them tells the next run.
    static func publish(_ output: any StagedOutput) throws(FileError) {
        removeLeftovers(of: output.path, isExclusive: false)
        let publication = try Publication([output])
        guard publication.hasSeveralSteps else { return try publication.carryOut() }
        let record = try hiddenFile(for: output.path) + recordEnding
        defer { FileCall.unlink(record) }
        try publication.write(to: record, output: output.path)
        try publication.carryOut()
    }

    /// Removes what was staged, if anything.
    package func remove() {
        for suffix in [""] + Self.sidecars + Self.temporaries {
            // Most of them are not there.
            if suffix.isEmpty || FileStatus.exists(stagingPath + suffix) { FileCall.unlink(stagingPath + suffix) }
        }
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
        if let status = FileStatus(path: place), status.kind != .file {
            let kind = status.kind == .folder ? "a folder" : "not a regular file"
            throw FileError(.cannotCreate, path: path, "it is there already and is \(kind)")
        }
        guard !overwrite else { return }
        // An orphaned sidecar would become part of the new raster.
        let names = [place] + companions + (path == place ? [] : [path])
        guard names.contains(where: FileStatus.exists) else { return }
        // A killed run may have left some of them.
        Self.removeLeftovers(of: path, isExclusive: false)
        for name in names where FileStatus.exists(name) {
            throw placement.alreadyThere(name == place ? path : name)
        }
    }
}

extension StagedFile {
    /// Returns the folder of an output and the prefix of its hidden names there, or nil for a path that names no file.
    private static func hiddenPrefix(path: String) -> (folder: String, name: String)? {
        let name = String(path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...])
        guard !name.isEmpty, name != ".", name != ".." else { return nil }
        // Names end at 255 bytes; long ones that begin alike stay apart.
        var short = name
        if name.utf8.count > 150 {
            while short.utf8.count > 130 { short.removeLast() }
            short += "-" + SHA256.checksum(of: name).prefix(16)
        }
        return (FileName.folder(of: path), ".\(short).overtile-")
    }

    /// What the names of records of a publication end in.
    private static let recordEnding = ".tif.names"

    /// A new hidden name for something of this process's beside an output.
    private static func hiddenFile(for path: String) throws(FileError) -> String {
        let place = try OutputPlace(path).path
        guard let prefix = hiddenPrefix(path: place) else {
            throw FileError(.cannotCreate, path: path, "it does not name a file")
        }
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        return FileName.joined(prefix.folder, "\(prefix.name)\(getpid())-\(random)")
    }

    /// Removes what killed processes left of an output under hidden names.
    ///
    /// - Parameters:
    ///   - path: the path that the output was to have.
    ///   - isExclusive: true if no other process can be at work on this output, so that everything is removed.
    ///     Otherwise only the files of processes that no longer exist are removed.
    package static func removeLeftovers(of path: String, isExclusive: Bool) {
        guard let place = try? OutputPlace(path).path, let prefix = hiddenPrefix(path: place),
            let folder = opendir(prefix.folder)
        else { return }
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
        // Records first: the files that they speak of may have to be taken back.
        for name in leftovers where name.hasSuffix(recordEnding) {
            Publication.settle(record: FileName.joined(prefix.folder, name))
        }
        for name in leftovers where !name.hasSuffix(recordEnding) {
            let path = FileName.joined(prefix.folder, name)
            // Outputs of several files lie in a hidden folder (`StagedFolder`).
            if FileCall.unlink(path) != 0, name.hasSuffix(".tifd") { try? FileManager.default.removeItem(atPath: path) }
        }
    }
}
