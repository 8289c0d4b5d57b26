package import FileIO
public import Foundation
public import SceneRunner

/// What the ledger knows of one scene.
public struct LedgerEntry: Codable, Equatable, Sendable {
    /// Where a scene stands.
    public enum State: String, Codable, CaseIterable, Sendable {
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
    public var scene: String
    public var state: State
    /// What identified the scene when it was last seen.
    package var stamp: FileStamp
    /// When the scene was first seen with this stamp.
    public var observed: Date
    /// All files that the scene is made of, as text to be compared; nil before the first attempt.
    public var identity: String?
    /// Hash of model and options of the last attempt; nil before the first.
    public var settings: String?
    /// The model's file of the last attempt.
    public var model: String?
    /// Attempts since the scene or the settings were last seen to change; of a scene that is done, those that it took.
    public var attempts: Int
    /// The last attempt's error, in one line; nil where it did not fail.
    public var error: String?
    /// The exit status that this error would have ended `segment` with.
    public var errorStatus: Int?
    public var started: Date?
    public var finished: Date?
    /// Wall time of the last success.
    public var seconds: Double?
    /// Pixels of the scene.
    public var pixels: Int?
    public var classShares: [ClassShare]
    public var warnings: [String]
    /// What the last attempt wrote, or was about to write (without checksums) where it did not come to an end.
    public var outputs: [LedgerOutput]
    /// Not before this time is a failed scene tried again; nil for at any time.
    public var nextAttempt: Date?

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
