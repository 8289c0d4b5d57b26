public import Foundation

/// How often a scene that fails is tried again, and after which pauses.
public struct RetryRule: Equatable, Sendable {
    /// Attempts in all; then the scene is moved aside.
    public var maxAttempts: Int
    /// Seconds after the first failure, the second, and so on; the last one holds for all that follow. What fails because a
    /// disk is full or a server is away is mended by a person or by time, neither of which is quick.
    public var pauses: [TimeInterval]

    public static let usualPauses: [TimeInterval] = [5 * 60, 30 * 60, 2 * 3600, 6 * 3600]

    public init(maxAttempts: Int, pauses: [TimeInterval] = usualPauses) {
        precondition(maxAttempts > 0 && !pauses.isEmpty)
        self.maxAttempts = maxAttempts
        self.pauses = pauses
    }

    /// - Parameter attempts: how many failed, 1 or more.
    /// - Returns: when there is to be another; nil where there is to be none.
    public func next(after attempts: Int, failedAt time: Date) -> Date? {
        guard attempts < maxAttempts else { return nil }
        return time.addingTimeInterval(pauses[min(max(attempts, 1), pauses.count) - 1])
    }
}
