import FileIO
import Foundation
import RasterIO
package import TileGeometry

extension WorkInProgress {
    /// Removes what killed runs left of the outputs under hidden names.
    func removeLeftovers() {
        for output in outputs {
            // The lock is beside the mask: who makes the same probabilities with another mask does not know of it.
            StagedFile.removeLeftovers(
                of: output.path, isExclusive: output.kind == .mask && folder.isExclusive)
        }
    }

    /// Keeps or removes what is in progress, after a run that did not come to its end.
    ///
    /// - Parameter scene: its path.
    /// - Returns: the error, and what became of the work.
    func end(after error: any Error, scene: String) -> any Error {
        folder.retract()
        // What somebody else has taken over is theirs.
        if folder.isLost { return error }
        guard progress.tileRows > 0, isWorthKeeping(after: error, scene: scene) else {
            remove()
            return error
        }
        guard var error = Self.ofOutput(error), !folder.names.isEmpty else { return error }
        error.message +=
            "; \(progress.tileRows) of \(tileRows) rows of tiles are done and kept: the same command goes on from there"
        return error
    }

    /// Returns true if the same run may succeed later.
    private func isWorthKeeping(after error: any Error, scene: String) -> Bool {
        if error is CancellationError { return true }
        guard let error = Self.ofOutput(error) else { return false }
        return switch error.code {
        case .outOfSpace, .writeFailed, .cannotCreate, .outputExists: true
        // A server may answer again; a file that is damaged stays so.
        case .readFailed: scene.hasPrefix("/vsi")
        default: false
        }
    }

    /// Returns the error as one of a raster or its file; nil for any other.
    private static func ofOutput(_ error: any Error) -> RasterError? {
        (error as? FileError).map { RasterError($0) } ?? error as? RasterError
    }
}

/// The work in progress that a run which did not come to its end has left for the next one.
package struct KeptWork {
    /// The folder in which it lies.
    package let folder: String
    /// The rows of tiles that are finished.
    package let tileRows: Int
    /// The rows of tiles that the scene has, or its part.
    package let allTileRows: Int
    /// The bytes of its files.
    package let bytes: Int

    /// Looks beside a mask.
    ///
    /// - Parameter part: the part of a divided run; nil for the whole.
    /// - Returns: nil where there is no work that a run could go on with.
    package init?(of mask: String, part: ScenePart? = nil) {
        let folder = part.map { WorkFolder.path(for: mask, part: $0) } ?? WorkFolder.path(for: mask)
        guard let work = StoredWork(folder: folder), let rows = work.key.part?.rows ?? work.key.plan.tileRows,
            (1...Int(Int32.max)).contains(rows),
            let progress = work.journal?.recover(tileRows: rows), progress.tileRows > 0
        else { return nil }
        (self.folder, tileRows, allTileRows) = (folder, progress.tileRows, rows)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        bytes = names.reduce(0) { $0 + (FileStatus(path: "\(folder)/\($1)", followsLinks: false)?.size ?? 0) }
    }
}
