import FileIO
import Foundation
package import Logging
import RasterIO
package import Segmentation

/// Looks over a folder, runs the scenes that are ready, and sees to those that fail: once, or for as long as it is let.
///
/// The ledger is the only memory between passes. Whoever makes one has the output folder (`FolderClaim`).
package final class FolderWatch {
    /// The settings of a watch.
    package struct Settings: Sendable {
        /// The folder's canonical path (see `CanonicalPath`).
        package var folder: String
        /// True if folders in the folder are watched, too.
        package var isRecursive = false
        /// Which files are scenes, by their names.
        package var names = SceneNames()
        /// Folders that hold no scenes: those of the outputs. The folder of failed scenes is left out in any case.
        package var excluding: [String] = []
        /// The rule that tells when an upload counts as complete.
        package var arrival = ArrivalRule(settle: .seconds(60))
        /// The rule that tells how often a scene that fails is tried again.
        package var retry = RetryRule(maxAttempts: 3)
        /// The folder of scenes that have failed for the last time.
        package var failed: FailedFolder
        /// Seconds after which `follow` looks again where the system says nothing, as on network file systems.
        package var longestPause = 60.0

        /// Makes the usual settings for a folder.
        ///
        /// - Parameters:
        ///   - folder: the canonical path of the folder.
        ///   - failedFolder: where scenes go that have failed for the last time; nil for `failed` in the watched folder.
        package init(folder: String, failedFolder: String? = nil) {
            self.folder = folder
            failed = FailedFolder(failedFolder, watched: folder)
        }
    }

    /// The end of a scene that was ready.
    package enum Ending: Equatable, Sendable {
        /// All its outputs are there.
        case done
        /// It failed: the ledger has the error, and when to try again.
        case failed
        /// It was written to while it was run: it is waited for as a new one.
        case changed
    }

    /// The counts of what a pass did, and of what it left for later.
    package struct Tally: Equatable, Sendable {
        /// Scenes that were done.
        package var done = 0
        /// Scenes that failed.
        package var failed = 0
        /// Scenes that failed, now or before, and were moved out of the way.
        package var movedAside = 0
        /// Uploads that are not complete.
        package var arriving = 0
        /// Scenes that failed before and are to be tried again later.
        package var resting = 0
    }

    private let settings: Settings
    private let ledger: Ledger
    private let logger: Logger
    private let warn: (String) -> Void
    private let cancellation: Cancellation
    private let run: (String) throws -> Ending

    private var events: FolderEvents?
    private var renamed: Set<String> = []
    private var nextLook: Double?
    /// Seconds that the last look took.
    private var lookTime = 0.0
    private var problems: Set<String> = []

    /// Makes a watch; it looks at nothing yet.
    ///
    /// - Parameters:
    ///   - logger: takes what nobody needs to be told.
    ///   - warn: takes what somebody needs to be told.
    ///   - run: runs one scene and takes down in the ledger what became of it. What it throws ends the pass: a full disk
    ///     is no scene's fault.
    package init(
        _ settings: Settings, ledger: Ledger, logger: Logger, cancellation: Cancellation,
        warn: @escaping (String) -> Void, run: @escaping (String) throws -> Ending
    ) {
        self.warn = warn
        self.settings = settings
        self.ledger = ledger
        self.logger = logger
        self.cancellation = cancellation
        self.run = run
    }

    /// One pass: until nothing is ready any more. No scene is run twice in it.
    ///
    /// - Throws: `FileError` where the folder cannot be looked at; `LedgerError`; `CancellationError`; what `run` throws.
    package func pass() throws -> Tally {
        var tally = Tally()
        var tried: Set<String> = []
        // A run that was killed left its scene as running; who holds the lock knows that nothing is.
        try ledger.requeueInterrupted()
        while true {
            let survey = try look()
            tally.arriving = survey.arriving
            tally.resting = survey.resting
            for scene in survey.exhausted where try moveAside(scene, isNews: false) { tally.movedAside += 1 }
            let ready = survey.ready.filter { !tried.contains($0.path) }
            guard !ready.isEmpty else { break }
            for file in ready {
                if cancellation.isCancelled { throw CancellationError() }
                // No file keeps a pass from its end by changing, or by being listed and not to be looked up.
                tried.insert(file.path)
                // The look may be hours old.
                guard FileStamp(storedScene: file.path) == file.stamp else { continue }
                switch try run(file.path) {
                case .done: tally.done += 1
                case .changed: warn("\(file.path) changed while it was segmented: it is waited for again")
                case .failed:
                    tally.failed += 1
                    let attempts = try ledger.entry(of: file.path)?.attempts ?? 0
                    guard attempts >= settings.retry.maxAttempts else { continue }
                    if try moveAside(file.path, isNews: true) { tally.movedAside += 1 }
                }
            }
        }
        renamed.removeAll()
        return tally
    }

    /// Passes, one after the other, whenever something happens in the folder or a scene is due, until the cancellation.
    ///
    /// - Parameter afterPass: called after each pass.
    /// - Throws: as `pass`; `CancellationError` only where a scene was left unfinished.
    package func follow(afterPass: (Tally) throws -> Void = { _ in }) throws {
        let events = FolderEvents()
        events.add([settings.folder])
        self.events = events
        defer { self.events = nil }
        while !cancellation.isCancelled {
            try afterPass(try pass())
            events.wait(seconds: min(nextLook ?? .infinity, settings.longestPause), cancellation: cancellation)
            // Many small events are one piece of news; looking takes a fifth of the time at most.
            FolderEvents.pause(seconds: max(0.1, 4 * lookTime), cancellation: cancellation)
        }
    }

    private func look() throws -> FolderSurvey {
        if let news = events?.take() {
            renamed.subtract(news.written)
            renamed.formUnion(news.renamed)
        }
        let start = FolderClock.steady
        // Before the scan: what is written while it lasts must not look old.
        let now = FolderSurvey.Moment.now(in: settings.folder)
        let scan = try FolderScan(
            folder: settings.folder, recursive: settings.isRecursive,
            excluding: settings.excluding + [settings.failed.path], accepts: settings.names.matches,
            acceptsFolder: settings.names.matchesFolder)
        for problem in scan.problems where problems.insert(problem).inserted { warn(problem) }
        let survey = try FolderSurvey(
            scan, folder: settings.folder, ledger: ledger, rule: settings.arrival,
            maxAttempts: settings.retry.maxAttempts, now: now, renamed: renamed)
        nextLook = survey.nextLook
        if events?.add(scan.folders) == true { nextLook = 0 }
        lookTime = Double(FolderClock.steady - start) * 1e-9
        if !survey.sightings.isEmpty { try ledger.note(survey.sightings, at: now.date) }
        for scene in survey.vanished { try ledger.forget(scene) }
        for scene in survey.returned {
            try ledger.change(scene) { entry in
                entry.state = .pending
                entry.attempts = 0
                entry.observed = now.date
            }
        }
        logger.debug(
            "\(scan.files.count) files: \(survey.ready.count) ready, \(survey.arriving) arriving, \(survey.resting) to be tried again"
        )
        return survey
    }

    /// - Parameter isNews: true if the last attempt was just made; otherwise nobody is told again that it does not work.
    /// - Returns: true if the scene is out of the way.
    private func moveAside(_ scene: String, isNews: Bool) throws -> Bool {
        let maxAttempts = settings.retry.maxAttempts
        guard let entry = try ledger.entry(of: scene) else { return false }
        let isFirst = isNews || entry.state != .failed
        // The ledger first: a scene that is put aside and still there, as after a crash, begins anew, which is harmless.
        try ledger.setAside(scene)
        do {
            let place = try settings.failed.take(scene, reason: FailureText.of(entry, at: Date()))
            warn("\(scene) failed \(entry.attempts) times and was moved to \(place)")
            return true
        } catch {
            if isFirst { warn("\(error)") }
            try ledger.change(scene) { changed in
                changed.state = .failed
                changed.attempts = max(changed.attempts, maxAttempts)
                if entry.error == nil { changed.error = FailureText.killed }
            }
            return false
        }
    }
}
