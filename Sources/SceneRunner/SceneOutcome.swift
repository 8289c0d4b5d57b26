package import FileIO
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

/// How much of a mask one class covers.
public struct ClassShare: Codable, Equatable, Sendable {
    /// The mask's value; nil for pixels without data.
    public var value: Int?
    public var name: String
    public var pixels: Int
    /// Of the area that has data, or of its pixels where areas are not known, 0...1; for pixels without data, of all.
    public var share: Double
    /// On the ground; nil where nobody knows, and in ledgers of older versions.
    public var hectares: Double?

    public init(value: Int?, name: String, pixels: Int, share: Double, hectares: Double? = nil) {
        self.value = value
        self.name = name
        self.pixels = pixels
        self.share = share
        self.hectares = hectares
    }
}

/// A file that was written for a scene.
public struct LedgerOutput: Codable, Equatable, Sendable {
    /// "mask", "probabilities", …
    public var kind: String
    public var path: String
    /// nil while it is only planned.
    package var stamp: FileStamp?
    /// SHA-256, hexadecimal; nil while it is only planned.
    public var checksum: String?
    /// Whether an attempt that has not come to its end may have replaced the file since: whatever is there is the ledger's own.
    public var isUnderway: Bool

    package init(
        kind: String, path: String, stamp: FileStamp? = nil, checksum: String? = nil, isUnderway: Bool = false
    ) {
        self.kind = kind
        self.path = path
        self.stamp = stamp
        self.checksum = checksum
        self.isUnderway = isUnderway
    }
}
