import FileIO
import SceneRunner
import Segmentation
import TileGeometry

/// The records of all parts of a batch, of which each was looked at: that it is there, complete, and one of the same batch.
struct PartsOfBatch {
    let folder: PartsFolder
    /// The head of the first part.
    let head: PartRecord.Head

    /// A line of a part's record.
    struct Made {
        /// The part.
        let part: ScenePart
        let line: PartRecord.Line
    }

    /// What the parts say of a scene.
    enum Scene {
        /// One part has run the scene.
        case whole(Made)
        /// Parts have the pieces of it, in order.
        case cut([Made])
    }

    /// All scenes of the batch, in the order in which they were named.
    let scenes: [Scene]

    /// Reads all records.
    ///
    /// - Parameter mixesKernels: true if parts may have been made by different kernels.
    /// - Throws: `PartError` naming a part and the command that makes it; `FileError`.
    init(_ folder: PartsFolder, mixesKernels: Bool) throws {
        let user = try folder.requireOwn()
        let parts = folder.parts
        guard let count = parts.first?.count, parts.allSatisfy({ $0.count == count }) else {
            throw PartError(
                .bad,
                "\(folder.output): parts of several divisions lie in \(folder.path): remove the folders part-K-of-N of the one that is "
                    + "not meant, or \(folder.discarding)")
        }
        self.folder = folder
        // A part that can be read tells how the others are made.
        let known = parts.lazy.compactMap {
            PartRecord(folder: folder.path(of: $0), owner: user, headOnly: true)?.head
        }.first
        var (missing, stopped): ([ScenePart], [(part: ScenePart, reason: String)]) = ([], [])
        var lines: [[Made]] = []
        // Empty, and in memory.
        let ledger = try Ledger(copying: folder.path)
        for part in (1...count).compactMap({ ScenePart($0, of: count) }) {
            if FileStatus.exists(folder.path(of: part)),
                let holder = try Lease.holder(ofFolder: folder.path(of: part), isDecisive: true)
            {
                throw PartError(
                    .running,
                    "\(folder.output), \(part): \(holder.name) is making it: wait for its end, or let --wait do so\(holder.advice)"
                )
            }
            guard let record = PartRecord(folder: folder.path(of: part), owner: user) else {
                missing.append(part)
                continue
            }
            guard let head = record.head, head.part == part, !record.isDamaged else {
                throw Self.bad(folder, part, "its record is damaged", known)
            }
            if let known {
                let differences = known.differences(from: head)
                guard differences.isEmpty else {
                    let reason =
                        "it does not go with \(known.part), as \(differences.joined(separator: " and ")) changed"
                    throw Self.bad(folder, part, reason, known)
                }
                let kernels = Set(known.kernels + head.kernels).sorted()
                guard mixesKernels || kernels.count == 1 else {
                    throw PartError(
                        .bad,
                        "\(folder.output): \(known.part) and \(part) were made by the kernels \(kernels.joined(separator: " and ")), "
                            + "whose last digits differ: give --mixed-kernels to take them all, or make the batch anew into "
                            + "another folder, with the same OVERTILE_ISA for all parts")
                }
            }
            guard record.isComplete, record.ended == head.portions else {
                stopped.append((part, Self.progress(record, of: head)))
                continue
            }
            guard try record.isAdopted(by: ledger) else {
                throw Self.bad(folder, part, "its record is damaged", known)
            }
            lines.append(record.lines.values.map { Made(part: part, line: $0) })
        }
        if let first = missing.first ?? stopped.first?.part {
            throw Self.missing(folder, missing, stopped, first, known)
        }
        guard let known else { throw Self.missing(folder, missing, stopped, parts[0], nil) }
        head = known
        scenes = try Self.scenes(lines.joined(), count: known.scenes, folder)
    }

    /// How far a part has come that was stopped, in words.
    fileprivate static func progress(_ record: PartRecord, of head: PartRecord.Head) -> String {
        record.ended == head.portions
            ? "has not come to its end" : "has done \(record.ended) of its \(head.portions) scenes"
    }

    /// Puts the lines of all parts in the order of the scenes: each scene once, of a scene that was cut each piece once.
    private static func scenes(
        _ lines: some Sequence<Made>, count: Int, _ folder: PartsFolder
    ) throws -> [Scene] {
        let bad = PartError(
            .bad, "\(folder.output): its parts do not make up the batch: \(folder.discarding), and make them anew")
        var found: [Int: [Made]] = [:]
        for line in lines { found[line.line.portion.scene, default: []].append(line) }
        // Before anything of that size is made.
        guard found.count == count else { throw bad }
        return try (0..<count).map { index in
            guard let lines = found[index], let first = lines.first,
                lines.allSatisfy({ $0.line.scene == first.line.scene })
            else { throw bad }
            guard let piece = first.line.portion.piece else {
                guard lines.count == 1, first.line.entry != nil else { throw bad }
                return .whole(first)
            }
            let pieces = lines.sorted {
                ($0.line.portion.piece?.number ?? 0) < ($1.line.portion.piece?.number ?? 0)
            }
            guard lines.count == piece.count,
                pieces.enumerated().allSatisfy({ $1.line.portion.piece == ScenePart($0 + 1, of: piece.count) })
            else { throw bad }
            return .cut(pieces)
        }
    }

    /// Returns the error that a part cannot be taken.
    func bad(_ part: ScenePart, _ reason: String) -> PartError { Self.bad(folder, part, reason, head) }

    private static func bad(
        _ folder: PartsFolder, _ part: ScenePart, _ reason: String, _ known: PartRecord.Head?
    ) -> PartError {
        PartError(.bad, "\(folder.output), \(part): \(reason): \(advice(part, known))")
    }

    private static func missing(
        _ folder: PartsFolder, _ missing: [ScenePart], _ stopped: [(part: ScenePart, reason: String)],
        _ first: ScenePart,
        _ known: PartRecord.Head?
    ) -> PartError {
        let isOne = missing.count + stopped.count == 1
        let lines =
            (missing.isEmpty ? [] : [PartSet.listed(missing) + (missing.count == 1 ? " is missing" : " are missing")])
            + stopped.prefix(5).map { "\($0.part) \($0.reason)" }
            + (stopped.count > 5 ? ["and \(stopped.count - 5) more are not complete"] : [])
        return PartError(
            .missing,
            "\(folder.output): \(lines.joined(separator: ", ")): \(isOne ? "" : "each its own way, the first: ")"
                + advice(first, known))
    }

    /// How a part is made, where another tells.
    private static func advice(_ part: ScenePart, _ known: PartRecord.Head?) -> String {
        guard let request = known?.request else { return "run it again, with its --part" }
        return "make it in \(request.folder) with: \(request.line(for: part))"
    }
}

extension PartsFolder {
    /// Tells in a line how far each part has come, for somebody who looks on; nil where there are no parts.
    package var progress: String? {
        guard let count = parts.first?.count else { return nil }
        let states = (1...count).compactMap { ScenePart($0, of: count) }.map { part in
            guard FileStatus.exists(path(of: part)) else { return (part: part, state: "missing") }
            // A user who may not write into the folder cannot tell whether a process has the part.
            if let holder = try? Lease.holder(ofFolder: path(of: part)) {
                return (part, "is being made by \(holder.name)")
            }
            guard let record = PartRecord(folder: path(of: part), owner: nil) else { return (part, "missing") }
            guard let head = record.head, !record.isDamaged else { return (part, "is damaged") }
            let isComplete = record.isComplete && record.ended == head.portions
            return (part, isComplete ? "complete" : PartsOfBatch.progress(record, of: head))
        }
        let groups = ["complete", "missing"].compactMap { state in
            let parts = states.filter { $0.state == state }.map(\.part)
            return parts.isEmpty ? nil : "\(PartSet.listed(parts)) \(parts.count == 1 ? "is" : "are") \(state)"
        }
        let others = states.filter { !["complete", "missing"].contains($0.state) }.map { "\($0.part) \($0.state)" }
        return (groups + others).joined(separator: ", ")
    }
}
