package import FileIO
package import Foundation
import MaskProducts
package import RasterIO
public import Segmentation
import TileGeometry

/// The result of one scene in one run.
///
///     for result in try batch.run(scenes) {
///         if case .failed(let message, _) = result.ending { print(result.scene, message) }
///     }
public struct SceneResult: Sendable {
    /// The end of the run.
    public enum Ending: Sendable {
        /// All outputs are there.
        case done(SceneOutcome)
        /// The scene was done before, and nothing has changed since.
        case unchanged
        /// The scene has no pixel in the area that is wanted, and no outputs.
        case outside
        /// The scene failed.
        ///
        /// - message: one line for people.
        /// - status: the exit status that the error would have ended `segment` with.
        case failed(message: String, status: Int)
        /// The run was stopped before the scene's end.
        case stopped
    }

    /// The scene as it was named.
    public let scene: String
    /// The end of the run.
    public let ending: Ending
    /// What the earlier run gave of a scene that has not changed since; nil where nobody knows.
    package let earlier: EarlierRun?

    /// Makes the result of a scene.
    public init(scene: String, ending: Ending) { self.init(scene: scene, ending: ending, earlier: nil) }

    /// Makes the result of a scene, with what is known of an earlier run.
    package init(scene: String, ending: Ending, earlier: EarlierRun?) {
        self.scene = scene
        self.ending = ending
        self.earlier = earlier
    }

    /// True if the scene failed.
    public var hasFailed: Bool {
        if case .failed = ending { true } else { false }
    }
}

/// An earlier run of a scene, as far as somebody has remembered it.
package struct EarlierRun: Sendable {
    let pixels: Int?
    let seconds: Double?
    let classShares: [ClassShare]
    let warnings: [String]
    let files: [OutputRecord]
    let finished: Date?
    /// What opening the scene may reach.
    let access: RasterAccess

    /// Makes it of what somebody has kept.
    package init(
        pixels: Int?, seconds: Double?, classShares: [ClassShare], warnings: [String], files: [OutputRecord],
        finished: Date?, access: RasterAccess
    ) {
        self.pixels = pixels
        self.seconds = seconds
        self.classShares = classShares
        self.warnings = warnings
        self.files = files
        self.finished = finished
        self.access = access
    }
}

/// The outcome of a scene's run: what a log's line, a report and the ledger tell.
///
///     let outcome = try run.run(extras: .classShares)
///     print(outcome.outputs.mask, outcome.seconds, outcome.warnings)
public struct SceneOutcome: Sendable {
    /// The scene as it was named.
    public let scene: String
    /// The outputs that were written.
    public package(set) var outputs: OutputSet
    /// The summary of the work: how many tiles were computed, and where the time went.
    public let summary: SegmentationSummary
    /// The part of the mask that each class covers; empty where nobody asked.
    public let classShares: [ClassShare]
    /// All that was said of the scene, before the run and while it lasted.
    public let warnings: [String]
    /// The outputs with their checksums; empty where nobody asked.
    package internal(set) var files: [OutputRecord]
    /// The files that the scene was made of when it was opened.
    package let identity: SceneIdentity
    /// What opening the scene may reach.
    let access: RasterAccess
    /// What the model was given, and how that fits its memory, a title and a text in each line; empty where nobody looked.
    let feed: [OutcomeFacts.Line]

    /// The number of the scene's pixels.
    public var pixels: Int { summary.scene.area }
    /// The wall time of the run in seconds, its products included.
    public var seconds: Double { summary.seconds }
    /// Millions of the scene's pixels in a second.
    public var megapixelsPerSecond: Double { summary.megapixelsPerSecond }
}

/// The part of a mask that one class covers.
///
///     for share in try run.run(extras: .classShares).classShares {
///         print(share.name, share.hectares ?? 0)
///     }
public struct ClassShare: Codable, Equatable, Sendable {
    /// The mask's value; nil for pixels without data.
    public var value: Int?
    /// The name of the class.
    public var name: String
    /// The number of its pixels.
    public var pixels: Int
    /// The class's part of the area that has data, or of its pixels where areas are not known, 0...1; for pixels without
    /// data, their part of all pixels.
    public var share: Double
    /// The area on the ground; nil where nobody knows, and in ledgers of older versions.
    public var hectares: Double?

    /// Makes a share of its numbers.
    package init(value: Int?, name: String, pixels: Int, share: Double, hectares: Double? = nil) {
        self.value = value
        self.name = name
        self.pixels = pixels
        self.share = share
        self.hectares = hectares
    }
}

extension ClassShare {
    /// The classes that have a pixel, by ascending value, and last, where there are any, the pixels without data.
    static func list(_ statistics: ClassStatistics) -> [ClassShare] {
        var shares = statistics.classes.filter { $0.amount.pixels > 0 }.map { row in
            ClassShare(
                value: row.value, name: row.name, pixels: row.amount.pixels, share: row.share ?? 0,
                hectares: row.amount.hectares)
        }
        let (valid, nodata) = (statistics.valid, statistics.nodata)
        if nodata.pixels > 0 {
            shares.append(
                ClassShare(
                    value: nil, name: "no data", pixels: nodata.pixels,
                    share: Double(nodata.pixels) / Double(valid.pixels + nodata.pixels), hectares: nodata.hectares))
        }
        return shares
    }
}

/// A file that was written for a scene, or is about to be.
package struct OutputRecord: Codable, Equatable, Sendable {
    /// The kind of the output: "mask", "probabilities", …
    package var kind: String
    /// The file's absolute path.
    package var path: String
    /// The file's size and time; nil while it is only planned.
    package var stamp: FileStamp?
    /// The file's SHA-256 in hexadecimal digits; nil while it is only planned.
    package var checksum: String?
    /// True if an attempt that has not come to its end may have replaced the file since: whatever is there then belongs to
    /// the ledger.
    package var isUnderway: Bool

    /// Makes a record of an output, as one that is only planned where nothing else is said.
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
