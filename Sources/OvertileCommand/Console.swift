import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// What people read: messages go to standard error, results to standard output.
enum Console {
    private struct Log {
        var logger: Logger?
        /// Whether standard error is the log's.
        var isInstead = false
    }

    private static let log = Mutex(Log())

    /// From now on a log is told what is said here, too.
    ///
    /// - Parameter instead: and nobody else, as the log is on standard error.
    static func log(to logger: Logger, instead: Bool) {
        log.withLock { $0 = Log(logger: logger, isInstead: instead) }
    }

    static func report(_ error: any Error) { report("\(error)") }

    /// - Parameter isLogged: whether the log has a line of its own about this.
    static func report(_ message: String, isLogged: Bool = false) {
        say("overtile: error: ", message, .error, isLogged: isLogged)
    }

    static func warn(_ message: String) { say("overtile: warning: ", message, .warning, isLogged: false) }

    /// Said to a person only.
    static func note(_ message: String) {
        if !log.withLock({ $0.isInstead }) { writeLine(message) }
    }

    private static func say(_ prefix: String, _ message: String, _ level: Logger.Level, isLogged: Bool) {
        let log = log.withLock { $0 }
        if !isLogged { log.logger?.log(level: level, "\(oneLine(message))") }
        if !log.isInstead { writeLine(prefix + oneLine(message)) }
    }

    /// A result.
    ///
    /// - Throws: `StandardOutputError` where it does not reach its reader.
    static func print(_ text: String) throws {
        let number = write("\(text)\n", to: STDOUT_FILENO)
        if number != 0 { throw StandardOutputError(number: number) }
    }

    /// Whether a person sees what is drawn.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 && !log.withLock { $0.isInstead } }

    /// Characters in a line of the terminal; nil where it does not say.
    static var terminalWidth: Int? {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Clears the line of a terminal, where a progress bar may stand.
    static let clearLine = "\r\u{1B}[K"

    /// A message that cannot be told has nobody to tell it to: failures are ignored.
    static func writeError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    private static func writeLine(_ text: String) { writeError((isTerminal ? clearLine : "") + text + "\n") }

    /// Messages of libraries and names of files may hold line ends and control characters; one error is one line.
    static func oneLine(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: " "
                default: Character(scalar)
                }
            })
    }

    /// - Returns: 0, or the system's error number.
    private static func write(_ text: String, to descriptor: Int32) -> Int32 {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}

/// Standard output took less than all of a result.
struct StandardOutputError: Error, CustomStringConvertible {
    let number: Int32

    /// The reader has read enough, as `head` does: no failure of anybody's.
    var readerLeft: Bool { number == EPIPE }

    var description: String { "cannot write to standard output: \(String(cString: strerror(number)))" }
}

/// Standard input, output and error, which the caller may have closed.
enum StandardStreams {
    /// Puts something in the place of those that are closed: otherwise the next file to be opened, an output among
    /// them, would get their numbers, and messages would be written into it.
    ///
    /// A closed standard output stays one that cannot be written, so that a result that is lost is an error.
    static func reopenClosed() {
        for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", mode)  // takes the lowest free number, which is this one
        }
    }
}
