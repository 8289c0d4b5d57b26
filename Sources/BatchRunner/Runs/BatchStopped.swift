/// A batch that could not go on, for a reason that is no scene's: the disk is full, the folder is gone or may not be written any
/// more, or the ledger cannot be kept. Started again when that is mended, it goes on where it was.
public struct BatchStopped: Error, CustomStringConvertible {
    public let cause: any Error
    /// Of all scenes, in their order; those that were not come to an end are `.stopped`.
    public let results: [SceneResult]

    public var description: String { "\(cause)" }
}
