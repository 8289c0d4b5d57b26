import Logging
import Overtile
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Prints messages to standard error, and results to standard output.
enum Console {
    private struct Log {
        var logger: Logger?
        /// True if the log goes to standard error, and messages are not printed there.
        var isInstead = false
    }

    private static let log = Mutex(Log())

    /// From now on, also passes all messages to a log.
    ///
    /// - Parameter instead: true if the log goes to standard error, where messages are then not printed as well.
    static func log(to logger: Logger, instead: Bool) {
        log.withLock { $0 = Log(logger: logger, isInstead: instead) }
    }

    static func report(_ error: any Error) { report("\(error)") }

    /// Prints an error.
    ///
    /// - Parameter isLogged: true if the log has a line of its own about this.
    static func report(_ message: String, isLogged: Bool = false) {
        say("overtile: error: ", message, .error, isLogged: isLogged)
    }

    static func warn(_ message: String) { say("overtile: warning: ", message, .warning, isLogged: false) }

    /// Prints a note to people; the log does not get it.
    static func note(_ message: String) {
        if !log.withLock({ $0.isInstead }) { writeLine(escaped(message, keepingLines: true)) }
    }

    private static func say(_ prefix: String, _ message: String, _ level: Logger.Level, isLogged: Bool) {
        let log = log.withLock { $0 }
        if !isLogged { log.logger?.log(level: level, "\(oneLine(message))") }
        if !log.isInstead { writeLine(prefix + oneLine(message)) }
    }

    /// Prints a result, which may have several lines.
    ///
    /// - Parameter isJSON: true if the text is JSON, in which a character is escaped in JSON's way.
    /// - Throws: `StandardOutputError` if it could not be written.
    static func print(_ text: String, isJSON: Bool = false) throws {
        let escaped = escaped(text, keepingLines: true, inJSON: isJSON)
        let shown = isJSON ? escaped : Text.wrapped(escaped, to: resultWidth)
        let number = write(shown + "\n", to: STDOUT_FILENO)
        if number != 0 { throw StandardOutputError(number: number) }
    }

    /// Returns a text in which characters are escaped that would command a terminal, or turn the direction of writing:
    /// names in files may hold them.
    ///
    /// - Parameters:
    ///   - keepingLines: true if line ends and tabulators stay.
    ///   - inJSON: true for `\u202e`, as JSON has it within strings; false for `\u{202e}`.
    static func escaped(_ text: String, keepingLines: Bool = false, inJSON: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: { isCommand($0, keepingLines) }) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            guard isCommand(scalar, keepingLines) else { return result.unicodeScalars.append(scalar) }
            if inJSON {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
    }

    private static func isCommand(_ scalar: Unicode.Scalar, _ keepingLines: Bool) -> Bool {
        switch scalar.properties.generalCategory {
        case .control: !(keepingLines && (scalar == "\n" || scalar == "\t"))
        case .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// True if standard error is a terminal, where a person sees what is drawn.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 && !log.withLock { $0.isInstead } }

    /// Asks a person at the terminal.
    ///
    /// - Returns: true for an answer that begins with a y; nil where nobody can be asked.
    /// - Throws: `CancellationError` after Ctrl-C.
    static func ask(_ question: String, _ cancellation: Cancellation) throws -> Bool? {
        // A job in the background would be stopped as soon as it reads.
        guard isTerminal, isatty(STDIN_FILENO) == 1, tcgetpgrp(STDIN_FILENO) == getpgrp() else { return nil }
        writeError(clear + Text.wrapped(oneLine(question) + " [y/N]", to: terminalWidth) + " ")
        var answer = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&answer, 1, 100)
            if cancellation.isCancelled { throw CancellationError() }
            if count > 0 { break }
            if count < 0, errno != EINTR { return nil }
        }
        return readLine()?.lowercased().hasPrefix("y") == true
    }

    /// The number of characters in a line of the terminal that messages go to; nil if it is not known.
    static var terminalWidth: Int? { width(of: STDERR_FILENO) }

    /// The number of characters in a line of the terminal that results go to; nil where they go elsewhere.
    static var resultWidth: Int? { width(of: STDOUT_FILENO) }

    private static func width(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The control characters that clear a terminal from the cursor's line on, where progress bars may stand.
    static let clear = "\r\u{1B}[J"

    /// Draws lines in place of those that were drawn before. The cursor goes back to the beginning of the first one, so that
    /// a message replaces them, also where a window was made narrower and its terminal has broken them.
    static func draw(_ lines: [String]) {
        let up = lines.count > 1 ? "\u{1B}[\(lines.count - 1)A" : ""
        writeError(clear + lines.joined(separator: "\n") + "\r" + up)
    }

    /// The columns that a drawn line may have, because one that wraps could not be drawn over again.
    static var drawnWidth: Int { max(0, (terminalWidth ?? 80) - 1) }

    /// Writes to standard error. Failures are ignored, because there is nowhere to report them.
    static func writeError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    private static func writeLine(_ text: String) {
        writeError(isTerminal ? clear + Text.wrapped(text, to: terminalWidth) + "\n" : text + "\n")
    }

    /// Replaces line ends and control characters, which messages of libraries and names of files may hold, by spaces, and
    /// escapes marks of direction: one error is one line.
    static func oneLine(_ text: String) -> String {
        escaped(
            String(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .lineSeparator, .paragraphSeparator: " "
                    default: Character(scalar)
                    }
                }))
    }

    /// Writes all of a text, and returns 0 or the system's error number.
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

/// The error that a result could not be written to standard output in full.
struct StandardOutputError: Error, CustomStringConvertible {
    let number: Int32

    /// True if the reader closed the pipe, as `head` does once it has read enough. That is no failure.
    var readerLeft: Bool { number == EPIPE }

    var description: String { "cannot write to standard output: \(String(cString: strerror(number)))" }
}

/// Standard input, output and error, any of which the caller may have closed.
enum StandardStreams {
    /// Opens `/dev/null` in place of those that are closed. Otherwise the next file to be opened, perhaps an output,
    /// would get the free number, and messages would be written into it.
    ///
    /// A closed standard output stays unwritable, so that a lost result is an error.
    static func reopenClosed() {
        for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", mode)  // takes the lowest free number, which is this one
        }
    }
}
