import Dispatch
import FileIO
import Foundation
import RasterIO
import Synchronization
import TileGeometry

/// The complete work of all parts of a divided run, which the finished rasters are made of.
///
/// Nobody begins a part while it is there: it holds the lease of the folder that all parts lie in, and has seen that nobody
/// has that of a part.
final class JoinedParts: RasterWork {
    let outputs: [RasterOutput]
    let sources: [any RawSource]
    let tilesComputed: Int
    let resumedTileRows: Int
    let folder: WorkFolder

    private let parts: PartSet
    private let check: RowCheck

    /// Looks at each part: that it is of this scene, model, plan, settings and version. That each row of tiles is as it was
    /// written is told by `requireWhole`, at the end of a look that begins here.
    ///
    /// - Parameter mixesKernels: true if parts may have been made by different kernels.
    /// - Throws: `PartError` naming a part and the command that makes it; `FileError`, `CancellationError`.
    init(
        _ merge: PartMerge, for job: SegmentationJob, outputs: [RasterOutput], mixesKernels: Bool,
        cancellation: Cancellation
    ) throws {
        self.outputs = outputs
        folder = merge.folder
        parts = merge.parts
        var pieces = outputs.map { _ in [JoinedRaster.Piece]() }
        var computed = 0
        var kernels: [String: ScenePart] = [:]
        var checked: [RowCheck.Work] = []
        for part in parts.all {
            let share = job.share(of: part)
            let partOutputs = job.outputs(outputs, of: share)
            let found = try Self.open(parts, part, job.key(partOutputs, part: part, share), partOutputs)
            if kernels[found.kernels] == nil { kernels[found.kernels] = part }
            computed += found.rows.last??.tilesComputed ?? 0
            checked.append(
                RowCheck.Work(part: part, outputs: partOutputs, rows: found.rows, windows: job.windows(of: share)))
            let top = share.window.y - job.plan.outputWindow.y
            for index in outputs.indices {
                pieces[index].append(
                    JoinedRaster.Piece(
                        rows: top..<top + share.window.height,
                        path: parts.path(part) + "/" + WorkInProgress.rasterName(outputs[index]),
                        output: partOutputs[index]))
            }
        }
        if kernels.count > 1, !mixesKernels {
            let (one, other) = (
                kernels.min { $0.value.number < $1.value.number }!, kernels.max { $0.value.number < $1.value.number }!
            )
            throw PartError(
                .bad,
                "\(parts.output): \(one.value) was made by the kernels \(one.key), and \(other.value) by \(other.key), whose last "
                    + "digits differ: give --mixed-kernels to take both, or set OVERTILE_ISA where they are made")
        }
        sources = zip(outputs, pieces).map { JoinedRaster($0, pieces: $1, requireLease: merge.folder.leaseCheck) }
        tilesComputed = computed
        resumedTileRows = job.plan.grid.rows
        check = RowCheck(checked, of: parts, cancellation)
    }

    /// Returns normally when every row of tiles of every part was found to be as it was written.
    ///
    /// - Throws: `PartError` naming a part and the command that makes it; `CancellationError`.
    func requireWhole() throws { try check.wait() }

    /// What a part has in its folder.
    private struct Found {
        let rows: [WorkJournal.Row?]
        let kernels: String
    }

    private static func open(
        _ parts: PartSet, _ part: ScenePart, _ expected: WorkKey, _ outputs: [RasterOutput]
    ) throws -> Found {
        let path = parts.path(part)
        guard let work = StoredWork(folder: path) else {
            throw parts.bad(part, "its key is damaged, or another version's")
        }
        let key = work.key
        var expected = expected
        // The merge runs no kernels, so that its own do not count.
        expected.kernels = key.kernels
        let differences = expected.differences(from: key)
        guard differences.isEmpty else {
            let reason = "it is of another run: \(differences.joined(separator: " and ")) changed"
            // The same command would give the same again.
            throw expected.plan.tile == key.plan.tile || expected.settings != key.settings
                ? parts.bad(part, reason)
                : PartError(
                    .bad,
                    "\(parts.output), \(part): \(reason): where memory is short, smaller tiles are taken; give all parts the "
                        + "same --memory, or --tile")
        }
        let tileRows = expected.part?.rows ?? 0
        for output in outputs {
            let name = path + "/" + WorkInProgress.rasterName(output)
            guard let status = FileStatus(path: name, followsLinks: false), status.kind == .file,
                status.size == output.byteCount
            else { throw parts.bad(part, "its rasters are damaged") }
        }
        guard tileRows > 0 else { return Found(rows: [], kernels: key.kernels) }
        guard let journal = work.journal,
            journal.recover(tileRows: tileRows)?.tileRows == tileRows
        else { throw parts.bad(part, "its journal is damaged") }
        return Found(rows: (0..<tileRows).map { journal.row($0, rasters: outputs.count) }, kernels: key.kernels)
    }

    /// The parts stay, whatever happened: another merge may succeed.
    func end(after error: any Error, scene: String) -> any Error {
        check.stop()
        // What somebody else has taken over is theirs.
        if folder.isLost { return error }
        folder.retract()
        folder.releaseLease()
        return error
    }

    func keepRecord() { remove() }

    func remove() { folder.removeParts() }
}

/// Reads all rows of tiles of all parts and compares them with their checksums, on threads of its own, while the outputs are
/// made of them.
private final class RowCheck: Sendable {
    /// A part's work.
    struct Work: Sendable {
        let part: ScenePart
        let outputs: [RasterOutput]
        let rows: [WorkJournal.Row?]
        let windows: OutputWindows
    }

    private struct State {
        var next = 0
        var isStopped = false
        var failure: (any Error)?
    }

    /// More gain little: the outputs are compressed meanwhile.
    private static let threads = 2

    private let works: [Work]
    private let parts: PartSet
    private let state = Mutex(State())
    private let group = DispatchGroup()

    init(_ works: [Work], of parts: PartSet, _ cancellation: Cancellation) {
        (self.works, self.parts) = (works, parts)
        for thread in 0..<min(Self.threads, works.count) {
            DispatchQueue(label: "overtile.rows \(thread)").async(group: group) { [self] in
                while let work = next() {
                    do {
                        try check(work, cancellation)
                    } catch {
                        state.withLock { ($0.failure, $0.isStopped) = ($0.failure ?? error, true) }
                    }
                }
            }
        }
    }

    /// Ends the look early.
    func stop() {
        state.withLock { $0.isStopped = true }
        group.wait()
    }

    /// Waits for the end.
    ///
    /// - Throws: `PartError`, `CancellationError`.
    func wait() throws {
        group.wait()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func next() -> Work? {
        state.withLock { state in
            guard !state.isStopped, state.next < works.count else { return nil }
            defer { state.next += 1 }
            return works[state.next]
        }
    }

    private func check(_ work: Work, _ cancellation: Cancellation) throws {
        let rasters: [RawRaster]
        do {
            rasters = try work.outputs.map {
                try RawRaster(
                    path: parts.path(work.part) + "/" + WorkInProgress.rasterName($0), for: $0, isNew: false)
            }
        } catch {
            throw parts.bad(work.part, "its rasters are damaged")
        }
        for (row, expected) in work.rows.enumerated() {
            if state.withLock({ $0.isStopped }) { return }
            let sums = try rasters.checksums(of: work.windows.places(ofTileRow: row), cancellation)
            guard let expected, expected.checksums == sums else {
                throw parts.bad(
                    work.part,
                    "row \(row + 1) of its \(work.rows.count) rows of tiles is not as it was written, as after a fault of the "
                        + "disk")
            }
        }
    }
}
