import FileIO
import RasterIO
import TileGeometry

extension WorkInProgress {
    /// Reads all that an earlier run has left, and takes for done only the rows of tiles that are as they were written: a
    /// disk may have lost or changed some of it. The first row that is not is computed anew, with all below it.
    ///
    /// - Parameters:
    ///   - windows: where the samples of each row lie.
    ///   - warn: called with a line where a row is not what it was.
    /// - Throws: `CancellationError`; the work is as it was then.
    func verifyRecovered(
        _ windows: OutputWindows, cancellation: Cancellation, warn: (String) -> Void
    ) throws {
        var whole = WorkJournal.Progress()
        for row in 0..<recovered.tileRows {
            let expected = recoveredRows[row]
            let found = try rasters.checksums(of: windows.places(ofTileRow: row), cancellation)
            guard let expected, expected.checksums == found else {
                warn(
                    "\(outputs[0].path): row \(row + 1) of the \(recovered.tileRows) rows of tiles that an earlier run "
                        + "left is not as it was written, as after a fault of the disk: computed anew from there on")
                break
            }
            whole = WorkJournal.Progress(tileRows: row + 1, tilesComputed: expected.tilesComputed)
        }
        restart(at: whole)
    }
}

extension [RawRaster] {
    /// Returns the checksums of some windows of each raster, as they are in the files; nil where they cannot be read.
    ///
    /// - Throws: `CancellationError`.
    func checksums(of windows: [PixelWindow], _ cancellation: Cancellation) throws -> [UInt64]? {
        let most = map(\.sampleType.sampleByteCount).max() ?? 1
        let largest = windows.map(\.size.area).max() ?? 0
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: largest * most, alignment: 64)
        defer { scratch.deallocate() }
        var found: [UInt64] = []
        for raster in self {
            var sum = SampleChecksum()
            for window in windows {
                if cancellation.isCancelled { throw CancellationError() }
                let count = window.size.area * raster.sampleType.sampleByteCount
                for band in 1...raster.bandCount {
                    do throws(FileError) {
                        try raster.read(window, band: band, into: scratch.baseAddress!)
                    } catch {
                        return nil
                    }
                    sum.add(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
                }
            }
            found.append(sum.value)
        }
        return found
    }
}
