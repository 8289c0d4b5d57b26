import Foundation
import Glibc

/// Finished outputs that get their names together: all of them, or none.
///
///     let publication = try Publication([polygons, mask])
///     try record(publication)  // where the next run looks for it
///     try publication.carryOut()
///
/// A file that is replaced keeps a hidden name until all outputs have theirs, so that it can come back. The value can be
/// stored: where a process is killed between two names, the next run reads it and calls `settle()`.
package struct Publication: Codable, Sendable {
    /// The identity of a file, under whatever name.
    private struct Mark: Codable, Equatable, Sendable {
        let device: UInt64
        let inode: UInt64
        let bytes: Int
        let modified: Int

        /// Returns nil where no regular file has this name.
        init?(path: String) {
            guard let status = FileStatus(path: path, followsLinks: false), status.kind == .file else { return nil }
            (device, inode) = (status.device, status.inode)
            (bytes, modified) = (status.size, status.modified)
        }

        /// True if it is the same file, whatever has been written to it since.
        func isSameFile(as other: Mark?) -> Bool { device == other?.device && inode == other?.inode }
    }

    /// A finished file that gets its name.
    private struct Entry: Codable, Sendable {
        /// The name as the caller gave it, for messages.
        let path: String
        /// The same name as an absolute path, for a run that was started in another folder.
        let place: String
        /// The hidden name that the file has until then.
        let staged: String
        let mark: Mark
        /// True if a file of the name may be replaced. The records of older versions do not say it here, and are only settled.
        let overwrite: Bool?
        /// True if somebody may change the file, or remove it, and the outputs are complete nevertheless.
        let mayChange: Bool?
    }

    /// A file that was there before, and is replaced.
    private struct Earlier: Codable, Sendable {
        let place: String
        /// The hidden name under which it is kept.
        let kept: String
        /// True if an output gets its name; false for a sidecar that the new output does not have.
        let isSucceeded: Bool
    }

    private let entries: [Entry]
    private let earlier: [Earlier]
    /// A digest of the command that asked for the outputs, by which the same command knows them as its own; nil where none
    /// will look.
    package var command: String?

    /// Brings the bytes of finished outputs to the disk, and takes down which files they are.
    ///
    /// - Parameter outputs: finished outputs, in the order in which they get their names. The one that people look for is the
    ///   last.
    /// - Throws: `.writeFailed`, `.outOfSpace`.
    package init(_ outputs: [any StagedOutput]) throws(FileError) {
        var entries: [Entry] = []
        for output in outputs {
            let placement = FilePlacement(path: output.path, overwrite: output.overwrite)
            for (path, staged) in output.finishedFiles {
                try placement.flush(staged)
                guard let mark = Mark(path: staged) else { continue }
                entries.append(
                    Entry(
                        path: path, place: CanonicalPath.named(path), staged: CanonicalPath.named(staged), mark: mark,
                        overwrite: output.overwrite, mayChange: output.mayChange))
            }
        }
        let places = Set(entries.map(\.place))
        let others = outputs.filter(\.overwrite).flatMap(\.companions).map(CanonicalPath.named)
            .filter { !places.contains($0) }
        let replaced = entries.filter { $0.overwrite == true }.map(\.place) + Set(others).sorted()
        earlier = replaced.filter(Self.isReplaceable).map {
            Earlier(place: $0, kept: Self.hiddenName(for: $0), isSucceeded: places.contains($0))
        }
        self.entries = entries
    }

    /// The outputs' paths, in the order in which they get their names.
    package var paths: [String] { entries.map(\.path) }

    /// True if a process that is killed in between would leave some of it undone.
    var hasSeveralSteps: Bool { entries.count > 1 || !earlier.isEmpty }

    /// Writes the value down, on the disk.
    ///
    /// - Parameter output: for messages.
    /// - Throws: `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    package func write(to path: String, output: String) throws(FileError) {
        guard let data = try? JSONEncoder().encode(self) else { preconditionFailure("paths and numbers are JSON") }
        let descriptor = FileCall.open(path, O_WRONLY | O_CREAT | O_EXCL)
        guard descriptor >= 0 else { throw FileError(.cannotCreate, "create", path: output, number: errno) }
        defer { close(descriptor) }
        let number = data.withUnsafeBytes { FileCall.writeAll(descriptor, $0) }
        guard number == 0 else { throw FileError(.writeFailed, "write", path: output, number: number) }
        guard FileCall.sync(descriptor) == 0 else { throw FileError(.writeFailed, "sync", path: output, number: errno) }
    }

    /// Ends what a killed process has written down and had begun, and removes the record.
    static func settle(record path: String) {
        _ = read(record: path)?.settle()
        FileCall.unlink(path)
    }

    /// Reads what a process has written down; nil where there is nothing, or not all of it.
    package static func read(record path: String) -> Publication? {
        // One that is not whole was written before anything was done.
        guard let status = FileStatus(path: path, followsLinks: false), status.kind == .file, status.size < 64 << 20,
            let data = FileManager.default.contents(atPath: path),
            let publication = try? StoredJSON.decode(Publication.self, from: data)
        else { return nil }
        return publication
    }

    /// Gives the outputs their names, one after the other.
    ///
    /// - Parameter named: called with each name that has been given, for tests that stop the process there.
    /// - Throws: `.outputExists` where another program made a file of a name in the meantime; `.writeFailed`,
    ///   `.outOfSpace`; `.readFailed` where a mapped input was cut short. No output has its name then, and what was
    ///   replaced is back.
    package func carryOut(named: (String) -> Void = { _ in }) throws(FileError) {
        if let path = CutFiles.mappedPath { throw .cutShort(path) }
        do throws(FileError) {
            for file in earlier { try keep(file) }
            for entry in entries {
                try FilePlacement(path: entry.path, overwrite: entry.overwrite == true)
                    .move(from: entry.staged, to: entry.path)
                named(entry.path)
            }
        } catch {
            withdraw()
            throw error
        }
        for folder in Set(entries.map { FileName.folder(of: $0.place) }) { FilePlacement.flushNames(in: folder) }
        forgetEarlier()
    }

    /// Ends what a killed process left: takes the names away again where some outputs have theirs and others do not, and
    /// removes what was replaced where all have.
    ///
    /// - Returns: true if all outputs have their names.
    package func settle() -> Bool {
        let isComplete = entries.allSatisfy { $0.mayChange == true || $0.mark.isSameFile(as: Mark(path: $0.place)) }
        if isComplete { forgetEarlier() } else { withdraw() }
        return isComplete
    }

    /// True if all outputs have their names, and nobody has changed one since.
    package var isUntouched: Bool { entries.allSatisfy { $0.mayChange == true || Mark(path: $0.place) == $0.mark } }

    /// Takes the names away from the outputs that have them, and gives what was replaced its own back. A file that
    /// somebody has changed since is left alone.
    private func withdraw() {
        for entry in entries.reversed() where Mark(path: entry.place) == entry.mark {
            let before = earlier.first { $0.place == entry.place && FileStatus.exists($0.kept) }
            if let before { _ = FileCall.rename(before.kept, before.place) } else { FileCall.unlink(entry.place) }
        }
        for file in earlier where FileStatus.exists(file.kept) {
            if FileStatus.exists(file.place) {
                FileCall.unlink(file.kept)
            } else {
                _ = FileCall.rename(file.kept, file.place)
            }
        }
    }

    private func forgetEarlier() { for file in earlier { FileCall.unlink(file.kept) } }

    /// Gives a file that is about to be replaced a hidden name. Where another file gets its name, it keeps that until then:
    /// there is always a whole file under it.
    private func keep(_ file: Earlier) throws(FileError) {
        if file.isSucceeded, FileCall.link(file.place, file.kept) == 0 { return }
        // Some file systems have no hard links.
        guard FileCall.rename(file.place, file.kept) != 0, errno != ENOENT else { return }
        throw FileError(.writeFailed, "replace", path: file.place, number: errno)
    }

    private static func isReplaceable(_ path: String) -> Bool {
        guard let status = FileStatus(path: path, followsLinks: false) else { return false }
        return status.kind != .folder
    }

    private static func hiddenName(for path: String) -> String {
        var name = FileName.last(of: path)
        while name.utf8.count > 150 { name.removeLast() }  // names end at 255 bytes, and the rest is random
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        return FileName.joined(FileName.folder(of: path), ".\(name).overtile-earlier-\(random)")
    }
}
