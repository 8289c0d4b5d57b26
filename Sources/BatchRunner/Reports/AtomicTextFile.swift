import Glibc

/// A small text file that appears at once and whole, in place of the one before.
enum AtomicTextFile {
    /// - Parameter what: "report", "metrics".
    /// - Throws: `BatchError`; the file before is as it was then.
    static func write(_ text: String, to path: String, as what: String) throws(BatchError) {
        // Hidden, and without the file's extension: who collects files of a folder does not see it.
        let staged = FileName.joined(FileName.folder(of: path), ".\(FileName.last(of: path)).\(getpid()).tmp")
        func failure(_ code: BatchError.Code) -> BatchError {
            let number = errno
            unlink(staged)
            let isFull = number == ENOSPC || number == EDQUOT
            return BatchError(
                isFull ? .writeFailed : code,
                "cannot write the \(what) \(path): \(String(cString: strerror(number)))"
                    + (isFull ? "; make room and run again" : "; choose another"))
        }
        let descriptor = open(staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(.cannotCreate) }
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            let count = bytes[position...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                defer { close(descriptor) }
                throw failure(.writeFailed)
            }
            position += count
        }
        let isSynced = fsync(descriptor) == 0 || errno == EINVAL
        guard isSynced, close(descriptor) == 0 else { throw failure(.writeFailed) }
        guard rename(staged, path) == 0 else { throw failure(.cannotCreate) }
    }

    /// Finds out before long work whether a file can be made there.
    ///
    /// - Throws: `BatchError`.
    static func check(_ path: String, as what: String) throws(BatchError) {
        let folder = FileName.folder(of: path)
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw BatchError(.cannotCreate, "cannot write the \(what) \(path): it is a folder; name a file in it")
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            throw BatchError(
                .cannotCreate,
                "cannot write the \(what) \(path): \(String(cString: strerror(errno))); choose another place")
        }
    }
}
