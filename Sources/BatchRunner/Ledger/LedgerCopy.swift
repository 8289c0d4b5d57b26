import FileIO
import Foundation
import RasterIO
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
    /// Copies are written at the end, and meanwhile as often as this.
    private static let interval = Duration.seconds(60)

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
    /// - Throws: `FileError`, `LedgerError`.
    package func fetch() throws {
        guard let stamp = try RemoteFile.stamp(of: remote) else { return }
        let note = FileManager.default.contents(atPath: notePath)
        if let note, let known = try? StoredJSON.decode(FileStamp.self, from: note), known == stamp,
            FileStatus.exists(local)
        {
            return
        }
        let fresh = FileName.joined(folder, "ledger-fetched")
        try FileManager.default.createDirectory(atPath: fresh, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: fresh) }
        let file = FileName.joined(fresh, Ledger.fileName)
        try RemoteFile.download(remote, to: file)
        // A file that is no ledger is refused here, and the own one stays.
        let other = try Ledger(folder: fresh, access: .reading)
        var entries = try other.entries()
        let ledger = try Ledger(folder: folder, access: .writing)
        let own = Dictionary(try ledger.entries().map { ($0.scene, $0) }, uniquingKeysWith: { $1 })
        entries.removeAll { entry in
            guard let mine = own[entry.scene]?.finished else { return false }
            return mine > entry.finished ?? .distantPast
        }
        try ledger.adopt(entries)
        try remember(stamp)
    }

    /// Writes the copy, if that was not done just before.
    ///
    /// - Throws: as `store`.
    func storeNowAndThen(_ ledger: Ledger) throws {
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
