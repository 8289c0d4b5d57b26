import Glibc

/// Keeps two runs out of the same output folder.
///
/// The lock is one of the system (`flock`), which ends with the process, however that ends. Its empty file stays,
/// because removing it would let two processes each lock a file of their own.
package final class FolderLock: Sendable {
    /// The name of the file in the folder that is locked.
    package static let fileName = ".overtile.lock"

    private let descriptor: Int32

    /// Takes the lock, or fails at once if another process has it.
    ///
    /// - Parameters:
    ///   - isShared: true for the parts of one batch, which work in the folder at the same time, and keep all other runs out.
    ///   - hasLease: true for who has a lease as well, so that a file system without locks is no reason to fail.
    /// - Throws: `FileError`: `.locked` if another run has it; `.cannotCreate`, `.outOfSpace`.
    package init(folder: String, isShared: Bool = false, hasLease: Bool = false) throws(FileError) {
        let path = folder + "/" + Self.fileName
        let descriptor = FileCall.open(path, O_RDWR | O_CREAT)
        guard descriptor >= 0 else {
            let isFull = errno == ENOSPC || errno == EDQUOT
            throw FileError(
                isFull ? .outOfSpace : .cannotCreate, "make", path: path, String(cString: strerror(errno)),
                advice: "make the folder writable, or choose another")
        }
        guard FileCall.lock(descriptor, isShared: isShared) == 0 || (hasLease && errno != EWOULDBLOCK) else {
            let number = errno
            close(descriptor)
            guard number == EWOULDBLOCK else {
                throw FileError(.cannotCreate, "lock", path: path, String(cString: strerror(number)))
            }
            throw FileError(
                .locked, path: folder, "another run works in it", advice: "it can be started again later",
                message: "another run works in \(folder): this one leaves; it can be started again later")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
