import FileIO
import Foundation
import RasterIO

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
