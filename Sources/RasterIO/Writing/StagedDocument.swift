import Glibc

/// A file that is written in one go, such as a picture or a page, and appears under its name only when it is complete.
public enum StagedDocument {
    /// Whether a file could be made under this name, before any work is spent on it. Makes nothing.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`.
    public static func check(path: String, overwrite: Bool) throws(RasterError) {
        _ = try StagedFile(path: path, overwrite: overwrite)
    }

    /// - Throws: `.outputExists`, `.cannotCreate`; `.outOfSpace`, `.writeFailed`. Nothing is left behind then.
    public static func write(_ bytes: [UInt8], to path: String, overwrite: Bool) throws(RasterError) {
        let file = try StagedFile(path: path, overwrite: overwrite)
        let descriptor = open(file.stagingPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw .failed(to: "create", path, number: errno, .cannotCreate, advice: "choose another place")
        }
        do throws(RasterError) {
            let number = bytes.withUnsafeBytes { write($0, to: descriptor) }
            guard close(descriptor) == 0, number == 0 else {
                throw .failed(to: "write", path, number: number == 0 ? errno : number, advice: "choose another place")
            }
            try file.publish()
        } catch {
            file.remove()
            throw error
        }
    }

    /// - Returns: 0, or the system's error number.
    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
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
}
