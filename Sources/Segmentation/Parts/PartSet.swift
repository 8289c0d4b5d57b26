import FileIO
import Foundation
import Glibc
import TileGeometry

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
    enum State: Equatable {
        case missing
        /// Its process has not ended.
        case running(String)
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
        guard let count = parts.first?.count else {
            throw PartError(
                .missing,
                "\(output) has no parts in \(folder): make them with overtile segment --part 1/N and so on, to this output"
            )
        }
        if let other = parts.first(where: { $0.count != count }) {
            throw PartError(
                .bad,
                "\(folder) has parts of \(count) and of \(other.count): remove the "
                    + "folders part-K-of-N of the run that is not meant")
        }
        self.count = count
        try Self.requireOwn(parts, in: folder, output)
        var first: (part: ScenePart, request: PartRequest)?
        for part in parts {
            guard let request = PartRequest(folder: Self.path(part, folder)) else { continue }
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
            throw PartError(
                .missing,
                "\(output): none of its parts tells the command that made it: run them again, each with its --part")
        }
        self.request = request
    }

    /// Tells in words why two parts were made by different commands.
    private static func difference(_ one: ScenePart, _ other: ScenePart, _ folder: String) -> String {
        let keys = [one, other].compactMap { part in
            WorkFolder.read(path(part, folder) + "/" + WorkFolder.keyName).flatMap {
                try? StoredJSON.decode(WorkKey.self, from: $0)
            }
        }
        let differences = keys.count == 2 ? keys[0].differences(from: keys[1], otherPart: true) : []
        return
            (differences.isEmpty ? "other outputs were asked for" : differences.joined(separator: " and ") + " changed")
    }

    /// Ends what a merge had begun that was killed: outputs of which only some had got their names lose them again; where all
    /// have them, the parts are removed.
    ///
    /// - Returns: true if all outputs have their names, so that nothing is left to do.
    /// - Throws: `SegmentationError` and `FileError` (`.locked`) where another process is at it; `FileError`.
    package static func settle(_ output: String) throws -> Bool {
        guard FileStatus(path: WorkFolder.path(for: output), followsLinks: false)?.kind == .folder else { return false }
        let folder = try WorkFolder(for: output)
        guard let outputs = folder.finishedOutputs else { return false }
        try folder.takeLease()
        for path in outputs { StagedFile.removeLeftovers(of: path, isExclusive: false) }
        folder.removeParts()
        return true
    }

    /// True if parts lie beside an output.
    static func exists(for output: String) -> Bool { !parts(in: WorkFolder.path(for: output)).isEmpty }

    /// All parts that there have to be.
    var all: [ScenePart] { (1...count).compactMap { ScenePart($0, of: count) } }

    /// Returns the command line that makes a part, and where to give it.
    func advice(for part: ScenePart) -> String { "make it in \(request.folder) with: \(request.line(for: part))" }

    /// Returns normally if all parts are complete and nobody works at one.
    ///
    /// - Throws: `PartError`: `.running`, `.missing`, `.bad`; `FileError`.
    package func requireComplete() throws {
        var (missing, stopped): ([ScenePart], [(ScenePart, String)]) = ([], [])
        for part in all {
            switch try state(of: part) {
            case .complete: break
            case .missing: missing.append(part)
            case .running(let holder):
                throw PartError(
                    .running,
                    "\(output), \(part): \(holder) is making it: wait for its end, or let --wait do so")
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

    /// True if a process works at one of the parts.
    ///
    /// - Throws: `FileError`.
    package func isAtWork() throws -> Bool {
        for part in all { if case .running = try state(of: part) { return true } }
        return false
    }

    func bad(_ part: ScenePart, _ reason: String) -> PartError {
        PartError(.bad, "\(output), \(part): \(reason): \(advice(for: part))")
    }

    /// The folder of a part.
    func path(_ part: ScenePart) -> String { Self.path(part, folder) }

    /// Looks at a part without touching it, as somebody may be making it.
    func state(of part: ScenePart) throws(FileError) -> State {
        let path = path(part)
        guard FileStatus(path: path, followsLinks: false)?.kind == .folder else { return .missing }
        if let holder = try Lease.holder(ofFolder: path) { return .running(holder) }
        guard let data = WorkFolder.read(path + "/" + WorkFolder.keyName), PartRequest(folder: path) != nil else {
            return .missing
        }
        guard let key = try? StoredJSON.decode(WorkKey.self, from: data), let rows = key.part?.rows, rows >= 0,
            rows <= Int32.max
        else { return .damaged("its key is damaged, or another version's") }
        if rows == 0 { return .complete }
        guard
            let journal = WorkJournal(
                reading: path + "/" + WorkInProgress.journalName, key: WorkInProgress.hash(data)),
            let progress = journal.recover(tileRows: rows)
        else { return .damaged("its journal is damaged") }
        return progress.tileRows == rows ? .complete : .stopped(progress.tileRows, of: rows)
    }

    private static func path(_ part: ScenePart, _ folder: String) -> String {
        folder + "/\(WorkFolder.partPrefix)\(part.number)-of-\(part.count)"
    }

    /// The parts that have a folder, in order.
    private static func parts(in folder: String) -> [ScenePart] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix(WorkFolder.partPrefix) else { return nil }
            let words = name.dropFirst(WorkFolder.partPrefix.count).components(separatedBy: "-of-")
            guard let part = ScenePart(argument: words.joined(separator: "/")),
                name == "\(WorkFolder.partPrefix)\(part.number)-of-\(part.count)"
            else { return nil }
            return part
        }.sorted { ($0.count, $0.number) < ($1.count, $1.number) }
    }

    /// Refuses parts of other users: the merge does what they say. Files of this user are known by the owner of one that is
    /// made there, whoever a file system takes him for.
    private static func requireOwn(_ parts: [ScenePart], in folder: String, _ output: String) throws {
        let path = folder + "/\(Lease.fileName)-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
        let file = FileCall.open(path, O_WRONLY | O_CREAT | O_EXCL)
        guard file >= 0, let user = FileStatus(descriptor: file)?.owner else {
            throw FileError(.cannotCreate, "make a file in the folder of the parts of", path: output, number: errno)
        }
        _ = FileCall.close(file)
        FileCall.unlink(path)
        for part in parts {
            let name = Self.path(part, folder) + "/" + PartRequest.fileName
            guard let status = FileStatus(path: name, followsLinks: false), status.owner != user else { continue }
            throw PartError(
                .bad,
                "\(output), \(part): \(name) belongs to another user, and the merge would do what it says: merge as that user"
            )
        }
    }

    /// Numbers as people write them: "parts 2, 4 to 9 and 12 of 16".
    static func listed(_ parts: [ScenePart]) -> String {
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
