import FileIO
import Foundation
import Glibc
package import TileGeometry

/// The parts of a divided run that lie beside an output.
///
///     let parts = try PartSet(of: "mask.tif")
///     try parts.requireComplete()
package struct PartSet: Sendable {
    /// The mask that they are parts of.
    package let output: String
    /// The number of parts that there have to be.
    package let count: Int
    /// The command that they were made by.
    package let request: PartRequest

    private let folder: String

    /// The state of a part.
    private enum State {
        case missing
        /// Its process has not ended.
        case running(Lease.Holder)
        /// Its process ended early, with this many rows of tiles done of so many.
        case stopped(Int, of: Int)
        /// Nobody can tell what it is.
        case damaged(String)
        case complete
    }

    /// Finds the parts of an output.
    ///
    /// - Throws: `PartError` where there are none, or of several runs; where they belong to somebody else.
    package init(of output: String) throws {
        folder = WorkFolder.path(for: output)
        self.output = output
        let parts = Self.parts(in: folder)
        guard let count = parts.first?.count else { throw Self.none(of: output) }
        if let other = parts.first(where: { $0.count != count }) {
            throw PartError(
                .bad,
                "\(folder) has parts of \(count) and of \(other.count): remove the "
                    + "folders part-K-of-N of the run that is not meant")
        }
        self.count = count
        let user = try Self.requireOwn(parts, in: folder, output)
        var first: (part: ScenePart, request: PartRequest)?
        for part in parts {
            guard let request = PartRequest(folder: Self.path(part, folder), owner: user) else { continue }
            guard let one = first else {
                first = (part, request)
                continue
            }
            if request.command != one.request.command {
                throw PartError(
                    .bad,
                    "\(output), \(part): it does not go with \(one.part): \(Self.difference(part, one.part, folder)); make the one "
                        + "anew that is wrong, \(part) in \(one.request.folder) with: \(one.request.line(for: part))")
            }
        }
        guard let request = first?.request else {
            for part in parts {
                if let holder = try Lease.holder(ofFolder: Self.path(part, folder)) {
                    throw Self.running(output, part, holder)
                }
            }
            throw PartError(
                .missing,
                "\(output): none of its parts tells the command that made it: run them again, each with its --part")
        }
        self.request = request
    }

    /// Tells in words why two parts were made by different commands.
    private static func difference(_ one: ScenePart, _ other: ScenePart, _ folder: String) -> String {
        let keys = [one, other].compactMap { StoredWork(folder: path($0, folder))?.key }
        let differences = keys.count == 2 ? keys[0].differences(from: keys[1], otherPart: true) : []
        return
            (differences.isEmpty ? "other outputs were asked for" : differences.joined(separator: " and ") + " changed")
    }

    /// The error that an output has no parts.
    package static func none(of output: String) -> PartError {
        PartError(
            .missing,
            "\(output) has no parts in \(WorkFolder.path(for: output)): make them with overtile segment --part 1/N and so on, to "
                + "this output")
    }

    private static func running(_ output: String, _ part: ScenePart, _ holder: Lease.Holder) -> PartError {
        PartError(
            .running,
            "\(output), \(part): \(holder.name) is making it: wait for its end, or let --wait do so\(holder.advice)")
    }

    /// True if all parts that are there were made by the command of a publication, and none was begun since.
    ///
    /// - Parameter time: that of the publication, in nanoseconds since 1970.
    /// - Throws: `PartError` where one is being made, or belongs to somebody else; `FileError`.
    static func areOf(_ publication: Publication, since time: Int, output: String) throws -> Bool {
        let folder = WorkFolder.path(for: output)
        let parts = parts(in: folder)
        let user = try requireOwn(parts, in: folder, output)
        for part in parts {
            let path = path(part, folder)
            if let holder = try Lease.holder(ofFolder: path, isDecisive: true) { throw running(output, part, holder) }
            // A part that is half removed already may have no request any more.
            guard let status = FileStatus(path: path + "/" + PartRequest.fileName, followsLinks: false) else {
                continue
            }
            guard status.modified <= time, let command = publication.command,
                PartRequest(folder: path, owner: user)?.command == command
            else { return false }
        }
        return true
    }

    /// The numbers of parts that folders beside an output are of.
    static func counts(of output: String) -> Set<Int> { Set(parts(in: WorkFolder.path(for: output)).map(\.count)) }

    /// True if parts lie beside an output.
    package static func exists(for output: String) -> Bool { !parts(in: WorkFolder.path(for: output)).isEmpty }

    /// Removes the parts of an output, of which nothing will be made.
    ///
    /// - Throws: `SegmentationError` and `FileError` (`.locked`) where another process is at them; `PartError` (`.running`);
    ///   `FileError`.
    package static func remove(of output: String) throws {
        guard exists(for: output) else { return }
        let folder = try WorkFolder(for: output, merging: true)
        for part in parts(in: folder.path) {
            guard let holder = try Lease.holder(ofFolder: path(part, folder.path), isDecisive: true) else { continue }
            throw running(output, part, holder)
        }
        folder.removeParts()
    }

    /// All parts that there have to be.
    var all: [ScenePart] { (1...count).compactMap { ScenePart($0, of: count) } }

    /// Returns the command line that makes a part, and where to give it.
    func advice(for part: ScenePart) -> String { "make it in \(request.folder) with: \(request.line(for: part))" }

    /// Returns normally if all parts are complete and nobody works at one.
    ///
    /// - Parameter isDecisive: as for `Lease.holder`.
    /// - Throws: `PartError`: `.running`, `.missing`, `.bad`; `FileError`.
    package func requireComplete(isDecisive: Bool = false) throws {
        var (missing, stopped): ([ScenePart], [(ScenePart, String)]) = ([], [])
        for part in all {
            switch try state(of: part, isDecisive: isDecisive) {
            case .complete: break
            case .missing: missing.append(part)
            case .running(let holder): throw Self.running(output, part, holder)
            case .stopped(let done, let rows):
                stopped.append((part, "has \(done) of its \(rows) rows of tiles"))
            case .damaged(let reason): throw bad(part, reason)
            }
        }
        guard let first = missing.first ?? stopped.first?.0 else { return }
        let isOne = missing.count + stopped.count == 1
        let lines =
            (missing.isEmpty ? [] : [Self.listed(missing) + (missing.count == 1 ? " is missing" : " are missing")])
            + stopped.prefix(5).map { "\($0) \($1)" }
            + (stopped.count > 5 ? ["and \(stopped.count - 5) more are not complete"] : [])
        throw PartError(
            .missing,
            "\(output): \(lines.joined(separator: ", ")): \(isOne ? "" : "each its own way, the first: ")\(advice(for: first))"
        )
    }

    /// True if a process works at a part of an output.
    ///
    /// - Throws: `FileError`.
    package static func isAtWork(_ output: String) throws -> Bool {
        let folder = WorkFolder.path(for: output)
        return try parts(in: folder).contains { try Lease.holder(ofFolder: path($0, folder)) != nil }
    }

    /// True if a process works at a part, or at the merge.
    ///
    /// - Throws: `FileError`.
    package static func isHeld(_ part: ScenePart, of output: String) throws -> Bool {
        let folder = WorkFolder.path(for: output)
        return try [path(part, folder), folder].contains { try Lease.holder(ofFolder: $0) != nil }
    }

    func bad(_ part: ScenePart, _ reason: String) -> PartError {
        PartError(.bad, "\(output), \(part): \(reason): \(advice(for: part))")
    }

    /// The folder of a part.
    func path(_ part: ScenePart) -> String { Self.path(part, folder) }

    /// Looks at a part without touching it, as somebody may be making it.
    private func state(of part: ScenePart, isDecisive: Bool) throws(FileError) -> State {
        let path = path(part)
        guard FileStatus(path: path, followsLinks: false)?.kind == .folder else { return .missing }
        if let holder = try Lease.holder(ofFolder: path, isDecisive: isDecisive) { return .running(holder) }
        guard let data = WorkFolder.read(path + "/" + WorkFolder.keyName), PartRequest(folder: path) != nil else {
            return .missing
        }
        guard let work = StoredWork(key: data, folder: path), let rows = work.key.part?.rows, rows >= 0,
            rows <= Int32.max
        else { return .damaged("its key is damaged, or another version's") }
        if rows == 0 { return .complete }
        guard let journal = work.journal,
            let progress = journal.recover(tileRows: rows)
        else { return .damaged("its journal is damaged") }
        return progress.tileRows == rows ? .complete : .stopped(progress.tileRows, of: rows)
    }

    private static func path(_ part: ScenePart, _ folder: String) -> String { folder + "/" + folderName(of: part) }

    /// Returns the hidden folder beside an output that has the folders of its parts.
    package static func folder(of output: String) -> String { WorkFolder.path(for: output) }

    /// Returns the folder of a part.
    package static func folder(of output: String, _ part: ScenePart) -> String { path(part, folder(of: output)) }

    /// Returns the name of a part's folder.
    package static func folderName(of part: ScenePart) -> String {
        "\(WorkFolder.partPrefix)\(part.number)-of-\(part.count)"
    }

    /// Returns the part that a folder of this name has; nil for any other name.
    package static func part(named name: String) -> ScenePart? {
        guard name.hasPrefix(WorkFolder.partPrefix) else { return nil }
        let words = name.dropFirst(WorkFolder.partPrefix.count).components(separatedBy: "-of-")
        guard let part = ScenePart(argument: words.joined(separator: "/")), name == folderName(of: part) else {
            return nil
        }
        return part
    }

    /// The name of the file in a part's folder that says to what run the rest belongs.
    package static let keyName = WorkFolder.keyName
    /// The name of the file in a part's folder that grows as the part comes on.
    package static let progressName = WorkInProgress.journalName

    /// Returns the names of the files in a part's folder, those last that say how far the others have come.
    package static func files(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let last = [keyName, PartRequest.fileName, progressName]
        return names.filter { !$0.hasPrefix(Lease.fileName) && !last.contains($0) }.sorted()
            + last.filter(names.contains)
    }

    /// The parts that have a folder, in order.
    private static func parts(in folder: String) -> [ScenePart] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap(part(named:)).sorted { ($0.count, $0.number) < ($1.count, $1.number) }
    }

    /// Refuses parts of other users: the merge does what they say. Files of this user are known by the owner of one that is
    /// made there, whoever a file system takes him for.
    ///
    /// - Returns: the number of this user.
    private static func requireOwn(
        _ parts: [ScenePart], in folder: String, _ output: String
    ) throws -> UInt32 {
        let user = try FileStatus.ofNewFile(in: folder).owner
        for part in parts {
            let name = Self.path(part, folder) + "/" + PartRequest.fileName
            guard let status = FileStatus(path: name, followsLinks: false), status.owner != user else { continue }
            throw PartError(
                .bad,
                "\(output), \(part): \(name) belongs to another user, and the merge would do what it says: merge as that user"
            )
        }
        return user
    }

    /// Numbers as people write them: "parts 2, 4 to 9 and 12 of 16".
    package static func listed(_ parts: [ScenePart]) -> String {
        guard let first = parts.first, parts.count > 1 else { return parts.first?.description ?? "no part" }
        var runs: [ClosedRange<Int>] = []
        for number in parts.map(\.number) {
            if let last = runs.last, last.upperBound == number - 1 {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        let words = runs.map { run in
            run.count == 1
                ? "\(run.lowerBound)" : "\(run.lowerBound) \(run.count == 2 ? "and" : "to") \(run.upperBound)"
        }
        return "parts " + words.joined(separator: ", ") + " of \(first.count)"
    }
}
