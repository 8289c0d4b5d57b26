import ArgumentParser
import Logging
import Overtile

/// Options for what is printed on standard error.
struct MessageOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Also print the plan, the kernels that run, and where the time went.")
    var verbose = false

    mutating func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose exclude each other: give one of them") }
    }

    func warn(_ message: String) {
        if !quiet { Console.warn(message) }
    }

    /// Collects GDAL's own warnings, and prints each of them once for a scene. Some come with every block, and not all
    /// concern the pixels that are read.
    func receiveRasterWarnings() -> SceneWarnings {
        let isQuiet = quiet
        let warnings = SceneWarnings { if !isQuiet { Console.warn($0) } }
        warnings.receiveRasterWarnings()
        return warnings
    }

    /// Prints GDAL's own warnings about these files.
    func showRasterWarnings(about files: String...) {
        let warnings = receiveRasterWarnings()
        for file in files { warnings.begin(file) }
    }

    /// Returns a progress bar, or nil if standard error is no terminal or the user asked for quiet.
    func progressBar(_ label: String, pixels: Int) -> ProgressBar? {
        quiet || !Console.isTerminal ? nil : ProgressBar(label: label, pixels: pixels)
    }
}

/// Options for showing progress.
struct ProgressOptions: ParsableArguments {
    /// The reader of the progress: a person at a terminal, a program, or nobody.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case auto, lines, none
    }

    @Option(
        help: ArgumentHelp(
            """
            How progress is shown on standard error: as a bar if that is a terminal (auto); for a program, as lines \
            such as "progress 37", a percentage, even with --quiet (lines); or not at all (none).
            """, valueName: "auto|lines|none"))
    var progress = Kind.auto

    /// Returns the display of progress, or nil if nothing is to be shown.
    func display(_ label: String, pixels: Int, _ messages: MessageOptions) -> (any ProgressDisplay)? {
        switch progress {
        case .auto: messages.progressBar(label, pixels: pixels)
        case .lines: ProgressLines()
        case .none: nil
        }
    }
}

/// The log, for runs that nobody watches.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Append to this file a line for each scene, with its pixels, seconds, Mpx/s, shares of classes and \
            warnings, and a line for each warning and error. The file may be rotated at any time.
            """, valueName: "path"), completion: .files)
    var logFile: String?

    @Option(
        help: ArgumentHelp(
            """
            The format of the log: text, or a JSON object on each line. Without --log-file, everything that goes to \
            standard error is written in this format.
            """, valueName: "text|json"))
    var logFormat: LogFormat?

    /// True if the user asked for a log.
    var isAsked: Bool { logFile != nil || logFormat != nil }

    /// Begins the log, which from now on also gets everything that the console prints.
    ///
    /// - Throws: `BatchError` if the file cannot be written.
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
