package import FileIO
import Glibc

extension RasterError {
    /// Makes an error about a raster from one about its file, with the same code, path and message.
    package init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .noSuchFile: .noSuchFile
            case .permissionDenied: .permissionDenied
            case .cannotCreate, .locked: .cannotCreate
            case .outputExists: .outputExists
            case .outOfSpace: .outOfSpace
            case .readFailed: .readFailed
            case .writeFailed: .writeFailed
            }
        self.init(code, path: error.path, error.message)
    }

    /// Runs `body`, and turns its `FileError` into an error about a raster.
    package static func ofFile<R>(_ body: () throws(FileError) -> R) throws(RasterError) -> R {
        do {
            return try body()
        } catch {
            throw RasterError(error)
        }
    }

    /// Makes the error about something that GDAL could not do with an output. GDAL does not tell a full disk from other
    /// failures, so the free space is checked.
    ///
    /// - Parameters:
    ///   - what: what was being done, such as "create" or "write to".
    ///   - code: the kind of failure where the disk is not full.
    ///   - reason: why, in the words of another library than GDAL.
    package static func failed(
        to what: String, _ output: some StagedOutput, _ messages: GDALMessages, _ code: Code = .writeFailed,
        reason: String? = nil
    ) -> RasterError {
        guard FileStatus(path: output.folder)?.kind == .folder else {
            return RasterError(
                code, path: output.path,
                "cannot \(what) \(output.path): the folder \(output.folder) is gone; bring it back and run again")
        }
        let reason = reason ?? messages.reason(about: output.stagingPath, otherwise: "GDAL gave no reason")
        let isFull = ["No space left", "quota exceeded", "disk space", "disk is full"].contains { reason.contains($0) }
        guard isFull || FileSpace.isShort(of: 1 << 20, in: output.folder) else {
            return RasterError(code, path: output.path, "cannot \(what) \(output.path): \(reason)")
        }
        return RasterError(
            .outOfSpace, path: output.path,
            "cannot \(what) \(output.path): no space is left in \(output.folder); make room and run again")
    }
}
