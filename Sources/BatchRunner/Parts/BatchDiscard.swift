import FileIO
package import Segmentation

/// The right to give up the division of a batch. The folder's ledger then remembers what its parts have done, so that any
/// later batch finds those scenes done or replaces what was begun of them, and nothing is left of the parts.
///
///     let discard = try BatchDiscard(of: "masks")
///     let count = try discard.run(ledger, masks: discard.cutScenes.map { layout.outputs(for: $0, date: Date()).mask })
package final class BatchDiscard {
    /// The command that the parts were made by; nil where no record tells.
    package let request: PartRequest?
    /// The scenes of which parts have pieces.
    package let cutScenes: [String]

    private let folder: PartsFolder
    private let lease: Lease
    private let records: [PartRecord]

    /// Takes the right, and reads the records that can be read.
    ///
    /// - Parameter output: the folder of the outputs.
    /// - Throws: `PartError`: `.missing` where there are no parts, `.running` while one is being made, `.bad` where one belongs to
    ///   somebody else; `FileError` (`.locked` where another process merges).
    package init(of output: String) throws {
        let folder = PartsFolder(of: output)
        lease = try folder.leaseOfAll()
        try folder.requireNobodyAtParts()
        let user = try folder.requireOwn()
        // What an earlier merge has done comes last, as it comes later.
        let records = (folder.parts.map { folder.path(of: $0) } + [folder.path]).compactMap {
            PartRecord(folder: $0, owner: user)
        }
        (self.folder, self.records) = (folder, records)
        request = records.lazy.compactMap(\.head?.request).first
        let lines = records.lazy.flatMap(\.lines.values)
        cutScenes = Set(lines.filter { $0.portion.piece != nil }.map(\.scene)).sorted()
    }

    /// Has the ledger remember, and removes the parts.
    ///
    /// - Parameters:
    ///   - ledger: the folder's.
    ///   - masks: those of the scenes that are cut, whose pieces lie beside them.
    /// - Returns: the number of scenes that are remembered as done.
    /// - Throws: `LedgerError`, `SegmentationError`, `FileError`. The same can be done again then.
    package func run(_ ledger: Ledger, masks: [String]) throws -> Int {
        var done: Set<String> = []
        for record in records where try record.isAdopted(by: ledger) {
            done.formUnion(record.lines.values.filter { $0.ending == .done || $0.ending == .unchanged }.map(\.scene))
        }
        try ledger.requeueInterrupted()
        for mask in masks { try PartSet.remove(of: mask) }
        try lease.require("the merge", of: folder.output)
        try folder.remove()
        lease.release()
        return done.count
    }
}
