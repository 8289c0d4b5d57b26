import Dispatch
import FileIO
import Foundation
import Glibc

/// The time by the clock that dates a folder's files.
///
/// On a network file system that is another machine's, which may be minutes off: a file that is written this moment can
/// look old. A new file's time tells.
enum FolderClock {
    /// Makes a hidden file for a moment.
    ///
    /// - Returns: nanoseconds since 1970; this machine's own time where the folder may not be written.
    static func now(in folder: String) -> Int {
        let path = "\(folder)/.overtile-clock-\(getpid())"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return local }
        defer {
            close(descriptor)
            unlink(path)
        }
        return FileStatus(descriptor: descriptor)?.modified ?? local
    }

    /// Nanoseconds since 1970 by this machine's clock.
    static var local: Int { Int(Date().timeIntervalSince1970 * 1e9) }

    /// Nanoseconds by a clock that nobody sets.
    static var steady: Int { Int(DispatchTime.now().uptimeNanoseconds) }
}
