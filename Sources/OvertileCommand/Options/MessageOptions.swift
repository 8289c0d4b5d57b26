public import ArgumentParser
import Logging
public import Overtile

/// How much is said on standard error.
struct MessageOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Also say what was planned, which kernels run, and where the time went.")
    var verbose = false

    mutating func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose exclude each other: give one of them") }
    }

    func warn(_ message: String) {
        if !quiet { Console.warn(message) }
    }

    /// Gathers GDAL's own warnings, which need not concern the pixels that are read, each once for a scene: some come
    /// with every block.
    func receiveRasterWarnings() -> SceneWarnings {
        let isQuiet = quiet
        let warnings = SceneWarnings { if !isQuiet { Console.warn($0) } }
        warnings.receiveRasterWarnings()
        return warnings
    }

    /// Shows GDAL's own warnings about these files.
    func showRasterWarnings(about files: String...) {
        let warnings = receiveRasterWarnings()
        for file in files { warnings.begin(file) }
    }

    /// A bar belongs on a terminal only.
    func progressBar(_ label: String, pixels: Int) -> ProgressBar? {
        quiet || !Console.isTerminal ? nil : ProgressBar(label: label, pixels: pixels)
    }
}

/// How progress is shown.
struct ProgressOptions: ParsableArguments {
    /// For whom progress is meant.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case auto, lines, none
    }

    @Option(
        help: ArgumentHelp(
            """
            How progress is shown on standard error: as a bar where that is a terminal; as lines for a program, such as \
            "progress 37", a percentage, with --quiet too; or not at all.
            """, valueName: "auto|lines|none"))
    var progress = Kind.auto

    /// - Returns: nil where nothing is to be shown.
    func display(_ label: String, pixels: Int, _ messages: MessageOptions) -> (any ProgressDisplay)? {
        switch progress {
        case .auto: messages.progressBar(label, pixels: pixels)
        case .lines: ProgressLines()
        case .none: nil
        }
    }
}

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
