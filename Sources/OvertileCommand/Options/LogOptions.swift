public import ArgumentParser
import Logging
public import Overtile

/// Where the log goes, for runs that nobody watches.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Add to this file a line for each scene, with pixels, seconds, Mpx/s, shares of classes and warnings, and for \
            each warning and error. It may be rotated at any time.
            """, valueName: "path"))
    var logFile: String?

    @Option(
        help: ArgumentHelp(
            """
            How lines of the log are written: text, or an object of JSON on each line. Without --log-file, all that is \
            said on standard error is written so.
            """, valueName: "text|json"))
    var logFormat: LogFormat?

    /// Whether there is a log.
    var isAsked: Bool { logFile != nil || logFormat != nil }

    /// Begins the log, and gives it all that the console says.
    ///
    /// - Throws: `BatchError` where the file cannot be written.
    func start(_ messages: MessageOptions) throws -> Logger {
        guard isAsked else {
            return Logger(label: "overtile") { _ in SwiftLogNoOpLogHandler() }
        }
        let destination = try logFile.map { try LogDestination(file: $0) } ?? .standardError
        var level = Logger.Level.info
        if messages.verbose { level = .debug }
        if messages.quiet, logFile == nil { level = .error }
        let handler = LineLogHandler(logFormat ?? .text, to: destination, level: level)
        let logger = Logger(label: "overtile") { _ in handler }
        Console.log(to: logger, instead: logFile == nil)
        return logger
    }
}

extension LogFormat: ExpressibleByArgument {}
