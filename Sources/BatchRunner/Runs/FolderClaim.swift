package import FileIO

/// The right of one process, among those of all machines that share a file system, to run scenes into a folder of outputs
/// and to write its ledger.
///
///     let claim = try FolderClaim("masks")
///     let ledger = try Ledger(folder: claim.output, access: .writing)
///
/// It has the folder's lock, which tells at once of other runs on this machine, and the lease of its parts, which tells of
/// those on others. No part of a divided batch is begun meanwhile.
package final class FolderClaim: Sendable {
    /// The folder of the outputs, as the caller named it.
    package let output: String

    private let parts: PartsFolder
    private let lock: FolderLock
    private let lease: Lease

    /// Takes the folder, which is there.
    ///
    /// - Throws: `FileError` (`.locked` while another run works in the folder; `.cannotCreate`, `.outOfSpace`); `PartError`
    ///   where parts of a divided batch lie in it.
    package init(_ output: String) throws {
        (self.output, parts) = (output, PartsFolder(of: output))
        lock = try FolderLock(folder: output, hasLease: true)
        lease = try parts.leaseOfWhole()
    }

    deinit { parts.giveBack(lease) }

    /// Returns normally while no other process has taken the folder, which happens to one that was silent for minutes. That the
    /// folder itself is gone is told by whoever writes into it.
    ///
    /// - Throws: `FileError` (`.locked`).
    package func requireHeld() throws(FileError) {
        if FileStatus.exists(output) { try lease.require("the folder", of: output) }
    }
}
