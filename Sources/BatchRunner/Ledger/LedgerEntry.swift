package import FileIO
package import Foundation
import RasterIO
package import SceneRunner

/// The ledger's knowledge of one scene.
package struct LedgerEntry: Codable, Equatable, Sendable {
    /// The state of a scene.
    package enum State: String, Codable, CaseIterable, Sendable {
        /// Seen, and not begun or to be begun again.
        case pending
        /// A run is at it; one that ended without saying so, where no run holds the folder's lock.
        case running
        case done
        /// The last attempt failed; there may be another.
        case failed
        /// Every attempt failed: it was moved out of the way.
        case setAside = "set aside"
    }

    /// The scene as `CanonicalPath.named` has it; no two entries have the same.
    package var scene: String
    /// The state of the scene.
    package var state: State
    /// The stamp of the scene when it was last seen.
    package var stamp: FileStamp
    /// The time at which the scene was first seen with this stamp.
    package var observed: Date
    /// All files that the scene is made of, as text to be compared; nil before the first attempt.
    package var identity: String?
    /// Hash of model and options of the last attempt; nil before the first.
    package var settings: String?
    /// The model's file of the last attempt.
    package var model: String?
    /// Attempts since the scene or the settings were last seen to change; of a scene that is done, those that it took.
    package var attempts: Int
    /// The last attempt's error, in one line; nil where it did not fail.
    package var error: String?
    /// The exit status that this error would have ended `segment` with.
    package var errorStatus: Int?
    /// The time at which the last attempt began; nil before the first.
    package var started: Date?
    /// The time at which the last attempt ended; nil while it lasts.
    package var finished: Date?
    /// Wall time of the last success.
    package var seconds: Double?
    /// Pixels of the scene.
    package var pixels: Int?
    /// The part of the mask that each class covers, as of the last success.
    package var classShares: [ClassShare]
    /// The warnings about the scene in the last success.
    package var warnings: [String]
    /// The outputs that the last attempt wrote or, where it did not come to an end, was about to write (without checksums).
    package var outputs: [OutputRecord]
    /// The time before which a failed scene is not tried again; nil for none.
    package var nextAttempt: Date?

    /// A scene that is seen for the first time.
    package init(scene: String, stamp: FileStamp, observed: Date) {
        self.scene = scene
        self.stamp = stamp
        self.observed = observed
        state = .pending
        attempts = 0
        classShares = []
        warnings = []
        outputs = []
    }
}

/// The files that a scene's own earlier run wrote, which a redo may replace without being asked to.
struct OutputOwnership {
    private let earlier: [String: OutputRecord]

    /// - Parameter earlier: the outputs of the earlier run, as the ledger has them.
    init(_ earlier: [OutputRecord]) {
        self.earlier = Dictionary(earlier.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    }

    /// Returns true if all of these outputs that are there are the ledger's own, as they were written. One that is under way was
    /// written by a run that did not live to say so. One that somebody has changed since is not the ledger's any more.
    ///
    /// - Throws: `FileError` (`.readFailed`) where a server does not say what is there.
    func covers(_ outputs: OutputSet) throws -> Bool {
        try outputs.files.allSatisfy { _, path in
            guard let stamp = try FileStamp.stored(path) else { return true }
            guard let own = earlier[CanonicalPath.named(path)] else { return false }
            // A copy that was put back may have another time.
            return own.isUnderway || own.stamp == stamp
                || (own.checksum != nil && !RemoteFile.isRemote(path)
                    && (try? SHA256.checksum(ofFile: path)) == own.checksum)
        }
    }
}
