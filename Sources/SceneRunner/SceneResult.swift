/// What became of one scene in one run of a batch.
public struct SceneResult: Sendable {
    public enum Ending: Sendable {
        case done(SceneOutcome)
        /// It was done before, and nothing has changed since.
        case unchanged
        /// - status: the exit status that the error would have ended `segment` with.
        case failed(message: String, status: Int)
        /// The batch was stopped before the scene's end.
        case stopped
    }

    /// As it was named.
    public let scene: String
    public let ending: Ending

    public init(scene: String, ending: Ending) {
        self.scene = scene
        self.ending = ending
    }

    public var hasFailed: Bool {
        if case .failed = ending { true } else { false }
    }
}
