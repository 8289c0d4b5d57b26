import FileIO
package import Foundation
import Glibc
import RasterIO

/// The folder of scenes that failed too often, each with a text that says why.
package struct FailedFolder: Sendable {
    /// The folder; it may be missing until the first scene comes.
    package let path: String
    /// The watched folder: scenes keep their place below it.
    let watched: String

    /// Names the folder, without making it.
    ///
    /// - Parameters:
    ///   - path: the folder, without a slash at the end; nil for `failed` in the watched folder.
    ///   - watched: the watched folder, without a slash at the end.
    package init(_ path: String?, watched: String) {
        self.path = path ?? watched + "/failed"
        self.watched = watched
    }

    /// Moves a scene and what belongs to it (see `ArrivalNames.companions`), the text first: a scene is never there without.
    ///
    /// Where a file of the same name was moved aside before, this one is numbered: `scene-2.tif`.
    ///
    /// - Parameters:
    ///   - scene: a file's path in the watched folder.
    ///   - reason: what the text says.
    /// - Returns: the scene's new path.
    /// - Throws: `MoveError`; files that were moved before stay where they are.
    package func take(_ scene: String, reason: String) throws(MoveError) -> String {
        let url = URL(fileURLWithPath: scene)
        let source = url.deletingLastPathComponent().path
        var place = path
        if source.hasPrefix(watched + "/") { place += source.dropFirst(watched.count) }
        if RemoteFile.isRemote(scene) { return try takeObject(scene, to: place, reason: reason) }
        do {
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        } catch {
            throw MoveError(scene: scene, place: place, Self.reason(error))
        }
        let name = url.lastPathComponent
        let companions = ArrivalNames.companions(
            of: name, among: (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? [])
        let stem = String(ArrivalNames.stem(of: name[...]))
        let suffix = freeSuffix(for: [name, "\(name).txt"] + companions, stem, in: place)
        func target(_ name: String) -> String { "\(place)/\(stem)\(suffix)\(name.dropFirst(stem.count))" }
        do {
            try Data(reason.utf8).write(to: URL(fileURLWithPath: target(name) + ".txt"), options: .atomic)
        } catch {
            throw MoveError(scene: scene, place: place, Self.reason(error))
        }
        do {
            // The scene last but for its markers: sidecars alone are no scene, a scene without them is another one.
            for companion in companions { try move("\(source)/\(companion)", to: target(companion)) }
            try move(scene, to: target(name))
        } catch {
            FileCall.unlink(target(name) + ".txt")
            throw error
        }
        return target(name)
    }

    /// Moves an object of object storage, with its text and what belongs to it.
    private func takeObject(_ scene: String, to place: String, reason: String) throws(MoveError) -> String {
        let (source, name) = (FileName.folder(of: scene), FileName.last(of: scene))
        let stem = String(ArrivalNames.stem(of: name[...]))
        let target: (String) -> String
        do {
            let names = try RemoteFolder.entries(of: source, recursive: false).filter { !$0.isFolder }
                .map { FileName.last(of: $0.path) }
            let companions = ArrivalNames.companions(of: name, among: names)
            var number = 1
            func numbered(_ name: String) -> String {
                FileName.joined(place, stem + (number == 1 ? "" : "-\(number)") + name.dropFirst(stem.count))
            }
            while try ([name, "\(name).txt"] + companions).contains(where: { name in
                try RemoteFile.stamp(of: numbered(name)) != nil
            }) {
                number += 1
            }
            let suffix = number == 1 ? "" : "-\(number)"
            target = { FileName.joined(place, stem + suffix + $0.dropFirst(stem.count)) }
            let text = NSTemporaryDirectory() + "overtile-reason-\(UInt64.random(in: 0...UInt64.max))"
            defer { FileCall.unlink(text) }
            try StagedDocument.write(Array(reason.utf8), to: text, overwrite: false)
            try RemoteFile.upload(text, to: target(name) + ".txt", isCancelled: { false })
            for companion in companions {
                try RemoteFile.move(FileName.joined(source, companion), to: target(companion))
            }
            try RemoteFile.move(scene, to: target(name))
        } catch {
            throw MoveError(scene: scene, place: place, (error as? FileError)?.reason ?? Self.reason(error))
        }
        return target(name)
    }

    /// The text that is put behind the stem so that no name is taken: nothing, or "-2", "-3", ….
    private func freeSuffix(for names: [String], _ stem: String, in place: String) -> String {
        var number = 1
        while true {
            let suffix = number == 1 ? "" : "-\(number)"
            let isFree = names.allSatisfy {
                access("\(place)/\(stem)\(suffix)\($0.dropFirst(stem.count))", F_OK) != 0
            }
            if isFree { return suffix }
            number += 1
        }
    }

    /// To another disk too.
    private func move(_ old: String, to new: String) throws(MoveError) {
        guard FileCall.rename(old, new) != 0 else { return }
        guard errno == EXDEV else { throw MoveError(scene: old, place: new, String(cString: strerror(errno))) }
        do {
            try FileManager.default.moveItem(atPath: old, toPath: new)
        } catch {
            throw MoveError(scene: old, place: new, Self.reason(error))
        }
    }

    private static func reason(_ error: any Error) -> String {
        let error = error as NSError
        if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, cause.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(cause.code)))
        }
        return error.localizedDescription
    }

    /// A scene could not be moved aside.
    package struct MoveError: Error, CustomStringConvertible {
        /// One line: what is wrong, and what to do.
        package let description: String

        init(scene: String, place: String, _ reason: String) {
            description =
                "cannot move \(scene) aside, to \(place): \(reason); it is left where it is and not tried again until it "
                + "changes"
        }
    }
}

/// The text beside a scene that was moved aside: why, and what to do.
enum FailureText {
    /// The text in place of an error, where no attempt lived to tell one.
    static let killed =
        "every run was ended from outside before it was complete: killed, or out of memory (see --memory)"

    static func of(_ entry: LedgerEntry, at time: Date) -> String {
        let style = Date.ISO8601FormatStyle()
        var lines = [
            "Overtile moved this scene aside at \(style.format(time)), after \(entry.attempts) failed attempts.", "",
            "error: \(entry.error ?? killed)", "scene: \(entry.scene)",
        ]
        if let model = entry.model { lines.append("model: \(model)") }
        if let started = entry.started { lines.append("last attempt: \(style.format(started))") }
        lines += [
            "",
            "To have it tried again, mend the cause and move the scene, and the files that came with it, back to where it was.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The rule that tells how often a scene that fails is tried again, and after which pauses.
package struct RetryRule: Equatable, Sendable {
    /// Attempts in all; then the scene is moved aside.
    package var maxAttempts: Int
    /// Seconds after the first failure, the second, and so on; the last one holds for all that follow. What fails because a
    /// disk is full or a server is away is mended by a person or by time, neither of which is quick.
    package var pauses: [TimeInterval]

    /// Five minutes, half an hour, two hours, and six hours from then on.
    package static let usualPauses: [TimeInterval] = [5 * 60, 30 * 60, 2 * 3600, 6 * 3600]

    /// Makes a rule.
    ///
    /// - Precondition: there is at least one attempt and one pause.
    package init(maxAttempts: Int, pauses: [TimeInterval] = usualPauses) {
        precondition(maxAttempts > 0 && !pauses.isEmpty)
        self.maxAttempts = maxAttempts
        self.pauses = pauses
    }

    /// - Parameter attempts: how many failed, 1 or more.
    /// - Returns: when there is to be another; nil where there is to be none.
    package func next(after attempts: Int, failedAt time: Date) -> Date? {
        guard attempts < maxAttempts else { return nil }
        return time.addingTimeInterval(pauses[min(max(attempts, 1), pauses.count) - 1])
    }
}
