/// The paths of a scene's complete rasters while they still have hidden names.
public struct StagedRasters: Sendable {
    /// The path of the mask.
    public let mask: String
    /// The path of the probabilities; nil where none are made.
    public let probabilities: String?
    /// The path of the confidence; nil where none is made.
    public let confidence: String?
}
