import FileIO
import Foundation
import Models
import RasterIO
package import SceneRunner
package import Segmentation
import TileGeometry

/// The right to put the parts of a batch together, which one process has at a time, and under which no part is begun.
///
///     let merge = try BatchMerge(of: "masks", mixesKernels: false)
///     let results = try merge.run(batch, observer: nil, cancellation: Cancellation())
///     try merge.finish()
package final class BatchMerge {
    /// The command that the parts were made by.
    package var request: PartRequest { parts.head.request }

    /// The scenes of the batch as they were named, in their order.
    package var scenes: [String] {
        parts.scenes.map { scene in
            switch scene {
            case .whole(let made): made.line.scene
            case .cut(let pieces): pieces[0].line.scene
            }
        }
    }

    /// The scenes that are cut, each with the number of its pieces, which stands for what it costs to put them together.
    package var cutScenes: [String: Int] {
        var cut: [String: Int] = [:]
        for case .cut(let pieces) in parts.scenes { cut[pieces[0].line.scene] = pieces.count }
        return cut
    }

    private let parts: PartsOfBatch
    private let lease: Lease
    private let mixesKernels: Bool
    /// The masks of scenes whose pieces are of no use: one has failed, or a merge has made the outputs.
    private var abandonedMasks: [String] = []

    /// Takes the right, and looks at each part.
    ///
    /// - Parameters:
    ///   - folder: the folder of the outputs.
    ///   - mixesKernels: true if parts may have been made by different kernels.
    /// - Throws: `PartError` naming a part and the command that makes it; `FileError` (`.locked` where another process merges).
    package init(of folder: String, mixesKernels: Bool) throws {
        let folder = PartsFolder(of: folder)
        lease = try folder.leaseOfAll()
        self.mixesKernels = mixesKernels
        parts = try PartsOfBatch(folder, mixesKernels: mixesKernels)
    }

    /// Makes the outputs of scenes that are cut, and has the batch's ledger remember all scenes.
    ///
    /// - Parameters:
    ///   - batch: made by the command of the parts, with the folder's ledger.
    ///   - observer: is told of the scenes that are cut.
    /// - Returns: a result for each scene, in their order.
    /// - Throws: `PartError` where a piece is not as it was; the error of a scene whose pieces cannot be put together, or whose
    ///   outputs cannot be written; `CancellationError`. The parts stay as they are then, for another merge.
    package func run(
        _ batch: Batch, observer: (any PartObserver)?, cancellation: Cancellation
    ) throws -> [SceneResult] {
        guard batch.settings == parts.head.settings else {
            throw PartError(
                .bad,
                "\(parts.folder.output): the model, or what its options name, is another than that of its parts: bring it back, or "
                    + "\(parts.folder.discarding) and make them anew")
        }
        let earlier = PartRecord(folder: parts.folder.path, owner: try parts.folder.requireOwn())?.lines ?? [:]
        let writer = try PartRecord.Writer(
            folder: parts.folder.path, head: parts.head, lines: Array(earlier.values),
            requireLease: { [lease, output = parts.folder.output] in try lease.require("the merge", of: output) })
        var results: [SceneResult] = []
        var entries: [LedgerEntry] = []
        for (index, scene) in parts.scenes.enumerated() {
            let (result, entry) =
                switch scene {
                case .whole(let made): try whole(made, batch)
                case .cut(let pieces):
                    try cut(pieces, earlier[BatchDeal.Portion(scene: index)], batch, writer, observer, cancellation)
                }
            results.append(result)
            if let entry { entries.append(entry) }
        }
        try lease.require("the merge", of: parts.folder.output)
        try batch.ledger.adopt(entries)
        return results
    }

    /// Removes the parts, when everything is made of them.
    ///
    /// - Throws: `SegmentationError`, `FileError`.
    package func finish() throws {
        try lease.require("the merge", of: parts.folder.output)
        for mask in abandonedMasks { try PartSet.remove(of: mask) }
        try parts.folder.remove()
        lease.release()
    }

    /// What became of a scene that one part has run.
    private func whole(_ made: PartsOfBatch.Made, _ batch: Batch) throws -> (SceneResult, LedgerEntry?) {
        let line = made.line
        guard let entry = line.entry else { throw contradiction(line.scene) }
        func result(_ ending: SceneResult.Ending) -> (SceneResult, LedgerEntry?) {
            (SceneResult(scene: line.scene, ending: ending), entry)
        }
        if line.ending == .done || line.ending == .unchanged,
            let lost = entry.outputs.first(where: { FileStamp(path: $0.path) == nil })
        {
            throw parts.bad(made.part, "its output \(lost.path) is gone")
        }
        switch line.ending {
        case .done:
            guard let outcome = outcome(of: line, entry, batch) else { throw contradiction(line.scene) }
            return result(.done(outcome))
        case .unchanged: return (batch.unchanged(line.scene, entry), entry)
        case .outside: return result(.outside)
        case .failed: return result(.failed(message: entry.error ?? "", status: entry.errorStatus ?? 1))
        case .underway, .stopped, .computed: throw contradiction(line.scene)
        }
    }

    /// Puts the pieces of a scene together.
    ///
    /// - Parameter earlier: what an earlier merge has said of the scene, which was killed after that.
    private func cut(
        _ pieces: [PartsOfBatch.Made], _ earlier: PartRecord.Line?, _ batch: Batch, _ writer: PartRecord.Writer,
        _ observer: (any PartObserver)?, _ cancellation: Cancellation
    ) throws -> (SceneResult, LedgerEntry?) {
        if cancellation.isCancelled { throw CancellationError() }
        let (first, start) = (pieces[0].line, batch.now())
        let scene = first.scene
        let mask = CanonicalPath.named(batch.outputs.outputs(for: scene, date: start).mask)
        let made = earlier.flatMap { line in outcomeOfEarlierMerge(line, batch) }
        // Parts that ran once more after a merge was killed have found its outputs.
        if let made, !pieces.allSatisfy({ $0.line.ending == .computed }) {
            abandonedMasks.append(mask)
            return (SceneResult(scene: scene, ending: .done(made)), earlier?.entry)
        }
        if pieces.allSatisfy({ $0.line.ending == .unchanged }), let entry = first.entry {
            return (batch.unchanged(scene, entry), entry)
        }
        guard var entry = try batch.noted(scene, CanonicalPath.named(scene), at: start) else {
            throw contradiction(scene)
        }
        func failed(_ message: String, _ status: Int) -> (SceneResult, LedgerEntry?) {
            entry.begin(
                identity: entry.identity, settings: batch.settings, model: batch.model.path, outputs: entry.outputs,
                at: start)
            entry.fail(error: message, status: status, at: start)
            abandonedMasks.append(mask)
            return (SceneResult(scene: scene, ending: .failed(message: message, status: status)), entry)
        }
        if let line = pieces.first(where: { $0.line.ending == .failed })?.line {
            return failed(line.message ?? "", line.status ?? 1)
        }
        if let other = pieces.first(where: { $0.line.ending != .computed }) {
            throw parts.bad(other.part, "it found \(scene) done already, and other parts have not")
        }
        let merge: PartMerge?
        do {
            merge = try PartMerge(of: mask)
        } catch let error as PartError where error.code == .missing && made != nil {
            // The earlier merge has removed them.
            merge = nil
        }
        guard let merge else {
            guard let made else { throw contradiction(scene) }
            return (SceneResult(scene: scene, ending: .done(made)), earlier?.entry)
        }
        batch.warnings.begin(scene)
        defer { batch.warnings.end(scene) }
        let run: SceneRun
        do {
            run = try batch.open(
                scene, options: batch.options, earlier: entry.outputs, date: start,
                division: .merge(merge, mixesKernels: mixesKernels))
        } catch let error as RasterError
            where error.code == .noSuchFile && isGone(scene)
        {
            // Somebody has taken the scene away. Where its whole folder is gone, that may be back in a moment.
            let (message, status) = ("\(error)", batch.errorStatus(error))
            batch.log.failed(scene, message: message, status: status, attempts: 1)
            return failed(message, status)
        }
        entry.begin(
            identity: try batch.text(of: run.identity), settings: batch.settings, model: batch.model.path, outputs: [],
            at: start)
        observer?.began(scene, run)
        run.completed = { outcome in
            entry.succeed(outcome, at: batch.now())
            var line = PartRecord.Line(
                portion: BatchDeal.Portion(scene: first.portion.scene), scene: scene, ending: .done, entry: entry)
            line.facts = OutcomeFacts(outcome)
            try writer.append(line)
        }
        let outcome = try run.run(
            extras: .all, cancellation: cancellation, warnings: batch.warnings,
            progress: { observer?.advanced(scene, tiles: $0, of: $1) })
        batch.log.done(outcome)
        let result = SceneResult(scene: scene, ending: .done(outcome))
        observer?.ended(result)
        return (result, entry)
    }

    /// True for a scene of which it is known that somebody has taken it away.
    private func isGone(_ scene: String) -> Bool {
        RemoteFile.isRemote(scene)
            ? RemoteFile.isGone(scene)
            : FileStatus.exists(FileName.folder(of: CanonicalPath.named(scene)))
    }

    /// The outcome of a scene that another process has made; nil where the record does not tell it.
    private func outcome(of line: PartRecord.Line, _ entry: LedgerEntry, _ batch: Batch) -> SceneOutcome? {
        guard entry.state == .done, let facts = line.facts, let text = entry.identity,
            let identity = try? StoredJSON.decode(SceneIdentity.self, from: Data(text.utf8))
        else { return nil }
        return SceneOutcome(
            scene: line.scene, outputs: batch.outputs.outputs(for: line.scene, date: entry.started ?? batch.now()),
            facts: facts, classShares: entry.classShares, warnings: entry.warnings, files: entry.outputs,
            identity: identity, access: batch.reach(of: line.scene))
    }

    /// The outcome that an earlier merge has written down, where all outputs have their names since; nil else.
    private func outcomeOfEarlierMerge(_ line: PartRecord.Line, _ batch: Batch) -> SceneOutcome? {
        guard let entry = line.entry, batch.isUpToDate(line.scene, entry),
            entry.outputs.allSatisfy({ $0.stamp != nil && FileStamp(path: $0.path) == $0.stamp })
        else { return nil }
        return outcome(of: line, entry, batch)
    }

    private func contradiction(_ scene: String) -> PartError {
        PartError(
            .bad,
            "\(parts.folder.output): the records of its parts contradict each other about \(scene): \(parts.folder.discarding), "
                + "and make them anew")
    }
}
