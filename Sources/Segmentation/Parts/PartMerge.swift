import FileIO
import Foundation
import TileGeometry

/// The right to put the parts of an output together, which one process has at a time, and under which no part is begun.
///
///     guard let merge = try PartMerge(of: "mask.tif") else { return }  // all outputs have their names already
///     print(merge.parts.request.arguments)
package final class PartMerge {
    /// The parts, all of them complete.
    package let parts: PartSet
    /// The folder that they lie in, locked and with its lease.
    let folder: WorkFolder

    /// Takes the right, and ends what a merge had begun that was killed: outputs of which only some had got their names
    /// lose them again; where all have, the parts are removed.
    ///
    /// - Returns: nil if all outputs of these parts have their names, so that nothing is left to do.
    /// - Throws: `SegmentationError` and `FileError` (`.locked`) where another process is at it; `PartError`, `FileError`.
    package init?(of output: String) throws {
        let path = WorkFolder.path(for: output)
        guard FileStatus(path: path, followsLinks: false)?.kind == .folder else { throw PartSet.none(of: output) }
        folder = try WorkFolder(for: output, merging: true)
        if let finished = folder.finished {
            if finished.publication.isUntouched,
                try PartSet.areOf(finished.publication, since: finished.modified, output: output)
            {
                for path in finished.publication.paths { StagedFile.removeLeftovers(of: path, isExclusive: false) }
                folder.removeParts()
                return nil
            }
            // The outputs of another run, which the parts are about to replace.
            folder.forgetFinished()
        }
        parts = try PartSet(of: output)
        try parts.requireComplete(isDecisive: true)
    }
}
