package import FileIO
import Foundation
import Glibc
import RasterIO
package import Segmentation
package import TileGeometry

/// The parts of a divided run whose output is in object storage, for machines that share nothing else. A part is computed on the
/// machine's own disk, and its work is then uploaded; the merge downloads all of them.
///
///     let parts = RemoteParts(of: "/vsis3/bucket/mask.tif", work: nil)
///     try parts.fetch(part, for: local)
///     let summary = try run.compute(folder: folder, arguments: arguments)
///     try parts.store(part, of: local) { false }
package struct RemoteParts: Sendable {
    /// The mask that they are parts of.
    package let mask: String
    /// The folder in object storage that has a folder for each part.
    package let place: String

    /// Names the place of the parts; nothing need be there.
    ///
    /// - Parameters:
    ///   - mask: a path in object storage.
    ///   - work: the folder of the parts; nil for a hidden one beside the mask.
    package init(of mask: String, work: String?) {
        self.mask = mask
        guard let work else {
            place = PartSet.folder(of: mask)
            return
        }
        // Other masks may have the same folder.
        let name = FileName.last(of: mask) + "-" + SHA256.checksum(of: mask).prefix(8)
        place = FileName.joined(work, String(name))
    }

    /// Brings the work of a part that another machine has begun, where it has come further than what is here.
    ///
    /// - Parameter local: the local file that the mask is made as.
    /// - Throws: `PartError` (`.bad`) where parts of another division are there; `FileError`.
    package func fetch(_ part: ScenePart, for local: String) throws {
        if let other = try parts().first(where: { $0.count != part.count }) {
            throw PartError(
                .bad,
                "\(mask): parts of \(other.count) are there, and this would be \(part): give --part K/\(other.count), or give them "
                    + "up with overtile merge \(mask) --discard")
        }
        let folder = PartSet.folder(of: local, part)
        // Work of another command is begun anew, whatever the machine.
        if try FileStatus.exists(folder) && !isBehind(folder, part) { return }
        try download(part, into: folder)
    }

    /// True if the work of a part in object storage is of the same run as that in a folder, and has come further.
    private func isBehind(_ folder: String, _ part: ScenePart) throws(FileError) -> Bool {
        let (name, key) = (PartSet.progressName, FileName.joined(folder, PartSet.keyName))
        guard let remote = try RemoteFile.stamp(of: FileName.joined(path(of: part), name)),
            remote.size > FileStamp(path: FileName.joined(folder, name))?.size ?? 0
        else { return false }
        guard let own = FileManager.default.contents(atPath: key) else { return true }
        let other = key + ".fetched"
        defer { FileCall.unlink(other) }
        try RemoteFile.download(
            FileName.joined(path(of: part), PartSet.keyName), to: other, mostBytes: max(own.count, 1 << 20))
        return FileManager.default.contents(atPath: other) == own
    }

    /// Uploads the work of a part, as far as it has come, and removes it here. What says how far comes last.
    ///
    /// - Parameter local: the local file that the mask is made as.
    /// - Throws: `FileError`; `CancellationError`. The work stays here then.
    package func store(_ part: ScenePart, of local: String, isCancelled: () -> Bool) throws {
        let folder = PartSet.folder(of: local, part)
        // What another machine has done meanwhile is not lost to less.
        for name in try isBehind(folder, part) ? [] : PartSet.files(in: folder) {
            try RemoteFile.upload(
                FileName.joined(folder, name), to: FileName.joined(path(of: part), name), isCancelled: isCancelled)
        }
        try? FileManager.default.removeItem(atPath: PartSet.folder(of: local))
    }

    /// Returns the command that the parts were made by, which the first of them tells.
    ///
    /// - Parameter scratch: a folder for a moment.
    /// - Throws: `PartError` (`.missing`) where there are none; `FileError`.
    package func request(scratch: String) throws -> PartRequest {
        for part in try parts() {
            let folder = FileName.joined(scratch, "request-\(UInt64.random(in: 0...UInt64.max))")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try download(part, into: folder, names: [PartRequest.fileName])
            if let request = PartRequest(folder: folder) { return request }
        }
        throw none
    }

    /// Removes from this machine what `fetchAll` has brought.
    package func forget(for local: String) { try? FileManager.default.removeItem(atPath: PartSet.folder(of: local)) }

    /// Brings all parts.
    ///
    /// - Parameter local: the local file that the mask is made as.
    /// - Throws: `FileError`.
    package func fetchAll(for local: String) throws(FileError) {
        // What an earlier merge has brought may be older, and of other parts.
        forget(for: local)
        for part in try parts() { try download(part, into: PartSet.folder(of: local, part)) }
    }

    /// Removes all parts.
    ///
    /// - Returns: false where there were none.
    /// - Throws: `FileError`.
    @discardableResult
    package func remove() throws(FileError) -> Bool {
        let parts = try parts()
        for part in parts {
            for entry in try RemoteFolder.entries(of: path(of: part), recursive: false)
            where !RemoteFile.remove(entry.path) {
                throw FileError(
                    .writeFailed, "remove", path: entry.path, "the server does not let you",
                    advice: "ask for the right, or remove \(place) by other means")
            }
        }
        return !parts.isEmpty
    }

    /// The error that there are no parts.
    package var none: PartError {
        PartError(
            .missing,
            "\(mask) has no parts in \(place): make them with overtile segment --part 1/N and so on, to this output")
    }

    private func path(of part: ScenePart) -> String { FileName.joined(place, PartSet.folderName(of: part)) }

    /// The parts that are there, whole or not.
    private func parts() throws(FileError) -> [ScenePart] {
        do {
            return try RemoteFolder.entries(of: place, recursive: false).filter(\.isFolder)
                .compactMap { PartSet.part(named: FileName.last(of: $0.path)) }
                .sorted { ($0.count, $0.number) < ($1.count, $1.number) }
        } catch  where error.code == .noSuchFile {
            return []
        }
    }

    /// - Parameter names: those of the files that are wanted; nil for all.
    private func download(_ part: ScenePart, into folder: String, names: [String]? = nil) throws(FileError) {
        let entries: [RemoteFolder.Entry]
        do {
            entries = try RemoteFolder.entries(of: path(of: part), recursive: false)
        } catch  where error.code == .noSuchFile {
            return
        }
        // It has its name when all of it is there.
        let hidden = folder + ".fetched"
        try? FileManager.default.removeItem(atPath: hidden)
        do {
            try FileManager.default.createDirectory(atPath: hidden, withIntermediateDirectories: true)
        } catch {
            throw FileError(.cannotCreate, "make", path: hidden, error.localizedDescription)
        }
        for entry in entries where !entry.isFolder {
            let name = FileName.last(of: entry.path)
            guard names?.contains(name) ?? true, !name.hasPrefix(Lease.fileName) else { continue }
            try RemoteFile.download(
                entry.path, to: FileName.joined(hidden, name),
                mostBytes: name == PartRequest.fileName ? PartRequest.mostBytes : .max)
        }
        try? FileManager.default.removeItem(atPath: folder)
        guard FileCall.rename(hidden, folder) == 0 else {
            throw FileError(.cannotCreate, "make", path: folder, number: errno)
        }
    }
}
