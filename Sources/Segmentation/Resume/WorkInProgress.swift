import Dispatch
import FileIO
import Foundation
import RasterIO
import Synchronization
import TileGeometry

/// The unfinished outputs of a scene: raw rasters, a journal of the rows of tiles that are in them, and the key of what
/// they belong to, in a hidden folder beside the mask.
///
/// The folder outlives the process. A run with the same key goes on after the last row in the journal; any other discards
/// what it finds.
///
/// @unchecked Sendable: what changes is used on the stitcher's thread, but for the journal, which is behind a mutex.
final class WorkInProgress: RasterWork, @unchecked Sendable {
    let outputs: [RasterOutput]
    let rasters: [RawRaster]
    /// The progress of an earlier run, as far as it is whole.
    private(set) var recovered: WorkJournal.Progress
    /// The record of the journal for each row of tiles that an earlier run has finished, from the top.
    let recoveredRows: [WorkJournal.Row?]
    private(set) var progress: WorkJournal.Progress
    let tileRows: Int
    let folder: WorkFolder

    private let journal: Mutex<WorkJournal>
    private let syncQueue = DispatchQueue(label: "overtile.sync")
    private let syncing = Mutex<(isBusy: Bool, error: (any Error)?)>((false, nil))
    private var lastSync = DispatchTime.now()
    /// Of each raster, the samples of the row of tiles that is being written.
    private var checksums: [SampleChecksum]
    /// The files that a process which has to end at once removes: all, as long as no row is finished.
    private(set) var removedAtOnce: [String] = []

    static let journalName = "journal"

    /// Seconds of work that a power loss may take.
    private static let syncInterval = 2.0

    /// Takes up the work in progress of an earlier run, or begins anew.
    ///
    /// - Parameters:
    ///   - outputs: the mask first, beside which the folder is.
    ///   - tileRows: rows of the tile grid, or of the part.
    ///   - part: the part of a divided run that the work is; nil for the whole.
    ///   - warn: called with a line where something is discarded.
    /// - Throws: `SegmentationError` (`.locked`), `FileError`.
    init(
        _ outputs: [RasterOutput], key: WorkKey, tileRows: Int, part: ScenePart? = nil, warn: (String) -> Void
    ) throws {
        let path = outputs[0].path
        let folder = try part.map { try WorkFolder(for: path, part: $0) } ?? WorkFolder(for: path)
        self.folder = folder
        self.outputs = outputs
        self.tileRows = tileRows
        do {
            let data = try Self.encoded(key)
            if folder.names.contains(WorkFolder.keyName) {
                var reason = Self.reasonToDiscard(folder, key)
                if reason == nil {
                    if let found = try? Self.reopened(folder, outputs, keyData: data, tileRows: tileRows) {
                        (rasters, recovered, recoveredRows) = (found.rasters, found.progress, found.rows)
                        journal = Mutex(found.journal)
                        checksums = rasters.map { _ in SampleChecksum() }
                        progress = recovered
                        if progress.tileRows == 0 { expose() }
                        return
                    }
                    reason = "its rasters or its journal are damaged"
                }
                warn("\(outputs[0].path): the work in progress of an earlier run is discarded: \(reason!)")
            }
            folder.clear()
            rasters = try outputs.map { output throws(FileError) in
                try RawRaster(path: folder.file(Self.rasterName(output)), for: output, isNew: true)
            }
            journal = Mutex(
                try WorkJournal(
                    path: folder.file(Self.journalName), key: Self.hash(data), output: outputs[0].path))
            try folder.write(data, to: WorkFolder.keyName)
            (recovered, progress, recoveredRows) = (WorkJournal.Progress(), WorkJournal.Progress(), [])
            checksums = rasters.map { _ in SampleChecksum() }
            expose()
        } catch {
            folder.remove()
            throw error
        }
    }

    deinit { protect() }

    var sources: [any RawSource] { rasters }
    var tilesComputed: Int { progress.tilesComputed }
    var resumedTileRows: Int { recovered.tileRows }

    var isComplete: Bool { progress.tileRows == tileRows }

    /// Begins after these rows of tiles, at most those that an earlier run has finished.
    func restart(at whole: WorkJournal.Progress) {
        precondition(whole.tileRows <= recovered.tileRows && progress == recovered, "nothing was written yet")
        let isNothing = whole.tileRows == 0 && recovered.tileRows > 0
        (recovered, progress) = (whole, whole)
        if isNothing { expose() }
    }

    /// Writes a window of one band of a raster, in the order of the tiles and their windows (`OutputWindows`).
    ///
    /// - Parameters:
    ///   - raster: its place in `rasters`.
    ///   - band: counted from 1.
    ///   - bytes: height x width samples of the raster's type.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func write(
        _ window: PixelWindow, band: Int, bytes: UnsafeRawBufferPointer, to raster: Int
    ) throws(FileError) {
        precondition(bytes.count == window.size.area * rasters[raster].sampleType.sampleByteCount)
        guard let start = bytes.baseAddress else { return }
        checksums[raster].add(bytes)
        try rasters[raster].write(window, band: band, bytes: start)
    }

    /// Notes that all samples of another row of tiles are written.
    ///
    /// - Parameter tilesComputed: tiles of this row that the network ran on.
    /// - Throws: `FileError`, from an earlier sync too.
    func finishTileRow(tilesComputed: Int) throws {
        try folder.requireLease()
        progress.tileRows += 1
        progress.tilesComputed += tilesComputed
        let sums = checksums.map(\.value)
        checksums = rasters.map { _ in SampleChecksum() }
        try journal.withLock { try $0.append(progress, checksums: sums, isOnDisk: false) }
        protect()
        try syncing.withLock { state in if let error = state.error { throw error } }
        if lastSync.secondsToNow >= Self.syncInterval { startSync() }
    }

    /// Brings what is written to the disk while work goes on; a sync that is under way is not followed by another.
    private func startSync() {
        guard
            syncing.withLock({ state in
                defer { state.isBusy = true }
                return !state.isBusy
            })
        else { return }
        lastSync = DispatchTime.now()
        let reached = progress
        syncQueue.async { [self] in
            var failure: (any Error)?
            do {
                for raster in rasters { try raster.sync() }
                folder.sync([WorkFolder.keyName])
                try journal.withLock { try $0.append(reached, isOnDisk: true) }
            } catch { failure = error }
            syncing.withLock { $0 = (false, failure) }
        }
    }

    /// Brings all of the complete work of a part to the disk, where other machines find it.
    ///
    /// - Throws: `FileError`.
    func complete() throws {
        precondition(isComplete)
        settle()
        try folder.requireLease()
        for raster in rasters { try raster.sync() }
        folder.sync(folder.names)
        try journal.withLock { try $0.append(progress, isOnDisk: true) }
        protect()
    }

    /// Waits for a sync that is under way.
    func settle() { syncQueue.sync {} }

    /// The work is done, and the command not yet over.
    func keepRecord() {
        settle()
        folder.keepRecord()
        protect()
    }

    /// The work is done, or of no more use.
    func remove() {
        settle()
        folder.remove()
        protect()
    }

    // MARK: What an earlier run left

    private static func reasonToDiscard(_ folder: WorkFolder, _ key: WorkKey) -> String? {
        guard let found = StoredWork(folder: folder.path)?.key else {
            return "its key is damaged, or another version's"
        }
        let differences = key.differences(from: found)
        guard differences.isEmpty else { return differences.joined(separator: " and ") + " changed" }
        return nil
    }

    private static func reopened(
        _ folder: WorkFolder, _ outputs: [RasterOutput], keyData: Data, tileRows: Int
    ) throws -> (rasters: [RawRaster], journal: WorkJournal, progress: WorkJournal.Progress, rows: [WorkJournal.Row?])?
    {
        let rasters = try outputs.map { output throws(FileError) in
            try RawRaster(path: folder.file(rasterName(output)), for: output, isNew: false)
        }
        let journal = try WorkJournal(
            path: folder.file(journalName), key: hash(keyData), output: outputs[0].path)
        guard let progress = journal.recover(tileRows: tileRows) else { return nil }
        return (rasters, journal, progress, (0..<progress.tileRows).map { journal.row($0, rasters: rasters.count) })
    }

    static func rasterName(_ output: RasterOutput) -> String { "\(output.kind.rawValue).raw" }

    static func encoded(_ key: WorkKey) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(key)
    }

    static func hash(_ data: Data) -> UInt64 {
        var hash = FNV1a()
        data.withUnsafeBytes { hash.add($0) }
        return hash.value
    }

    // MARK: Where nothing is finished, nothing stays

    private func expose() {
        removedAtOnce = folder.removable([WorkFolder.keyName, Self.journalName] + outputs.map(Self.rasterName))
        for name in removedAtOnce { StagedOutputs.add(name) }
    }

    private func protect() {
        for name in removedAtOnce { StagedOutputs.remove(name) }
        removedAtOnce = []
    }
}
