import CGDAL
import FileIO
import TileGeometry

/// Removes small islands from a mask (GDAL's sieve filter): each connected region of fewer than so many pixels becomes
/// part of its largest neighbour, or of that one's neighbour if it is too small itself.
///
/// Pixels without data are not changed, and do not count as neighbours. The result depends on the mask alone, not on
/// its tiles. The mask is read twice, row by row. Memory follows the number of regions, not of pixels: six million
/// regions took 230 MiB.
package struct SieveFilter: Sendable {
    /// The size in pixels below which a region is removed.
    package var minimumPixels: Int
    /// True if pixels that share only a corner belong to one region.
    package var connectsCorners: Bool

    /// The most rows that are copied at a time.
    private static let rowsPerCopy = 64

    /// Makes a filter. Regions are connected by edges, and with `connectsCorners` also by corners.
    package init(minimumPixels: Int, connectsCorners: Bool = false) {
        self.minimumPixels = minimumPixels
        self.connectsCorners = connectsCorners
    }

    /// Writes a mask without its small islands.
    ///
    /// - Parameters:
    ///   - mask: a raster of one band of bytes, or of 16 bits if the writer's band has 16. The sieved pixels go through
    ///     a hidden file in the writer's folder.
    ///   - writer: the writer of a raster of the mask's size with one band. The caller finishes it.
    ///   - progress: called now and then with the share that is done, 0 to 1. If it returns false, the work stops.
    /// - Returns: false if `progress` stopped the work. The writer then lacks pixels.
    /// - Throws: `.badArgument` for masks and writers that do not fit, and for a number of pixels below 1;
    ///   `.readFailed`, `.writeFailed`, `.outOfSpace`.
    package func write(
        _ mask: RasterReader, to writer: RasterWriter, progress: (Double) -> Bool = { _ in true }
    ) throws(RasterError) -> Bool {
        try mask.requireMask()
        let type = mask.bands[0].sampleType
        guard minimumPixels >= 1, minimumPixels <= Int(Int32.max) else {
            throw RasterError(
                .badArgument, path: mask.path,
                "cannot sieve \(mask.path) with \(minimumPixels) pixels: give a number from 1 on")
        }
        guard writer.options.size == mask.size, writer.options.sampleType == type, let written = type.writing,
            !type.isFloatingPoint
        else {
            throw RasterError(
                .badArgument, path: writer.path,
                "cannot sieve \(mask.path) into \(writer.path): its size or its samples, \(type), are others")
        }
        let file = try RasterError.ofFile { () throws(FileError) in
            try StagedFile(path: writer.path, overwrite: true)
        }
        defer { file.remove() }
        guard let dataset = try filter(mask, written.gdalType, file, progress) else { return false }
        defer { dataset.close() }
        return type == .uint8
            ? try copy(dataset, UInt8(0), written.gdalType, to: writer, file, progress)
            : try copy(dataset, UInt16(0), written.gdalType, to: writer, file, progress)
    }

    /// - Returns: the sieved mask as an open scratch file, or nil if `progress` stopped the work.
    private func filter(
        _ mask: RasterReader, _ type: GDALDataType, _ file: StagedFile, _ progress: (Double) -> Bool
    ) throws(RasterError) -> DatasetHandle? {
        let messages = GDALMessages()
        let items = CStringList(["COMPRESS=LZW", "TILED=NO", "BIGTIFF=IF_SAFER"])
        let created = messages.during { () -> GDALDatasetH? in
            guard let driver = GDALGetDriverByName("GTiff") else { return nil }
            return items.withUnsafe {
                GDALCreate(
                    driver, file.stagingPath, Int32(mask.size.width), Int32(mask.size.height), 1, type, $0)
            }
        }
        guard let created else { throw RasterError.failed(to: "create a scratch file for", file, messages) }
        let dataset = DatasetHandle(owning: created)
        var wasStopped = false
        let status = withoutActuallyEscaping(progress) { progress in
            let call = ProgressCall(share: 0.7, progress)
            let status = messages.during {
                GDALSieveFilter(
                    mask.dataset.band(1), mask.marksInvalidPixels ? GDALGetMaskBand(mask.dataset.band(1)) : nil,
                    dataset.band(1), Int32(minimumPixels), connectsCorners ? 8 : 4, nil, ProgressCall.function,
                    Unmanaged.passUnretained(call).toOpaque())
            }
            wasStopped = call.wasStopped
            return status
        }
        if wasStopped {
            dataset.close(reportingTo: GDALMessages(keepsWarnings: true))
            return nil
        }
        guard status == CE_None, messages.failures.isEmpty else {
            let error = RasterError.failed(to: "sieve the mask for", file, messages)
            dataset.close(reportingTo: GDALMessages(keepsWarnings: true))
            throw error
        }
        return dataset
    }

    private func copy<Sample: RasterSample>(
        _ dataset: DatasetHandle, _ blank: Sample, _ type: GDALDataType, to writer: RasterWriter, _ file: StagedFile,
        _ progress: (Double) -> Bool
    ) throws(RasterError) -> Bool {
        let size = writer.options.size
        let rows = min(size.height, Self.rowsPerCopy)
        let samples = UnsafeMutableBufferPointer<Sample>.allocate(capacity: rows * size.width)
        samples.initialize(repeating: blank)
        defer { samples.deallocate() }
        for top in stride(from: 0, to: size.height, by: rows) {
            let window = PixelWindow(x: 0, y: top, width: size.width, height: min(rows, size.height - top))
            let messages = GDALMessages()
            let status = messages.during {
                GDALRasterIOEx(
                    dataset.band(1), GF_Read, 0, Int32(top), Int32(window.width), Int32(window.height),
                    samples.baseAddress, Int32(window.width), Int32(window.height), type, 0, 0, nil)
            }
            guard status == CE_None, messages.failures.isEmpty else {
                throw RasterError.failed(to: "read back the sieved mask for", file, messages)
            }
            try writer.write(window, band: 1, samples: UnsafeBufferPointer(samples))
            if !progress(0.7 + 0.3 * Double(window.maxY) / Double(size.height)) { return false }
        }
        return true
    }
}

/// Lends a closure to GDAL as its progress function, for one call.
private final class ProgressCall {
    private let share: Double
    private let progress: (Double) -> Bool
    private(set) var wasStopped = false

    /// - Parameter share: the share of the call in the whole work, 0 to 1.
    init(share: Double, _ progress: @escaping (Double) -> Bool) {
        self.share = share
        self.progress = progress
    }

    static let function: GDALProgressFunc = { done, _, context in
        guard let context else { return 1 }
        let call = Unmanaged<ProgressCall>.fromOpaque(context).takeUnretainedValue()
        if !call.progress(done * call.share) { call.wasStopped = true }
        return call.wasStopped ? 0 : 1
    }
}
