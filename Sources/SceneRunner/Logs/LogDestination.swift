package import FileIO
import Glibc
import Synchronization

/// The destination of a log's lines: standard error, or a file that is added to.
///
/// A line is written in one piece at the file's end (`O_APPEND`), so that several programs may share it. Where the file is
/// moved or removed, as logrotate does, the next line goes to a new one of its name: nothing needs to be told to
/// anybody.
package final class LogDestination: Sendable {
    private struct State {
        var descriptor: Int32
        var file: FileStatus.Identity?
    }

    /// The file; nil for standard error.
    private let path: String?
    private let state: Mutex<State>

    /// Standard error, which is never opened anew.
    package static let standardError = LogDestination()

    private init() {
        path = nil
        state = Mutex(State(descriptor: STDERR_FILENO))
    }

    /// Opens a file to add to it, and makes it where there is none.
    ///
    /// - Throws: `FileError` where the file cannot be made or added to.
    package init(file path: String) throws(FileError) {
        let descriptor = Self.open(path)
        guard descriptor >= 0 else {
            throw FileError(
                .cannotCreate, "write the log", path: path, String(cString: strerror(errno)), advice: "choose another")
        }
        self.path = path
        state = Mutex(State(descriptor: descriptor, file: FileStatus(descriptor: descriptor)?.identity))
    }

    deinit {
        if path != nil { close(state.withLock { $0.descriptor }) }
    }

    /// Adds a line. One that cannot be written is lost: a full disk under the log must not stop the work.
    func write(_ line: String) {
        state.withLock { state in
            if let path { Self.follow(path, &state) }
            let bytes = Array((line + "\n").utf8)
            bytes.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Glibc.write(
                        state.descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count > 0 {
                        rest = rest.dropFirst(count)
                    } else if errno != EINTR {
                        return
                    }
                }
            }
        }
    }

    /// Opens the file anew where its name now is another's or nobody's; stays with the old one where that fails.
    private static func follow(_ path: String, _ state: inout State) {
        guard FileStatus(path: path)?.identity != state.file else { return }
        let descriptor = open(path)
        guard descriptor >= 0 else { return }
        close(state.descriptor)
        state = State(descriptor: descriptor, file: FileStatus(descriptor: descriptor)?.identity)
    }

    private static func open(_ path: String) -> Int32 {
        Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    }
}
