import Dispatch
import FileIO
import RasterIO
package import TileGeometry

/// The summary of a part of a divided run.
package struct PartSummary: Sendable {
    /// The part.
    package let part: ScenePart
    /// The rows of tiles that it has, counted from 0.
    package let tileRows: Range<Int>
    /// The number of rows of tiles that the whole scene has.
    package let allTileRows: Int
    /// The number of its tiles.
    package let tiles: Int
    /// The number of tiles that an earlier run had finished.
    package let tilesResumed: Int
    /// The wall time in seconds.
    package let seconds: Double
}

extension SegmentationJob {
    /// Computes the tiles of a part of the scene and keeps them beside the mask, for a merge to take. Nothing appears under
    /// the names of the outputs.
    ///
    /// A part that was begun is gone on with, and one that is complete is read and found so.
    ///
    /// - Parameters:
    ///   - rasters: where each raster is to go, the mask among them; of the others those that the job was made for.
    ///   - request: the command, for the merge.
    ///   - verifiedWindows: the number of windows that the merge will verify, which is checked beforehand.
    ///   - progress: called at the start, and after each written tile, with the number of the part's tiles written and in all.
    ///   - warn: called with a line where something is discarded, or does not fit what other parts have.
    /// - Throws: `PartError` (`.bad`) where parts of another division are there; `RasterError`, `EngineError`; `FileError`
    ///   (`.locked` where another process has the part);
    ///   `SegmentationError` (`.changed`), or `CancellationError`. What is done is kept where the same run may succeed later.
    package func compute(
        _ part: ScenePart, of rasters: [RasterOutput.Kind: String], request: PartRequest, verifiedWindows: Int = 0,
        cancellation: Cancellation = Cancellation(), progress: @escaping (Int, Int) -> Void = { _, _ in },
        warn: (String) -> Void = { _ in }
    ) throws -> PartSummary {
        let started = DispatchTime.now()
        let times = StageTimes()
        try checkVerification(verifiedWindows)
        let share = share(of: part)
        let reader = try preparedReader(times)
        let outputs = outputs(outputs(rasters), of: share)
        if let other = PartSet.counts(of: outputs[0].path).first(where: { $0 != part.count }) {
            let folder = WorkFolder.path(for: outputs[0].path)
            throw PartError(
                .bad,
                "\(outputs[0].path): parts of \(other) are there, and this would be \(part): "
                    + (request.batch == nil ? "give --part K/\(other), or remove \(folder)" : "remove \(folder)"))
        }
        let key = key(outputs, part: part, share)
        let work = try WorkInProgress(outputs, key: key, tileRows: share.tileRows.count, part: part, warn: warn)
        let columns = plan.grid.columns
        do {
            try work.folder.write(request.data(), to: PartRequest.fileName)
            try work.verifyRecovered(windows(of: share), cancellation: cancellation, warn: warn)
            compareWithOthers(part, key, outputs[0].path, warn)
            progress(work.progress.tileRows * columns, share.tileRows.count * columns)
            if !work.isComplete {
                try runPipeline(work, share, reader, times, cancellation, progress)
            }
            try identity.requireUnchanged(scene.path)
            try work.complete()
        } catch {
            throw work.end(after: error, scene: scene.path)
        }
        return PartSummary(
            part: part, tileRows: share.tileRows, allTileRows: plan.grid.rows, tiles: share.tileRows.count * columns,
            tilesResumed: work.recovered.tileRows * columns, seconds: started.secondsToNow)
    }

    /// Warns of another part that a merge would refuse beside this one, before time is spent on it.
    private func compareWithOthers(_ part: ScenePart, _ key: WorkKey, _ mask: String, _ warn: (String) -> Void) {
        for number in 1...part.count where number != part.number {
            guard let other = ScenePart(number, of: part.count),
                let found = StoredWork(folder: WorkFolder.path(for: mask, part: other))?.key
            else { continue }
            let differences = key.differences(from: found, otherPart: true)
            guard !differences.isEmpty else { return }
            warn(
                "\(mask): \(other) does not go with this one, as \(differences.joined(separator: " and ")) changed: the merge "
                    + "will refuse one of them")
            return
        }
    }

    /// Makes complete rasters, which have no names yet, of the parts of a divided run.
    ///
    /// - Parameters:
    ///   - mixesKernels: true if parts may have been made by different kernels.
    ///   - others: as for `stage`.
    /// - Throws: `PartError` naming a part and the command that makes it; as `stage` else.
    package func stage(
        merging merge: PartMerge, mixesKernels: Bool, _ rasters: [RasterOutput.Kind: String], verifiedWindows: Int = 0,
        cancellation: Cancellation = Cancellation(), progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> StagedRasters {
        let started = DispatchTime.now()
        let times = StageTimes()
        try checkVerification(verifiedWindows)
        let reader = try preparedReader(times)
        let outputs = outputs(rasters)
        let work = try JoinedParts(
            merge, for: self, outputs: outputs, mixesKernels: mixesKernels, cancellation: cancellation)
        do {
            return try staged(work, reader, since: started, times, verifiedWindows, cancellation) { encoder in
                let (rows, columns) = (plan.grid.rows, plan.grid.columns)
                progress(0, rows * columns)
                for done in 1...rows {
                    try encoder.advance(toRow: outputRow(afterTileRows: done))
                    encoder.settle()
                    progress(done * columns, rows * columns)
                }
                try encoder.finish()
                try work.requireWhole()
            }
        } catch {
            throw work.end(after: error, scene: scene.path)
        }
    }

    /// The rows of tiles of a part, and the window that they fill.
    func share(of part: ScenePart) -> Share {
        let rows = plan.grid.tileRows(of: part)
        let (top, end) = (outputRow(afterTileRows: rows.lowerBound), outputRow(afterTileRows: rows.upperBound))
        let whole = plan.outputWindow
        return Share(
            tileRows: rows,
            window: PixelWindow(x: whole.x, y: whole.y + top, width: whole.width, height: end - top))
    }

    /// The rasters of a part, which have its rows alone.
    func outputs(_ outputs: [RasterOutput], of share: Share) -> [RasterOutput] {
        outputs.map { output in
            var options = output.options
            options.size = share.window.size
            return RasterOutput(kind: output.kind, path: output.path, options: options)
        }
    }

    /// The bytes that a pixel of the mask has in a part's work.
    package var maskBytesPerPixel: Int {
        let options = options(for: .mask)
        return options.bandCount * options.sampleType.sampleByteCount
    }

    func key(_ outputs: [RasterOutput], part: ScenePart, _ share: Share) -> WorkKey {
        var key = key(outputs)
        key.part = WorkKey.Part(part, rows: share.tileRows)
        return key
    }
}
