/// The rasters of a scene, complete, where they lie before they have their names.
public struct StagedRasters: Sendable {
    public let mask: String
    /// nil where none are made.
    public let probabilities: String?
    public let confidence: String?
}
