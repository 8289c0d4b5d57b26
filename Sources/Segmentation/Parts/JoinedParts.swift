import FileIO
import Foundation
import RasterIO
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

    /// Looks at each part: that it is of this scene, model, plan, settings and version, and that each row of tiles is as it
    /// was written.
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
        for part in parts.all {
            let share = job.share(of: part)
            let partOutputs = job.outputs(outputs, of: share)
            let found = try Self.open(parts, part, job.key(partOutputs, part: part, share), partOutputs)
            if kernels[found.kernels] == nil { kernels[found.kernels] = part }
            computed += try Self.verified(found, parts, part, job.windows(of: share), cancellation)
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
    }

    /// What a part has in its folder.
    private struct Found {
        let rasters: [RawRaster]
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
        let rasters: [RawRaster]
        rasters = try outputs.map { output in
            let name = path + "/" + WorkInProgress.rasterName(output)
            guard let status = FileStatus(path: name, followsLinks: false), status.kind == .file,
                status.size == output.byteCount
            else { throw parts.bad(part, "its rasters are damaged") }
            return try RawRaster(path: name, for: output, isNew: false)
        }
        guard tileRows > 0 else { return Found(rasters: rasters, rows: [], kernels: key.kernels) }
        guard let journal = work.journal,
            journal.recover(tileRows: tileRows)?.tileRows == tileRows
        else { throw parts.bad(part, "its journal is damaged") }
        let rows = (0..<tileRows).map { journal.row($0, rasters: rasters.count) }
        return Found(rasters: rasters, rows: rows, kernels: key.kernels)
    }

    /// Reads all rows of a part, and compares them with their checksums.
    ///
    /// - Returns: the number of its tiles that the network ran on.
    private static func verified(
        _ found: Found, _ parts: PartSet, _ part: ScenePart, _ windows: OutputWindows, _ cancellation: Cancellation
    ) throws -> Int {
        for (row, expected) in found.rows.enumerated() {
            let sums = try found.rasters.checksums(of: windows.places(ofTileRow: row), cancellation)
            guard let expected, expected.checksums == sums else {
                throw parts.bad(
                    part,
                    "row \(row + 1) of its \(found.rows.count) rows of tiles is not as it was written, as after a fault of "
                        + "the disk")
            }
        }
        return found.rows.last??.tilesComputed ?? 0
    }

    /// The parts stay, whatever happened: another merge may succeed.
    func end(after error: any Error, scene: String) -> any Error {
        // What somebody else has taken over is theirs.
        if folder.isLost { return error }
        folder.retract()
        folder.releaseLease()
        return error
    }

    func keepRecord() { remove() }

    func remove() { folder.removeParts() }
}
