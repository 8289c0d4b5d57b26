import FileIO
import Foundation
import RasterIO
import SceneRunner
import Synchronization

/// The copy of a ledger that lies beside outputs in object storage, so that whoever runs scenes into them next knows what was
/// done: on another machine too, as long as no two work at a time.
///
///     let copy = LedgerCopy(of: layout)
///     try copy.fetch()
///     let ledger = try Ledger(folder: layout.state, access: .writing)
///     try copy.store(ledger)
package final class LedgerCopy: Sendable {
    /// The folder that has the ledger on this machine.
    private let folder: String
    private let remote: String
    /// The time of the last copy, as the system's steady clock has it.
    private let stored = Mutex<ContinuousClock.Instant?>(nil)

    private var local: String { FileName.joined(folder, Ledger.fileName) }
    /// What the copy was when this machine last read or wrote it.
    private var notePath: String { FileName.joined(folder, "ledger-copy.json") }
    /// A large copy is written at the end, and meanwhile as often as this.
    private static let interval = Duration.seconds(60)
    /// A ledger of no more bytes is copied before each scene's outputs are uploaded.
    private static let smallBytes = 1 << 20
    /// More bytes than a ledger has.
    private static let mostBytes = 1 << 30

    /// Names the copy for outputs in object storage.
    ///
    /// - Parameters:
    ///   - remote: the folder of the masks.
    ///   - folder: the folder of the ledger on this machine.
    package init(remote: String, folder: String) {
        self.folder = folder
        self.remote = FileName.joined(remote, Ledger.fileName)
    }

    /// Takes over what other machines have written since. What this machine has done since its own last copy stays known.
    ///
    /// Only for who has the folder (`FolderClaim`).
    ///
    /// - Throws: `FileError`, `LedgerError`.
    package func fetch() throws {
        guard let stamp = try RemoteFile.stamp(of: remote), !isKnown(stamp) else { return }
        try withDownloaded { other in
            var entries = try other.entries()
            let ledger = try Ledger(folder: folder, access: .writing)
            let own = Dictionary(try ledger.entries().map { ($0.scene, $0) }, uniquingKeysWith: { $1 })
            entries.removeAll { entry in
                guard let mine = own[entry.scene]?.finished else { return false }
                return mine > entry.finished ?? .distantPast
            }
            for index in entries.indices {
                // Whoever writes into the bucket has no say over files of this machine.
                entries[index].outputs.removeAll { !RemoteFile.isRemote($0.path) }
            }
            try ledger.adopt(entries)
        }
        try remember(stamp)
    }

    /// Calls a function with a ledger to read: that of this machine, or the copy where others have written it since.
    ///
    /// - Throws: what the function throws; `FileError`, `LedgerError`.
    package func read(_ body: (Ledger) throws -> Void) throws {
        let stamp = try RemoteFile.stamp(of: remote)
        if let stamp, !isKnown(stamp) { return try withDownloaded(body) }
        guard stamp != nil || FileStatus.exists(local) else {
            throw LedgerError(
                .noLedger,
                "there is no ledger in \(FileName.folder(of: remote)): nothing was run into it by overtile batch or watch"
            )
        }
        try body(try Ledger(folder: folder, access: .reading))
    }

    private func withDownloaded(_ body: (Ledger) throws -> Void) throws {
        let fresh = NSTemporaryDirectory() + "overtile-ledger-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(
            atPath: fresh, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: fresh) }
        let file = FileName.joined(fresh, Ledger.fileName)
        try RemoteFile.download(remote, to: file, mostBytes: Self.mostBytes)
        do {
            try body(try Ledger(folder: fresh, access: .reading))
        } catch let error as LedgerError {
            throw LedgerError(error.code, error.description.replacing(file, with: remote))
        }
    }

    /// True if this machine has written the copy last, or read it.
    private func isKnown(_ stamp: FileStamp) -> Bool {
        guard FileStatus.exists(local), let note = FileManager.default.contents(atPath: notePath),
            let known = try? StoredJSON.decode(FileStamp.self, from: note)
        else { return false }
        return known == stamp
    }

    /// Writes the copy, if it is small or that was not done just before.
    ///
    /// - Throws: as `store`.
    func storeNowAndThen(_ ledger: Ledger) throws {
        if let stamp = FileStamp(path: ledger.path), stamp.size <= Self.smallBytes { return try store(ledger) }
        let isDue = stored.withLock { last in
            guard let time = last else {
                last = .now
                return false
            }
            guard time.duration(to: .now) >= Self.interval else { return false }
            last = .now
            return true
        }
        if isDue { try store(ledger) }
    }

    /// Writes the copy.
    ///
    /// - Throws: `FileError`, `LedgerError`.
    package func store(_ ledger: Ledger) throws {
        stored.withLock { $0 = .now }
        try ledger.whileUnchanged { try RemoteFile.upload(ledger.path, to: remote, isCancelled: { false }) }
        if let stamp = try RemoteFile.stamp(of: remote) { try remember(stamp) }
    }

    private func remember(_ stamp: FileStamp) throws {
        try StagedDocument.write(Array(try JSONEncoder().encode(stamp)), to: notePath, overwrite: true)
    }
}
