import FileIO
package import Foundation
import Glibc
import RasterIO

/// The work that there is in a watched folder, from one look over it and from the ledger.
///
/// Nothing is changed by making one. The scan and the ledger are walked in step, both by ascending path: memory holds the
/// scan, and of the ledger one scene at a time.
package struct FolderSurvey: Sendable {
    /// Scenes to be run now, those that came first in front.
    package private(set) var ready: [ScannedFile] = []
    /// Scenes that are new, or differ from what the ledger has: to be noted.
    package private(set) var sightings: [Sighting] = []
    /// Scenes that were moved aside and are back: to begin anew.
    package private(set) var returned: [String] = []
    /// Scenes whose attempts are used up: to be moved aside.
    package private(set) var exhausted: [String] = []
    /// Scenes that the ledger waits for and that are gone: to be forgotten.
    package private(set) var vanished: [String] = []
    /// Uploads that are not complete.
    package private(set) var arriving = 0
    /// Scenes that failed and are to be tried again later.
    package private(set) var resting = 0
    /// Seconds until a scene may be due without anything happening in the folder; nil where none will be.
    package private(set) var nextLook: Double?

    /// The clock that times are compared with, so that tests can say what time it is.
    package struct Moment: Sendable {
        /// The time by the clock of the folder's machine, in nanoseconds since 1970.
        package var folder: Int
        /// The time by this machine's clock, in nanoseconds since 1970.
        package var local: Int

        /// Makes a moment from what both clocks show, in nanoseconds since 1970.
        package init(folder: Int, local: Int) {
            self.folder = folder
            self.local = local
        }

        /// Asks both clocks.
        ///
        /// - Parameter watched: the folder whose clock is asked, by making a hidden file in it for a moment.
        package static func now(in watched: String) -> Moment {
            Moment(folder: FolderClock.now(in: watched), local: FolderClock.local)
        }

        /// The time by this machine's clock.
        package var date: Date { Date(timeIntervalSince1970: Double(local) * 1e-9) }
    }

    private let rule: ArrivalRule
    private let maxAttempts: Int
    private let now: Moment
    private let renamed: Set<String>

    /// An upload that was interrupted is waited for this many times as long as for one that only has to settle; then it
    /// counts as it is, fails, and somebody is told.
    static let patience = 10

    /// - Parameters:
    ///   - scan: of the folder, whose path is canonical (see `CanonicalPath`).
    ///   - ledger: of the output folder.
    ///   - now: a time before the scan was begun: a file that is written meanwhile must not look old.
    ///   - renamed: files that were seen being renamed to their names, and not written since.
    /// - Throws: `LedgerError`.
    package init(
        _ scan: FolderScan, folder: String, ledger: Ledger, rule: ArrivalRule, maxAttempts: Int, now: Moment,
        renamed: Set<String> = []
    ) throws(LedgerError) {
        self.rule = rule
        self.maxAttempts = maxAttempts
        self.now = now
        self.renamed = renamed
        let files = scan.files.sorted { Self.precedes($0.path, $1.path) }
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        var next = files.startIndex
        try ledger.forEachKnown { known in
            while next < files.endIndex, Self.precedes(files[next].path, known.scene) {
                look(at: files[next], nil)
                next += 1
            }
            if next < files.endIndex, files[next].path == known.scene {
                look(at: files[next], known)
                next += 1
            } else if known.state == .pending, known.scene.hasPrefix(prefix),
                Self.isGone(known.scene)
            {
                vanished.append(known.scene)
            }
        }
        for file in files[next...] { look(at: file, nil) }
        ready.sort { ($0.stamp.modified, $0.path) < ($1.stamp.modified, $1.path) }
    }

    /// True for a scene of which it is known that it is not there any more.
    private static func isGone(_ scene: String) -> Bool {
        RemoteFile.isRemote(scene) ? RemoteFile.isGone(scene) : access(scene, F_OK) != 0
    }

    private mutating func look(at file: ScannedFile, _ known: KnownScene?) {
        guard let known, known.stamp == file.stamp else {
            sightings.append(Sighting(scene: file.path, stamp: file.stamp))
            return arrive(file, observed: nil)
        }
        switch known.state {
        case .done: return
        case .pending, .running:
            // Only a run that was killed leaves attempts to a scene that waits.
            if known.attempts >= maxAttempts { return exhausted.append(file.path) }
            arrive(file, observed: Int(known.observed.timeIntervalSince1970 * 1e9))
        case .failed:
            if known.attempts >= maxAttempts { return exhausted.append(file.path) }
            let pause = known.nextAttempt.map { $0.timeIntervalSince(now.date) } ?? 0
            if pause <= 0 { return ready.append(file) }
            resting += 1
            lookAgain(in: pause)
        case .setAside:
            returned.append(file.path)
            ready.append(file)
        }
    }

    private mutating func arrive(_ file: ScannedFile, observed: Int?) {
        if file.isComplete { return ready.append(file) }
        let verdict = rule.verdict(
            file, marked: file.markerTime(), wasRenamed: renamed.contains(file.path), folderTime: now.folder,
            localTime: now.local, observed: observed)
        switch verdict {
        case .marked, .renamed: ready.append(file)
        case .settled(let quiet):
            let patience = rule.settle * Self.patience
            if quiet >= patience || Self.isWhole(file.path) { return ready.append(file) }
            arriving += 1
            lookAgain(in: Double(min(rule.settle, patience - quiet)) * 1e-9)
        case .wait(let rest):
            arriving += 1
            lookAgain(in: Double(rest) * 1e-9)
        }
    }

    private mutating func lookAgain(in seconds: Double) { nextLook = min(nextLook ?? seconds, seconds) }

    /// Returns true if all of a TIFF is there. Other files, and the folders of products, are taken to be complete.
    private static func isWhole(_ path: String) -> Bool {
        if FileStatus(path: path)?.kind == .folder { return true }
        do {
            return try TIFFCompleteness.check(path: path)?.isComplete ?? true
        } catch {
            return false
        }
    }

    /// The ledger's order, which is that of the bytes.
    private static func precedes(_ a: String, _ b: String) -> Bool {
        var (a, b) = (a, b)
        return a.withUTF8 { a in
            b.withUTF8 { b in
                guard let first = a.baseAddress, let second = b.baseAddress else { return a.count < b.count }
                let order = memcmp(first, second, min(a.count, b.count))
                return order != 0 ? order < 0 : a.count < b.count
            }
        }
    }
}
