import Foundation
import Glibc
import Models
import Segmentation

/// SHA-256 of a file's content.
enum FileChecksum {
    private static let piece = 4 << 20

    /// Reads the file from end to end, a piece at a time.
    ///
    /// - Returns: hexadecimal digits, as `sha256sum` prints them.
    /// - Throws: `BatchError`; `CancellationError`.
    static func sha256(ofFile path: String, cancellation: Cancellation = Cancellation()) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            if cancellation.isCancelled { throw CancellationError() }
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            guard count > 0 else { return hash.finish() }
            hash.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private static func failure(_ what: String, _ path: String) -> BatchError {
        BatchError(.writeFailed, "cannot \(what) \(path) again for its checksum: \(String(cString: strerror(errno)))")
    }
}
