import FileIO

/// The rule that tells when an upload counts as complete.
///
/// Any of these will do, the first two at once:
///
/// 1. A marker (`scene.tif.done` or `scene.done`) that is not older than the file's content: whoever uploads says so. A
///    marker left from an earlier upload is older than the content that replaces it, and says nothing.
/// 2. The file was renamed into place: seen happening (inotify, with `--follow`), or told by its times. Writing sets both
///    of a file's times, renaming only the time of change: where that is `settle` or more after the last writing, the
///    content was settled when the file got its name.
/// 3. Nothing was written for `settle`, by the clock of the machine that holds the file (see `FolderClock`).
/// 4. Size and time were the same at an earlier pass, `settle` or more ago by this machine's clock: for files with times
///    in the future, and folders whose clock nobody can ask.
///
/// What only settled is looked at once more where it can be: a TIFF whose end is missing is no complete upload (see
/// `FolderSurvey`).
package struct ArrivalRule: Sendable {
    /// Nanoseconds without a change after which an upload counts as complete.
    package var settle: Int

    /// Makes a rule that waits until a file has not changed for so long.
    package init(settle: Duration) {
        let (seconds, attoseconds) = settle.components
        self.settle = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }

    /// The reason for which a file counts as complete.
    package enum Verdict: Equatable, Sendable {
        case marked
        case renamed
        /// Nothing changed for so many nanoseconds.
        case settled(Int)
        /// The upload is not complete; it will be in so many nanoseconds, if nothing changes.
        case wait(Int)
    }

    /// - Parameters:
    ///   - file: as it is now.
    ///   - marked: when its marker was last written; nil without one. This and all times are nanoseconds since 1970.
    ///   - wasRenamed: whether the file was seen being renamed to this name, and not changed since.
    ///   - folderTime: the time by the folder's own clock.
    ///   - localTime: the time by this machine's.
    ///   - observed: when the file was first seen with this size and time, by this machine's clock; nil for the first time.
    package func verdict(
        _ file: ScannedFile, marked: Int?, wasRenamed: Bool, folderTime: Int, localTime: Int, observed: Int?
    ) -> Verdict {
        let modified = file.stamp.modified
        if let marked, marked >= modified { return .marked }
        // The times of an upload are the uploader's to choose, up to those of which no difference is a number of 64 bits.
        if wasRenamed || Self.span(from: modified, to: file.changed) >= settle { return .renamed }
        let age = Self.span(from: modified, to: folderTime)
        let seen = observed.map { Self.span(from: $0, to: localTime) } ?? 0  // negative where a clock was set back
        let quiet = max(0, age, seen)
        return quiet >= settle ? .settled(quiet) : .wait(settle - quiet)
    }

    /// The nanoseconds from one time to another, or as many as there can be.
    private static func span(from start: Int, to end: Int) -> Int {
        let (difference, isTooLong) = end.subtractingReportingOverflow(start)
        guard isTooLong else { return difference }
        return end < start ? .min : .max
    }
}
