public import Segmentation
import TileGeometry

/// What a scene's run gave: what a log's line, a report and the ledger tell.
public struct SceneOutcome: Sendable {
    /// As it was named.
    public let scene: String
    public let outputs: SceneOutputs
    public let summary: SegmentationSummary
    /// Empty where nobody asked.
    public let classShares: [ClassShare]
    /// All that was said, before the run and while it lasted.
    public let warnings: [String]
    /// The files with their checksums; empty where nobody asked.
    public let files: [LedgerOutput]
    /// Which files the scene was made of when it was opened.
    public let identity: SceneIdentity

    /// Pixels of the scene.
    public var pixels: Int { summary.scene.area }
    /// Wall time of segmenting, without what is counted and checked afterwards.
    public var seconds: Double { summary.seconds }
    public var megapixelsPerSecond: Double { summary.megapixelsPerSecond }
}
