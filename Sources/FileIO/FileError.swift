import Glibc

/// An error about a file or a folder as such, whatever is in it: one line for the user, and a code for the program.
///
/// The message says what was being done, to which file, what is wrong, in the system's own words if it has any, and
/// what to do next: "cannot rename the finished mask.tif: No space left on device; make room and run again".
///
///     do {
///         try statistics.write(to: "areas.csv")
///     } catch where error.code == .outputExists {
///         print(error.path, "is there already")
///     }
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of failure, as far as a caller may want to treat them differently.
    public enum Code: Sendable {
        /// There is nothing under this name.
        case noSuchFile
        /// The file or folder exists but may not be read.
        case permissionDenied
        /// The output cannot be made where it should be.
        case cannotCreate
        /// The output exists already, and overwriting was not asked for.
        case outputExists
        /// Another run holds the folder's lock.
        case locked
        /// The disk, or the user's share of it, is full.
        case outOfSpace
        /// Reading failed for any other reason.
        case readFailed
        /// Writing failed for any other reason.
        case writeFailed
    }

    /// The kind of failure.
    public let code: Code
    /// The file or folder that it is about, as the caller named it.
    public let path: String
    /// The reason, in the system's words or in ours, without a full stop.
    public let reason: String
    /// The advice to the user; nil if there is none.
    public let advice: String?
    /// The whole message on one line, for people.
    public let message: String

    /// The message.
    public var description: String { message }

    /// Makes the error from its parts; the message reads "cannot `doing` `path`: `reason`; `advice`".
    ///
    /// - Parameters:
    ///   - doing: what was being done, such as "create" or "sync the finished".
    ///   - message: the whole sentence, if that order of words does not fit.
    package init(
        _ code: Code, _ doing: String = "create", path: String, _ reason: String, advice: String? = nil,
        message: String? = nil
    ) {
        self.code = code
        self.path = path
        self.reason = reason
        self.advice = advice
        self.message = message ?? "cannot \(doing) \(path): \(reason)" + (advice.map { "; " + $0 } ?? "")
    }

    /// Makes the error from an error number of the system.
    ///
    /// - Parameters:
    ///   - doing: what was being done, such as "create" or "sync the finished".
    ///   - number: the system's error number (`errno`). A full disk is always `.outOfSpace`, and to make room the advice.
    ///   - code: the kind of failure if the disk is not full.
    ///   - advice: the advice to the user in that case.
    package init(
        _ code: Code, _ doing: String, path: String, number: Int32, advice: String? = nil
    ) {
        let isFull = number == ENOSPC || number == EDQUOT
        self.init(
            isFull ? .outOfSpace : code, doing, path: path, String(cString: strerror(number)),
            advice: isFull ? "make room and run again" : advice)
    }
}
