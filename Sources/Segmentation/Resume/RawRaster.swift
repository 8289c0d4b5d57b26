import FileIO
import Glibc
import RasterIO
import TileGeometry

/// The samples of a raster, from which its file is made.
protocol RawSource: Sendable {
    /// The raster that they are of.
    var kind: RasterOutput.Kind { get }
    /// The type of all samples.
    var sampleType: SampleType { get }
    /// The number of bands.
    var bandCount: Int { get }

    /// Reads a window of one band, counted from 1: height x width.
    ///
    /// - Throws: `.writeFailed`, as it is the output that cannot be made then.
    func read(_ window: PixelWindow, band: Int, into destination: UnsafeMutableRawPointer) throws(FileError)
}

/// A raster in the making: plain samples in the machine's byte order, block by block, each written at its final place.
///
/// A file without a directory or an end: what was written is there, whatever becomes of the process that wrote it. May be
/// written and read by several threads at a time, each its own windows. A block that is written or read in all its width
/// takes one call of the system; nothing is gathered or kept in memory.
final class RawRaster: RawSource {
    let kind: RasterOutput.Kind
    /// The output that it will become, for messages.
    private let output: String
    private let layout: RawLayout
    let sampleType: SampleType
    let bandCount: Int
    private let descriptor: Int32

    /// Makes the file, or opens the one that is there, where it has the size that it should have; room for all samples is
    /// taken at once, where the file system can.
    ///
    /// - Parameter isNew: false for a file that has to be there.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    init(path: String, for output: RasterOutput, isNew: Bool) throws(FileError) {
        kind = output.kind
        self.output = output.path
        layout = RawLayout(output.options)
        sampleType = output.options.sampleType
        bandCount = output.options.bandCount
        let flags = O_RDWR | O_NOFOLLOW | (isNew ? O_CREAT | O_TRUNC : 0)
        descriptor = FileCall.open(path, flags)
        guard descriptor >= 0 else { throw Self.failure("open", output.path, errno) }
        do throws(FileError) {
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
    ) throws(FileError) {
        precondition(Sample.sampleType == sampleType && samples.count >= window.size.area)
        try write(window, band: band, bytes: UnsafeRawPointer(samples.baseAddress!))
    }

    /// Writes a window of one band, counted from 1.
    ///
    /// - Parameter bytes: those of height x width samples of the raster's type.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func write(_ window: PixelWindow, band: Int, bytes: UnsafeRawPointer) throws(FileError) {
        // The system's type for places in memory is the same for both ways; these are only read from.
        let source = UnsafeMutableRawPointer(mutating: bytes)
        try transfer("write", window, band: band, source) { FileCall.write(descriptor, $0, $1, at: $2) }
    }

    func read(
        _ window: PixelWindow, band: Int, into destination: UnsafeMutableRawPointer
    ) throws(FileError) {
        try transfer("read", window, band: band, destination) { FileCall.read(descriptor, $0, $1, at: $2) }
    }

    /// Brings all that was written to the disk itself.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func sync() throws(FileError) {
        guard FileCall.syncData(descriptor) == 0 else { throw Self.failure("sync", output, errno) }
    }

    /// Moves a window between memory and the file.
    ///
    /// - Parameter call: moves what a list of places in memory says, from an offset on; returns bytes, or -1 and `errno`.
    private func transfer(
        _ what: String, _ window: PixelWindow, band: Int, _ memory: UnsafeMutableRawPointer,
        _ call: (_ places: UnsafePointer<iovec>, _ count: Int32, _ offset: Int) -> Int
    ) throws(FileError) {
        try layout.forEachPiece(of: window, band: band) { (piece) throws(FileError) in
            let number = Self.transfer(piece, memory + piece.memoryOffset, call)
            guard number == 0 else { throw Self.failure(what, output, number) }
        }
    }

    /// - Returns: 0, or what `errno` said.
    private static func transfer(
        _ piece: RawLayout.Piece, _ memory: UnsafeMutableRawPointer,
        _ call: (_ places: UnsafePointer<iovec>, _ count: Int32, _ offset: Int) -> Int
    ) -> Int32 {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: min(piece.rows, mostPlaces)) { places in
            var done = 0
            while done < piece.byteCount {
                // A call may stop in the middle of a row.
                let first = done / piece.rowByteCount
                let count = min(piece.rows - first, places.count)
                for index in 0..<count {
                    let skipped = index == 0 ? done % piece.rowByteCount : 0
                    places.initializeElement(
                        at: index,
                        to: iovec(
                            iov_base: memory + (first + index) * piece.memoryPitch + skipped,
                            iov_len: piece.rowByteCount - skipped))
                }
                let moved = call(places.baseAddress!, Int32(count), piece.offset + done)
                guard moved > 0 else { return moved < 0 ? errno : EIO }
                done += moved
            }
            return 0
        }
    }

    /// Places in memory that the system takes in one call (Linux's IOV_MAX).
    private static let mostPlaces = 1024

    private static func reserve(_ count: Int, _ descriptor: Int32, _ output: String) throws(FileError) {
        if FileSpace.reserve(count, descriptor: descriptor) { return }
        if errno == ENOSPC || errno == EDQUOT {
            throw FileError(
                .outOfSpace, "make", path: output,
                "there is no room beside it for \(ByteCount.text(count)) of work in progress",
                advice: "make room and run again")
        }
        // Not all file systems can: the file is then as long, and takes its room as it is written.
        guard FileCall.resize(descriptor, count) == 0 else { throw failure("make room for", output, errno) }
    }

    private static func failure(_ what: String, _ output: String, _ number: Int32) -> FileError {
        FileError(.writeFailed, "\(what) the work in progress of", path: output, number: number)
    }
}
