// GDAL's headers include <sys/stat.h>: which module then owns `stat` depends on what was compiled before.
import CGDAL
import Glibc

/// A text file that appears under its name only when all of it is there.
public struct TextOutput {
    private let file: StagedFile

    /// Checks whether the file can be made; makes nothing.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`.
    public init(path: String, overwrite: Bool) throws(RasterError) {
        file = try StagedFile(path: path, overwrite: overwrite)
    }

    /// Writes the text and gives the file its name.
    ///
    /// - Throws: `.cannotCreate`, `.outOfSpace`, `.writeFailed`, `.outputExists`; nothing is left then.
    public func write(_ text: String) throws(RasterError) {
        defer { file.remove() }
        let descriptor = open(file.stagingPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(.cannotCreate, "create", errno) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let number = errno
                close(descriptor)
                throw failure(.writeFailed, "write", number)
            }
            written += count
        }
        guard close(descriptor) == 0 else { throw failure(.writeFailed, "write", errno) }
        try file.publish()
    }

    private func failure(_ code: RasterError.Code, _ what: String, _ number: Int32) -> RasterError {
        let isFull = number == ENOSPC || number == EDQUOT
        return RasterError(
            isFull ? .outOfSpace : code, path: file.path,
            "cannot \(what) \(file.path): \(String(cString: strerror(number)))"
                + (isFull ? "; make room and run again" : ""))
    }
}
