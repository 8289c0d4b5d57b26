import Overtile
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Turns the first Ctrl-C, SIGTERM or SIGHUP into a cancellation; the second ends the process at once.
enum Signals {
    private static let firstSignal = Atomic<Int32>(0)
    private static let cancellation = Cancellation()

    /// The signal that asked for the end, 0 if none did.
    static var received: Int32 { firstSignal.load(ordering: .acquiring) }

    /// A closed pipe and a file beyond the user's limit become errors of the write that meets them: they must not end
    /// the process with an output half written.
    static func ignoreThoseOfWriting() {
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    }

    /// Starts listening.
    ///
    /// - Returns: what is cancelled when a signal comes.
    static func cancellationOnSignal() -> Cancellation {
        // A handler may do little more than set flags; these are made before it is installed.
        _ = (received, cancellation)
        StagedOutputs.prepare()
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let previous = signal(number) { number in
                if Signals.received != 0 {
                    StagedOutputs.removeAll()
                    _exit(128 + number)
                }
                Signals.firstSignal.store(number, ordering: .releasing)
                Signals.cancellation.cancel()
            }
            // nohup, and a shell that starts a job in the background, ask for a signal to be ignored.
            if unsafeBitCast(previous, to: Int.self) == 1 { signal(number, SIG_IGN) }
        }
        return cancellation
    }

    /// What the user is told after a cancellation.
    static var reason: String {
        switch received {
        case SIGINT: "stopped by Ctrl-C"
        case SIGTERM: "stopped by SIGTERM"
        case SIGHUP: "stopped, as its terminal was closed"
        default: "stopped"
        }
    }
}
