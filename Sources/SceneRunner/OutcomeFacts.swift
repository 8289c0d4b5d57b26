package import RasterIO
package import Segmentation
import TileGeometry

/// The numbers and lines of an outcome that a report tells and a ledger does not keep, for another process to read.
package struct OutcomeFacts: Codable, Equatable, Sendable {
    /// A line of a report: a title, and what there is to say.
    package struct Line: Codable, Equatable, Sendable {
        /// The title; empty where it is that of the line before.
        package let title: String
        /// What there is to say.
        package let text: String
    }

    /// More pixels than any scene has; the sum of a batch's scenes is a number still.
    private static let mostPixels = 1 << 44

    private let width: Int
    private let height: Int
    private let tiles: Int
    private let tilesComputed: Int
    private let tilesResumed: Int
    private let workers: Int
    private let readers: Int
    private let seconds: Double
    private let stages: StageSeconds
    let feed: [Line]

    /// Takes the facts of an outcome.
    package init(_ outcome: SceneOutcome) {
        let summary = outcome.summary
        (width, height) = (summary.scene.width, summary.scene.height)
        (tiles, tilesComputed, tilesResumed) = (summary.tiles, summary.tilesComputed, summary.tilesResumed)
        (workers, readers, seconds) = (summary.workers, summary.readers, summary.seconds)
        stages = summary.stages
        feed = outcome.feed
    }

    /// The summary of the run.
    var summary: SegmentationSummary {
        SegmentationSummary(
            scene: PixelSize(width: width, height: height), tiles: tiles, tilesComputed: tilesComputed,
            tilesResumed: tilesResumed, workers: workers, readers: readers, seconds: seconds, stages: stages)
    }

    /// False for numbers that no run gives.
    package var isPossible: Bool {
        let (sides, counts, times) = (1...Int(Int32.max), 1...1 << 40, 0...1e12)
        return sides.contains(width) && sides.contains(height) && width * height <= Self.mostPixels
            && [tiles, workers, readers].allSatisfy(counts.contains)
            && [tilesComputed, tilesResumed].allSatisfy((0...tiles).contains)
            && seconds > 0 && seconds < 1e9
            && [stages.reading, stages.computing, stages.writing].allSatisfy(times.contains)
    }
}

extension SceneOutcome {
    /// Makes the outcome of a run that another process has made, from what it has told.
    ///
    /// - Parameters:
    ///   - facts: possible ones.
    ///   - outputs: where the outputs are.
    ///   - files: the outputs with their checksums.
    ///   - access: what opening the scene may reach.
    package init(
        scene: String, outputs: OutputSet, facts: OutcomeFacts, classShares: [ClassShare], warnings: [String],
        files: [OutputRecord], identity: SceneIdentity, access: RasterAccess
    ) {
        self.scene = scene
        self.outputs = outputs
        self.classShares = classShares
        self.warnings = warnings
        self.files = files
        self.identity = identity
        self.access = access
        summary = facts.summary
        feed = facts.feed
    }
}
