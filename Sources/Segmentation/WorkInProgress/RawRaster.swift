import Glibc
import RasterIO
import TileGeometry

/// A raster in the making: plain samples, [band][row][column] in the machine's byte order, each written at its final place.
///
/// A file without a directory or an end: what was written is there, whatever becomes of the process that wrote it. May be
/// written and read by several threads at a time, each its own windows.
final class RawRaster: Sendable {
    let kind: SceneOutput.Kind
    /// The output that it will become, for messages.
    private let output: String
    private let size: PixelSize
    let sampleType: SampleType
    let bandCount: Int
    private let descriptor: Int32

    /// Makes the file, or opens the one that is there, where it has the size that it should have; room for all samples is
    /// taken at once, where the file system can.
    ///
    /// - Parameter isNew: false for a file that has to be there.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    init(path: String, for output: SceneOutput, isNew: Bool) throws(RasterError) {
        kind = output.kind
        self.output = output.path
        size = output.options.size
        sampleType = output.options.sampleType
        bandCount = output.options.bandCount
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (isNew ? O_CREAT | O_TRUNC : 0)
        descriptor = open(path, flags, 0o666)
        guard descriptor >= 0 else { throw Self.failure("open", output.path, errno) }
        do throws(RasterError) {
            if isNew { try Self.reserve(output.byteCount, descriptor, output.path) }
            guard lseek(descriptor, 0, SEEK_END) == output.byteCount else {
                throw Self.failure("open", output.path, EINVAL)
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// Writes a window of one band, counted from 1.
    ///
    /// - Parameter samples: height x width, of the raster's sample type.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func write<Sample: RasterSample>(
        _ window: PixelWindow, band: Int, samples: UnsafeBufferPointer<Sample>
    ) throws(RasterError) {
        precondition(Sample.sampleType == sampleType && samples.count >= window.size.area)
        try write(window, band: band, bytes: UnsafeRawPointer(samples.baseAddress!))
    }

    /// Writes a window of one band, counted from 1.
    ///
    /// - Parameter bytes: of height x width samples of the raster's type.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func write(_ window: PixelWindow, band: Int, bytes: UnsafeRawPointer) throws(RasterError) {
        precondition(PixelWindow(size).contains(window) && (1...bandCount).contains(band))
        var source = bytes
        try forEachRun(of: window, band: band) { (offset, count) throws(RasterError) in
            var (offset, count) = (offset, count)
            while count > 0 {
                let written = pwrite(descriptor, source, count, offset)
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { throw Self.failure("write", output, written < 0 ? errno : EIO) }
                (source, offset, count) = (source + written, offset + written, count - written)
            }
        }
    }

    /// Reads a window of one band, counted from 1: height x width.
    ///
    /// - Throws: `.writeFailed`, as it is the output that cannot be made then.
    func read(
        _ window: PixelWindow, band: Int, into destination: UnsafeMutableRawPointer
    ) throws(RasterError) {
        precondition(PixelWindow(size).contains(window) && (1...bandCount).contains(band))
        var destination = destination
        try forEachRun(of: window, band: band) { (offset, count) throws(RasterError) in
            var (offset, count) = (offset, count)
            while count > 0 {
                let done = pread(descriptor, destination, count, offset)
                if done < 0 && errno == EINTR { continue }
                guard done > 0 else { throw Self.failure("read", output, done < 0 ? errno : EIO) }
                (destination, offset, count) = (destination + done, offset + done, count - done)
            }
        }
    }

    /// Brings all that was written to the disk itself.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func sync() throws(RasterError) {
        guard fdatasync(descriptor) == 0 else { throw Self.failure("sync", output, errno) }
    }

    /// The bytes of a window that lie together: its rows, or all of it where it is as wide as the raster.
    private func forEachRun(
        of window: PixelWindow, band: Int, _ body: (_ offset: Int, _ count: Int) throws(RasterError) -> Void
    ) throws(RasterError) {
        let bytes = sampleType.sampleByteCount
        let first = (band - 1) * size.area + window.y * size.width + window.x
        if window.width == size.width { return try body(first * bytes, window.size.area * bytes) }
        for row in 0..<window.height { try body((first + row * size.width) * bytes, window.width * bytes) }
    }

    private static func reserve(_ count: Int, _ descriptor: Int32, _ output: String) throws(RasterError) {
        if FileSpace.reserve(count, descriptor: descriptor) { return }
        if errno == ENOSPC || errno == EDQUOT {
            throw RasterError(
                .outOfSpace, path: output,
                "cannot make \(output): there is no room beside it for \(ByteCount.text(count)) of work in progress; "
                    + "make room and run again")
        }
        // Not all file systems can: the file is then as long, and takes its room as it is written.
        guard ftruncate(descriptor, count) == 0 else { throw failure("make room for", output, errno) }
    }

    private static func failure(_ what: String, _ output: String, _ number: Int32) -> RasterError {
        let isFull = number == ENOSPC || number == EDQUOT
        return RasterError(
            isFull ? .outOfSpace : .writeFailed, path: output,
            "cannot \(what) the work in progress of \(output): \(String(cString: strerror(number)))"
                + (isFull ? "; make room and run again" : ""))
    }
}
