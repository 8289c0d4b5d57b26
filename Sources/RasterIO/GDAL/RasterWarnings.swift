import Synchronization

/// Where warnings about rasters go: GDAL's and this module's own. Nothing is ever printed; without a receiver they are
/// dropped.
public enum RasterWarnings {
    private static let receiver = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Sends every warning from now on, one line each, to `receiver`; nil drops them.
    ///
    /// The receiver is called on whichever thread the warning arises, GDAL's own threads included, and must not call
    /// into RasterIO.
    public static func send(to receiver: (@Sendable (String) -> Void)?) {
        self.receiver.withLock { $0 = receiver }
    }

    static func emit(_ message: String) {
        let receiver = self.receiver.withLock { $0 }
        receiver?(message)
    }
}
