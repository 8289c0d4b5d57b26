import Synchronization

/// A wish to stop, set by anyone at any time and looked at between tiles.
///
///     let cancellation = Cancellation()
///     DispatchQueue.global().asyncAfter(deadline: .now() + 3600) { cancellation.cancel() }
///     let outcome = try run.run(cancellation: cancellation)  // throws a CancellationError after an hour
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Makes a wish that nobody has yet.
    public init() {}

    /// Asks whoever looks at this to stop.
    public func cancel() { flag.store(true, ordering: .releasing) }

    /// True once somebody has asked to stop.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }
}
