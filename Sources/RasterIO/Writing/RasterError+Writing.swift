import Glibc

/// An output under way, as far as errors about it need to know it.
package protocol StagedOutput {
    /// Where it will be.
    var path: String { get }
    /// Where it is written.
    var stagingPath: String { get }
    var folder: String { get }
    func isOutOfSpace(forWriting bytes: Int) -> Bool
}

extension StagedFile: StagedOutput {}
extension StagedFolder: StagedOutput {}

extension RasterError {
    /// What GDAL could not do with an output. It does not tell a full disk from other failures: the disk itself is asked.
    ///
    /// - Parameters:
    ///   - what: "create", "write to".
    ///   - code: where the disk is not full.
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
        guard isFull || output.isOutOfSpace(forWriting: 1 << 20) else {
            return RasterError(code, path: output.path, "cannot \(what) \(output.path): \(reason)")
        }
        return RasterError(
            .outOfSpace, path: output.path,
            "cannot \(what) \(output.path): no space is left in \(output.folder); make room and run again")
    }

    /// What the system could not do with an output, or with what belongs to it.
    ///
    /// - Parameters:
    ///   - what: "create", "sync the finished".
    ///   - number: the system's error number.
    ///   - code: where the disk is not full.
    ///   - advice: what to do then.
    package static func failed(
        to what: String, _ path: String, number: Int32, _ code: Code = .writeFailed, advice: String? = nil
    ) -> RasterError {
        let isFull = number == ENOSPC || number == EDQUOT
        let next = isFull ? "make room and run again" : advice
        return RasterError(
            isFull ? .outOfSpace : code, path: path,
            "cannot \(what) \(path): \(String(cString: strerror(number)))" + (next.map { "; " + $0 } ?? ""))
    }
}
