import Overtile
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Turns the first Ctrl-C, SIGTERM or SIGHUP into a cancellation. The second one ends the process at once.
enum Signals {
    private static let firstSignal = Atomic<Int32>(0)
    private static let cancellation = Cancellation()

    /// The first signal that was received, or 0.
    static var received: Int32 { firstSignal.load(ordering: .acquiring) }

    /// Ignores the signals for a closed pipe and for a file beyond the user's limit. They become errors of the write
    /// that meets them, and do not end the process with a half-written output.
    static func ignoreThoseOfWriting() {
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    }

    /// Ends the process at the first signal, without its unfinished outputs: for commands that take no time to stop
    /// in.
    static func endOnSignal() {
        StagedOutputs.prepare()
        listen { number in
            StagedOutputs.removeAll()
            _exit(128 + number)
        }
    }

    /// Starts to listen for signals.
    ///
    /// - Returns: the cancellation, which is cancelled when a signal arrives.
    static func cancellationOnSignal() -> Cancellation {
        // A signal handler may do little more than set flags, so these are made before it is installed.
        _ = (received, cancellation, stopping)
        StagedOutputs.prepare()
        saysSo = Console.isTerminal
        listen { number in
            if Signals.received != 0 {
                StagedOutputs.removeAll()
                _exit(128 + number)
            }
            Signals.firstSignal.store(number, ordering: .releasing)
            Signals.cancellation.cancel()
            if Signals.saysSo { _ = Glibc.write(STDERR_FILENO, Signals.stopping.baseAddress, Signals.stopping.count) }
        }
        return cancellation
    }

    /// True if a person sees that the first signal was heard: tiles may take seconds.
    private nonisolated(unsafe) static var saysSo = false

    /// The bytes of that message, which a signal handler can write without making anything.
    private nonisolated(unsafe) static let stopping: UnsafeBufferPointer<UInt8> = {
        let words = "overtile: stopping after the tiles at hand; a second time, at once"
        let text = Console.clear + Text.wrapped(words, to: Console.terminalWidth) + "\n"
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = bytes.update(fromContentsOf: text.utf8)
        return UnsafeBufferPointer(bytes)
    }()

    /// What the command has kept of its work, where it was stopped, and what to do; nil where it does not say.
    private static let kept = Mutex<String?>(nil)

    /// Has the last line say what the command has kept, and what to do.
    static func tell(kept text: String) { kept.withLock { $0 = text } }

    /// The last line of a command that was stopped.
    static var farewell: String { "\(reason): \(kept.withLock { $0 } ?? "run the same command again to go on")" }

    private static func listen(_ handler: @escaping @convention(c) (Int32) -> Void) {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let previous = signal(number, handler)
            // A signal that nohup, or a shell that starts a background job, has set to be ignored stays ignored.
            if unsafeBitCast(previous, to: Int.self) == 1 { signal(number, SIG_IGN) }
        }
    }

    /// The reason for a cancellation, as a message for the user.
    private static var reason: String {
        switch received {
        case SIGINT: "stopped by Ctrl-C"
        case SIGTERM: "stopped by SIGTERM"
        case SIGHUP: "stopped, as its terminal was closed"
        default: "stopped"
        }
    }
}
