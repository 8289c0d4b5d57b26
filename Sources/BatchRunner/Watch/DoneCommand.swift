import CLinux
import Foundation
import Glibc
package import Segmentation

/// The user's own command, run for each scene that is done.
///
/// The shell gets the command as the user wrote it; paths are in its environment only, where no name of a file can become
/// a part of the command.
package struct DoneCommand: Sendable {
    /// The command line, for a shell.
    package let command: String

    /// Makes a command from a line for a shell.
    package init(_ command: String) { self.command = command }

    /// How it ended.
    package enum Ending: Equatable, Sendable {
        case succeeded
        case failed(status: Int32)
        case killed(signal: Int32)
        /// The system's error number.
        case notStarted(Int32)
        /// It was ended because this process is to end.
        case stopped
    }

    /// Seconds from SIGTERM to SIGKILL.
    private static let patience = 5.0

    /// Runs it to its end.
    ///
    /// Its standard output goes where messages go; its input is empty. On a cancellation it and what it started get
    /// SIGTERM, and SIGKILL where they do not heed it.
    ///
    /// - Parameter variables: added to this process's environment.
    package func run(_ variables: [String: String], cancellation: Cancellation) -> Ending {
        var process = pid_t()
        let number = start(&process, variables)
        guard number == 0 else { return .notStarted(number) }
        var pause: useconds_t = 1000
        var deadline: Int?
        while true {
            var status: Int32 = 0
            let found = waitpid(process, &status, WNOHANG)
            if found == process { return deadline == nil ? Self.ending(status) : .stopped }
            if found < 0 && errno != EINTR { return .notStarted(errno) }
            if let deadline {
                if FolderClock.steady > deadline { kill(-process, SIGKILL) }
            } else if cancellation.isCancelled {
                deadline = FolderClock.steady + Int(Self.patience * 1e9)
                kill(-process, SIGTERM)
            }
            usleep(pause)
            pause = min(pause * 2, 100_000)
        }
    }

    private static func ending(_ status: Int32) -> Ending {
        let signal = status & 0x7f
        if signal != 0 { return .killed(signal: signal) }
        let code = (status >> 8) & 0xff
        return code == 0 ? .succeeded : .failed(status: code)
    }

    /// - Returns: 0, or the system's error number.
    private func start(_ process: inout pid_t, _ variables: [String: String]) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        // Files that GDAL has open for other scenes are not the command's: some are deleted while it runs.
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own, so that all of it can be ended; signals that this process ignores or handles are the
        // command's own affair.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        var words: [UnsafeMutablePointer<CChar>?] = ["/bin/sh", "-c", command].map { (word: String) in strdup(word) }
        words.append(nil)
        var settings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        settings.append(nil)
        defer { for word in words + settings { free(word) } }
        return posix_spawn(&process, "/bin/sh", &actions, &attributes, &words, &settings)
    }
}
