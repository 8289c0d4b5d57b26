import Overtile
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Turns the first Ctrl-C or SIGTERM into a cancellation, and leaves the second to the system.
enum Signals {
    private static let firstSignal = Atomic<Int32>(0)
    private static let cancellation = Cancellation()

    /// The signal that asked for the end, 0 if none did.
    static var received: Int32 { firstSignal.load(ordering: .acquiring) }

    /// Starts listening.
    ///
    /// - Returns: what is cancelled when a signal comes.
    static func cancellationOnSignal() -> Cancellation {
        // A handler may do little more than set flags; these are made before it is installed.
        _ = (received, cancellation)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Signals.firstSignal.store(number, ordering: .releasing)
                Signals.cancellation.cancel()
                signal(number, SIG_DFL)
            }
        }
        return cancellation
    }
}
