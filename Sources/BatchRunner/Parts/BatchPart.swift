import Dispatch
import FileIO
import Foundation
import Glibc
import InferenceEngine
import Models
import RasterIO
import SceneRunner
package import Segmentation
import Synchronization
import TileGeometry

/// One part of a batch that is dealt among machines: its scenes, and its pieces of scenes that are cut.
///
///     let part = try BatchPart(claim, of: batch, scenes: scenes, request: request)
///     let summary = try part.run(observer: nil, cancellation: Cancellation())
///
/// A scene is run as in any batch, and its outputs are published. A piece is computed and kept beside the scene's mask for the
/// merge. What became of each is in the part's record, and in no ledger that others share.
package final class BatchPart: Sendable {
    private let claim: PartClaim
    private let batch: Batch
    private let scenes: [String]
    private let deal: BatchDeal
    private let request: PartRequest
    private let writer: PartRecord.Writer
    /// What earlier runs of the part have said.
    private let earlier: [BatchDeal.Portion: PartRecord.Line]

    /// No portion counts as more, so that a sum of many is a number.
    private static let mostCost = 1e12

    /// The number of scenes that a record names as ones that could not be opened.
    private static let mostUnopened = 3

    /// The portions of the part, with what each costs, under the names that an observer is told.
    package let names: [String: Int]

    /// Deals the scenes, and begins the part's record.
    ///
    /// - Returns: nil where all scenes of the batch are done, and no part of it was begun: nothing is left to do, as for a part that
    ///   is run once more after the merge.
    /// - Parameters:
    ///   - batch: made with the claim's ledger.
    ///   - scenes: all scenes of the batch, whose outputs were checked (`FolderLayout.check`).
    ///   - folder: the folder in which the command was given.
    ///   - arguments: its arguments behind `overtile batch`, without the part.
    /// - Throws: `PartError` (`.bad`) where the other parts are of another batch; `RasterError` where a scene cannot be
    ///   read just now; `FileError`, `InstructionSetError`.
    package init?(
        _ claim: PartClaim, of batch: Batch, scenes: [String], folder: String, arguments: [String]
    ) throws {
        if claim.isFirst, try scenes.allSatisfy(batch.isDone) {
            claim.release()
            return nil
        }
        let deal = try batch.deal(scenes, among: claim.part.count)
        request = PartRequest(
            folder: folder, arguments: arguments, command: batch.settings,
            batch: PartRequest.BatchParts(count: claim.part.count))
        var head = PartRecord.Head(
            model: batch.model.checksum, settings: batch.settings, kernels: [try OvertileBackend().name],
            deal: deal.digest, scenes: scenes.count, part: claim.part, portions: deal.portions(of: claim.part).count,
            request: request)
        let unopened = deal.scenes.filter { $0.grid == nil }.map(\.name).prefix(Self.mostUnopened)
        if !unopened.isEmpty { head.unopened = Array(unopened) }
        try claim.requireSame(head)
        let portions = Set(deal.portions(of: claim.part))
        let isSame = claim.earlier?.head.map { $0.differences(from: head).isEmpty } ?? false
        let kept = isSame ? claim.earlier?.lines.filter { portions.contains($0.key) } ?? [:] : [:]
        earlier = kept
        if !kept.isEmpty, let used = claim.earlier?.head?.kernels {
            head.kernels = Set(head.kernels + used).sorted()
        }
        let what = "\(claim.folder.output), \(claim.part)"
        writer = try PartRecord.Writer(
            folder: claim.folder.path(of: claim.part), head: head, lines: Array(kept.values),
            requireLease: { [lease = claim.lease] in try lease.require("this part", of: what) })
        names = Dictionary(
            deal.portions(of: claim.part).map { portion in
                let scene = deal.scenes[portion.scene]
                return (
                    Self.name(scenes[portion.scene], portion.piece),
                    Int(min(portion.piece.map { scene.cost(of: $0) } ?? scene.cost, Self.mostCost))
                )
            }, uniquingKeysWith: { $1 })
        (self.claim, self.batch, self.scenes, self.deal) = (claim, batch, scenes, deal)
    }

    /// What a part has done.
    package struct Summary: Sendable {
        /// The number of whole scenes.
        package let scenes: Int
        /// The number of pieces of scenes that are cut.
        package let pieces: Int
        /// The number of scenes and pieces that failed.
        package let failed: Int
        /// The wall time in seconds.
        package let seconds: Double
    }

    /// Runs what the part has. What is done already, and has not changed, is found so.
    ///
    /// - Parameter observer: is told how the part goes on. A piece has a name of its own, which begins with the scene's.
    /// - Throws: `Batch.Stopped`, `FileError`, `PartError` or `LedgerError` where the part cannot go on; `CancellationError`. Run
    ///   again, it goes on where it was.
    package func run(observer: (any PartObserver)?, cancellation: Cancellation) throws -> Summary {
        defer { claim.release() }
        let started = DispatchTime.now()
        let portions = deal.portions(of: claim.part)
        let pieces = portions.filter { $0.piece != nil }
        var failed = 0
        for portion in pieces {
            if cancellation.isCancelled { throw CancellationError() }
            let line = try compute(portion, observer, cancellation)
            try writer.append(line)
            if line.ending == .failed { failed += 1 }
        }
        let whole = portions.filter { $0.piece == nil }
        let names = whole.map { scenes[$0.scene] }
        try batch.note(names, at: batch.now())
        let recorder = Recorder(
            batch, writer, earlier: earlier,
            portions: Dictionary(zip(names, whole), uniquingKeysWith: { $1 }), observer: observer,
            cancellation: cancellation)
        let results = try batch.runChecked(names, observer: recorder, cancellation: cancellation)
        if let failure = recorder.failure { throw failure }
        if cancellation.isCancelled { throw CancellationError() }
        failed += results.count { $0.hasFailed }
        try writer.end()
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - started.uptimeNanoseconds) / 1e9
        return Summary(scenes: whole.count, pieces: pieces.count, failed: failed, seconds: seconds)
    }

    /// Computes a piece of a scene. What goes wrong with the scene is a line of the record.
    private func compute(
        _ portion: BatchDeal.Portion, _ observer: (any PartObserver)?, _ cancellation: Cancellation
    ) throws -> PartRecord.Line {
        guard let piece = portion.piece else { preconditionFailure("a whole scene is the batch's") }
        let scene = scenes[portion.scene]
        let (key, name, start) = (CanonicalPath.named(scene), Self.name(scene, piece), batch.now())
        func line(_ ending: PartRecord.Ending, _ entry: LedgerEntry? = nil) -> PartRecord.Line {
            PartRecord.Line(portion: portion, scene: scene, ending: ending, entry: entry)
        }
        let entry = try claim.ledger.entry(of: key)
        if let entry, batch.isUpToDate(scene, entry) {
            observer?.ended(name)
            return line(.unchanged, entry)
        }
        batch.warnings.begin(scene)
        defer { batch.warnings.end(scene) }
        do {
            let run = try batch.open(
                scene, options: batch.options, earlier: entry?.outputs ?? [], date: start, division: .part(piece))
            observer?.began(name, run)
            let summary = try run.compute(
                folder: request.folder, arguments: request.arguments,
                batch: PartRequest.BatchParts(count: deal.count, owners: deal.owners(ofPiecesOf: portion.scene)),
                cancellation: cancellation, warnings: batch.warnings,
                progress: { observer?.advanced(name, tiles: $0, of: max(1, $1)) })
            batch.log.done(summary, of: scene)
            observer?.ended(name)
            return line(.computed)
        } catch let error as FileError where error.code == .locked {
            throw error
        } catch let error where error is CancellationError || error is PartError || batch.isOfThePlace(error) {
            throw error
        } catch {
            let (message, status) = ("\(error)", batch.errorStatus(error))
            batch.log.failed(scene, message: message, status: status, attempts: 1)
            observer?.ended(SceneResult(scene: name, ending: .failed(message: message, status: status)))
            var line = line(.failed)
            (line.message, line.status) = (message, status)
            return line
        }
    }

    private static func name(_ scene: String, _ piece: ScenePart?) -> String {
        piece.map { "\(scene), \($0)" } ?? scene
    }
}

/// Something that is told how a part of a batch goes on.
package protocol PartObserver: BatchObserver {
    /// A piece of a scene is there, under its own name.
    func ended(_ piece: String)
}

/// Writes the lines about whole scenes, while a batch runs them.
private final class Recorder: BatchObserver {
    private let batch: Batch
    private let writer: PartRecord.Writer
    private let earlier: [BatchDeal.Portion: PartRecord.Line]
    private let portions: [String: BatchDeal.Portion]
    private let observer: (any PartObserver)?
    private let cancellation: Cancellation
    private let firstFailure = Mutex<(any Error)?>(nil)

    init(
        _ batch: Batch, _ writer: PartRecord.Writer, earlier: [BatchDeal.Portion: PartRecord.Line],
        portions: [String: BatchDeal.Portion], observer: (any PartObserver)?, cancellation: Cancellation
    ) {
        (self.batch, self.writer, self.earlier, self.portions) = (batch, writer, earlier, portions)
        (self.observer, self.cancellation) = (observer, cancellation)
    }

    /// The error for which the record could not be gone on with; nil where there was none.
    var failure: (any Error)? { firstFailure.withLock { $0 } }

    func began(_ scene: String, _ run: SceneRun) {
        // Before any output has its name: killed then, the part knows it as its own.
        write(scene, .underway)
        // Another process may have taken the part over meanwhile, and have made the same outputs.
        run.completed = { [writer] _ in try writer.requireLease() }
        observer?.began(scene, run)
    }

    func advanced(_ scene: String, tiles: Int, of count: Int) { observer?.advanced(scene, tiles: tiles, of: count) }

    func ended(_ result: SceneResult) {
        switch result.ending {
        case .done(let outcome): write(result.scene, .done, OutcomeFacts(outcome))
        case .unchanged: write(result.scene, .unchanged)
        case .outside: write(result.scene, .outside)
        case .failed(let message, let status) where status == EX_TEMPFAIL:
            // Another process makes the scene: this is not the scene's fault.
            stop(after: PartError(.running, message))
        case .failed: write(result.scene, .failed)
        case .stopped: write(result.scene, .stopped)
        }
        observer?.ended(result)
    }

    private func write(_ scene: String, _ ending: PartRecord.Ending, _ facts: OutcomeFacts? = nil) {
        guard let portion = portions[scene] else { preconditionFailure("a part runs its own scenes") }
        do {
            let entry = try batch.ledger.entry(of: CanonicalPath.named(scene))
            // What an earlier run of the part has done is done in this batch.
            if ending == .unchanged, let earlier = earlier[portion], earlier.ending == .done, earlier.entry == entry {
                return
            }
            var line = PartRecord.Line(portion: portion, scene: scene, ending: ending, entry: entry)
            line.facts = facts
            try writer.append(line)
        } catch {
            stop(after: error)
        }
    }

    private func stop(after error: any Error) {
        firstFailure.withLock { $0 = $0 ?? error }
        cancellation.cancel()
    }
}

extension Batch {
    /// Deals scenes among parts, by what is known when each was opened: the same on every machine.
    ///
    /// - Throws: `RasterError` (`.readFailed`) where a scene cannot be read for a moment: without it, the deal would be another.
    func deal(_ scenes: [String], among count: Int) throws -> BatchDeal {
        var options = options
        // A machine's processors and memory decide nothing.
        (options.workers, options.memory) = (1, MemoryBudget.unlimited.total)
        let kinds = Set(outputs.rasters.keys)
        return BatchDeal(
            try scenes.map { scene in
                options.access = reach(of: scene)
                var grid: TileGrid?
                do {
                    let raster = try options.open(scene: scene, for: model)
                    grid = try Planner(scene: raster, model: model, options: options, kinds: kinds).plan().grid
                } catch let error as RasterError where error.code == .readFailed {
                    throw error
                } catch {
                    // It fails in the part that has it.
                }
                return BatchDeal.Scene(name: CanonicalPath.named(scene), grid: grid)
            }, among: count)
    }
}
