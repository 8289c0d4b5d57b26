import Glibc

/// A regular file, mapped read-only for as long as this object lives.
///
/// The pages are read when they are first touched and may be dropped again by the system, so that a file of weights
/// costs address space and not memory. The size is taken once, when the file is mapped: a file that another process
/// cuts short afterwards raises SIGBUS where the lost pages are touched, as with every reader that maps its input.
/// Replace model files by renaming, never in place.
///
/// `@unchecked Sendable`: the mapping is read-only and neither its address nor its size ever changes.
final class MappedFile: @unchecked Sendable {
    /// As the caller named it.
    let path: String
    /// Size in bytes; never 0.
    let count: Int
    private let base: UnsafeMutableRawPointer

    /// - Throws: `noSuchFile`; `unreadable` for anything but a regular file that holds at least one byte.
    init(path: String) throws(WeightsError) {
        // O_NONBLOCK: a pipe without a writer would otherwise wait here for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = errno
            guard reason != ENOENT && reason != ENOTDIR else {
                throw WeightsError(.noSuchFile, path: path, "no such file: check the path of the model")
            }
            throw WeightsError(.unreadable, path: path, "cannot be opened: \(Self.text(reason))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw WeightsError(.unreadable, path: path, "cannot be examined: \(Self.text(errno))")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR:
            throw WeightsError(.unreadable, path: path, "is a folder: name the model file inside it")
        default:
            throw WeightsError(.unreadable, path: path, "is not a regular file: save the model to disk first")
        }
        guard let count = Int(exactly: status.st_size), count > 0 else {
            throw WeightsError(.unreadable, path: path, "is empty: copy or download the model again")
        }
        guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw WeightsError(.unreadable, path: path, "cannot be mapped: \(Self.text(errno))")
        }
        self.path = path
        self.count = count
        self.base = base
    }

    deinit { munmap(base, count) }

    /// Lends all bytes of the file; the pointer is valid inside `body` only.
    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Gives the memory of pages that lie wholly in a range back to the system; they are read again when they are touched.
    func releasePages(_ range: Range<Int>) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let (first, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        // Advice: where it is not taken, the pages merely stay.
        if first < end { _ = madvise(base + first, end - first, MADV_DONTNEED) }
    }

    /// An error about this file.
    func error(_ code: WeightsError.Code, _ message: String) -> WeightsError {
        WeightsError(code, path: path, message)
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
