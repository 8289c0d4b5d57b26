import Glibc

/// Keeps two runs out of the same output folder.
///
/// The lock is the system's (`flock`): it ends with the process, however that ends. Its file stays, empty: removing it
/// would let two processes each lock a file of their own.
public final class PassLock {
    public static let fileName = ".overtile.lock"

    private let descriptor: Int32

    /// Takes the folder, or leaves it at once to who has it.
    ///
    /// - Throws: `LockError`.
    public init(folder: String) throws(LockError) {
        let path = folder + "/" + Self.fileName
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw LockError(
                errno == ENOSPC || errno == EDQUOT ? .outOfSpace : .notWritable,
                "cannot make \(path): \(String(cString: strerror(errno))); make the folder writable, or choose another")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(descriptor)
            guard number == EWOULDBLOCK else {
                throw LockError(.notWritable, "cannot lock \(path): \(String(cString: strerror(number)))")
            }
            throw LockError(.held, "another run works in \(folder): this one leaves; it can be started again later")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

/// The folder's lock could not be had.
public struct LockError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        /// Another run has it.
        case held
        case notWritable
        case outOfSpace
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
