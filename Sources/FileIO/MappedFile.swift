import Glibc

/// A regular file, mapped read-only for as long as this object lives.
///
/// The pages are read when they are first touched and may be dropped again by the system, so that a large file
/// costs address space and not memory. The size is taken once, when the file is mapped: of a file that another process
/// cuts short afterwards, the lost pages read as zeros, and `CutFiles` tells it. Replace such files by renaming, never in
/// place.
///
/// `@unchecked Sendable`: the mapping is read-only and neither its address nor its size ever changes.
package final class MappedFile: @unchecked Sendable {
    /// The path, as the caller named it.
    package let path: String
    /// The size in bytes, which is never 0.
    package let count: Int
    private let base: UnsafeMutableRawPointer
    /// The mapping's place among those that are watched over.
    private let place: Int?

    /// The reason why a file cannot be mapped. The caller, who knows the purpose of the file, makes a message of it.
    package enum Failure: Error, Equatable {
        /// There is nothing at the path.
        case missing
        case folder
        /// A pipe, a device, a socket.
        case special
        case empty
        /// The system refused.
        ///
        /// - Parameters:
        ///   - action: what was tried, as a word that follows "cannot be": "opened".
        ///   - reason: the system's own words.
        case refused(_ action: String, reason: String)
    }

    /// Maps a file.
    ///
    /// - Throws: `Failure` for anything but a regular file that can be read and holds at least one byte.
    package init(path: String) throws(Failure) {
        // O_NONBLOCK: a pipe without a writer would otherwise wait here for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = errno
            guard reason != ENOENT && reason != ENOTDIR else {
                throw .missing
            }
            throw .refused("opened", reason: Self.text(reason))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .refused("examined", reason: Self.text(errno))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .folder
        default: throw .special
        }
        guard let count = Int(exactly: status.st_size), count > 0 else { throw .empty }
        guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw .refused("mapped", reason: Self.text(errno))
        }
        self.path = path
        self.count = count
        self.base = base
        place = CutFiles.add(base, count: count, path: path)
    }

    deinit {
        if let place { CutFiles.remove(place) }
        munmap(base, count)
    }

    /// Lends all bytes of the file; the pointer is valid inside `body` only.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Gives the memory of the pages that lie wholly in a range back to the system. They are read again when they are
    /// touched.
    package func releasePages(_ range: Range<Int>) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let (first, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        // This is advice; if the system does not take it, the pages stay in memory.
        if first < end { _ = madvise(base + first, end - first, MADV_DONTNEED) }
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
