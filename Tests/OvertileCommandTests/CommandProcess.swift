import CLinux
import Foundation
import TestData

#if canImport(Glibc)
    import Glibc
#endif

/// One run of the built `overtile`, in a folder of its own where a test gives it no other.
final class CommandProcess {
    /// What a run left behind.
    struct Outcome {
        /// 128 and its number where a signal ended the process, as a shell has it.
        let status: Int32
        let output: String
        let errors: String

        var errorLines: [Substring] { errors.split(separator: "\n", omittingEmptySubsequences: true) }
    }

    /// Products lie beside the tests' bundle.
    static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("overtile").path

    private let streams: TemporaryFolder
    private let process: pid_t

    /// Starts a program, its standard output and error going to files.
    init(_ program: String = executable, _ arguments: [String]) throws {
        streams = try TemporaryFolder()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (descriptor, name) in [(STDOUT_FILENO, "output"), (STDERR_FILENO, "errors")] {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, streams.path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        // Other tests' files stay theirs: a deleted file that a child holds open still fills its small disk.
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
        // Whoever runs the tests may ignore signals, which children inherit.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process = pid_t()
        let number = posix_spawn(&process, program, &actions, &attributes, words, environ)
        guard number == 0 else { throw POSIXError(POSIXErrorCode(rawValue: number) ?? .ENOENT) }
        self.process = process
    }

    /// What one of the process's open files is, as the system tells it.
    func file(_ descriptor: Int32) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(descriptor)")
    }

    /// True if the process waits for changes in folders (inotify).
    var isWatchingFolders: Bool {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []
        return files.compactMap(Int32.init).contains { (try? file($0)) == "anon_inode:inotify" }
    }

    /// True until the process ends; its end is still to be waited for.
    var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0
            && information.si_signo == 0
    }

    func signal(_ number: Int32) { kill(process, number) }

    func wait() throws -> Outcome {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { throw POSIXError(.ECHILD) } }
        let signal = status & 0x7f
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: String(decoding: try streams.bytes("output"), as: UTF8.self),
            errors: String(decoding: try streams.bytes("errors"), as: UTF8.self))
    }

    static func run(_ arguments: [String]) throws -> Outcome { try CommandProcess(executable, arguments).wait() }

    /// A line for the shell, in which `$OVERTILE` is the executable and `$1`, `$2` … are the arguments.
    static func shell(_ line: String, _ arguments: [String] = []) throws -> Outcome {
        try CommandProcess("/bin/sh", ["-c", "OVERTILE=$0; " + line, executable] + arguments).wait()
    }
}
