// GDAL's headers include <sys/stat.h>: which module then owns `stat` depends on what was compiled before.
import CGDAL
import Glibc

/// A text as an output: it appears under its name when all of it is on the disk.
public enum TextFile {
    /// Whether a text could be written: before long work, as after it.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`.
    public static func check(_ path: String, overwrite: Bool) throws(RasterError) {
        _ = try StagedFile(path: path, overwrite: overwrite)
    }

    /// - Throws: `.outputExists`; `.cannotCreate`; `.outOfSpace`, `.writeFailed`. Nothing is left behind then.
    public static func write(_ text: String, to path: String, overwrite: Bool) throws(RasterError) {
        let staged = try StagedFile(path: path, overwrite: overwrite)
        do {
            try fill(staged, with: Array(text.utf8))
            try staged.publish()
        } catch {
            staged.remove()
            throw error
        }
    }

    private static func fill(_ staged: StagedFile, with bytes: [UInt8]) throws(RasterError) {
        let descriptor = open(staged.stagingPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(staged.path, .cannotCreate, "create", errno) }
        defer { close(descriptor) }
        let number = bytes.withUnsafeBytes { bytes -> Int32 in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
        guard number == 0 else {
            let isFull = number == ENOSPC || number == EDQUOT
            throw failure(staged.path, isFull ? .outOfSpace : .writeFailed, "write", number)
        }
    }

    private static func failure(
        _ path: String, _ code: RasterError.Code, _ what: String, _ number: Int32
    ) -> RasterError {
        RasterError(
            code, path: path,
            "cannot \(what) \(path): \(String(cString: strerror(number)))"
                + (code == .outOfSpace ? "; make room and run again" : ""))
    }
}
