/// A batch that cannot be begun, or a scene of it that cannot be run, for a reason that is neither the raster's nor the model's.
public struct BatchError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        /// What was asked for makes no sense.
        case usage
        /// An input is not there.
        case noInput
        /// The scene changed while it was run.
        case changed
        /// Outputs cannot be made where they should be.
        case cannotCreate
    }

    public let code: Code
    /// One line: what is wrong, and what to do.
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
