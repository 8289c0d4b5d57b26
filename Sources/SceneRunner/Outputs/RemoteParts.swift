package import FileIO
import Foundation
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
        var place = work ?? PartSet.folder(of: mask)
        while place.hasSuffix("/") { place.removeLast() }
        self.place = place
    }

    /// Brings the work of a part that another machine has begun, where there is none of it here.
    ///
    /// - Parameter local: the local file that the mask is made as.
    /// - Throws: `FileError`.
    package func fetch(_ part: ScenePart, for local: String) throws(FileError) {
        let folder = PartSet.folder(of: local, part)
        guard !FileStatus.exists(folder) else { return }
        try download(part, into: folder)
    }

    /// Uploads the work of a part, as far as it has come, and removes it here. What says how far comes last.
    ///
    /// - Parameter local: the local file that the mask is made as.
    /// - Throws: `FileError`; `CancellationError`. The work stays here then.
    package func store(_ part: ScenePart, of local: String, isCancelled: () -> Bool) throws {
        let folder = PartSet.folder(of: local, part)
        for name in PartSet.files(in: folder) {
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

    /// Brings all parts.
    ///
    /// - Parameter local: the local file that the mask is made as.
    /// - Throws: `FileError`.
    package func fetchAll(for local: String) throws(FileError) {
        // What an earlier merge has brought may be older, and of other parts.
        try? FileManager.default.removeItem(atPath: PartSet.folder(of: local))
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
            for entry in try RemoteFolder.entries(of: path(of: part), recursive: false) {
                RemoteFile.remove(entry.path)
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
            return try RemoteFolder.entries(of: place, recursive: false)
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
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw FileError(.cannotCreate, "make", path: folder, error.localizedDescription)
        }
        for entry in entries where !entry.isFolder {
            let name = FileName.last(of: entry.path)
            guard names?.contains(name) ?? true, !name.hasPrefix(Lease.fileName), name != ".." else { continue }
            try RemoteFile.download(entry.path, to: FileName.joined(folder, name))
        }
    }
}
