import FileIO
import SceneRunner
import Segmentation
package import TileGeometry

/// The right of one process to make a part of a batch, and what the part's earlier runs have left.
///
///     let claim = try PartClaim(part, of: PartsFolder(of: "masks"))
///     let scenes = try SceneInputs(inputs, ignoring: claim.written()).scenes
package final class PartClaim: Sendable {
    /// The part.
    package let part: ScenePart
    /// A ledger in memory. It knows what the folder's ledger, earlier runs of the part, and a killed merge have told of scenes.
    package let ledger: Ledger

    let folder: PartsFolder
    let lease: Lease
    /// The record of the part's earlier runs; nil where there is none.
    let earlier: PartRecord?
    private let user: UInt32

    /// Takes a part, in whose output folder nobody makes a whole batch meanwhile (`FolderClaim`).
    ///
    /// - Throws: `FileError` (`.locked` where another process has the part, or merges); `PartError` (`.bad`) where parts of
    ///   another division are there; `LedgerError`.
    package init(_ part: ScenePart, of folder: PartsFolder) throws {
        if let other = folder.parts.first(where: { $0.count != part.count }) {
            throw PartError(
                .bad,
                "\(folder.output): parts of \(other.count) are there, and this would be \(part): give --part K/\(other.count), or "
                    + folder.discarding)
        }
        (self.part, self.folder) = (part, folder)
        lease = try folder.lease(of: part)
        do {
            user = try folder.requireOwn()
            ledger = try Ledger(copying: folder.output)
            try ledger.requeueInterrupted()
            try ledger.forgetNeverFound()
            // What a merge has given its name before it was killed is the batch's own.
            _ = try PartRecord(folder: folder.path, owner: user)?.isAdopted(by: ledger)
            let record = PartRecord(folder: folder.path(of: part), owner: user)
            earlier = try record?.isAdopted(by: ledger) == true ? record : nil
            try ledger.requeueInterrupted()
        } catch {
            Self.release(lease, of: part, in: folder)
            throw error
        }
    }

    /// Returns the canonical paths of all outputs that the folder's ledger, and the parts so far, have made or begun.
    ///
    /// - Throws: `LedgerError`.
    package func written() throws -> Set<String> {
        var written: Set<String> = []
        try ledger.forEachEntry { entry in entry.outputs.forEach { written.insert($0.path) } }
        for record in others() { record.lines.values.forEach { $0.entry?.outputs.forEach { written.insert($0.path) } } }
        return written
    }

    /// True if no part has a record yet.
    var isFirst: Bool { earlier == nil && others(headOnly: true).first { _ in true } == nil }

    /// Refuses to make a part of another batch than that which other parts are of, before any work is done.
    ///
    /// - Throws: `PartError` (`.bad`).
    func requireSame(_ head: PartRecord.Head) throws {
        for record in others(headOnly: true) {
            guard let other = record.head else { continue }
            let differences = head.differences(from: other)
            guard !differences.isEmpty else { continue }
            throw PartError(
                .bad,
                "\(folder.output), \(part): it does not go with \(other.part): \(differences.joined(separator: " and ")) changed: "
                    + "make it in \(other.request.folder) with: \(other.request.line(for: part)); or \(folder.discarding) to begin "
                    + "anew")
        }
    }

    /// The records of the other parts, one in memory at a time.
    private func others(headOnly: Bool = false) -> some Sequence<PartRecord> {
        folder.parts.lazy.filter { [part] in $0 != part }.compactMap { [folder, user] in
            PartRecord(folder: folder.path(of: $0), owner: user, headOnly: headOnly)
        }
    }

    deinit { release() }

    /// Gives the part back. Where nothing was begun, nothing is left of it.
    func release() { Self.release(lease, of: part, in: folder) }

    private static func release(_ lease: Lease, of part: ScenePart, in folder: PartsFolder) {
        lease.release()
        guard !FileStatus.exists(folder.path(of: part) + "/" + PartRecord.fileName) else { return }
        FileCall.removeFolder(folder.path(of: part))
        FileCall.removeFolder(folder.path)
    }
}
