import Dispatch
import FileIO
import RasterIO
import Synchronization
import TileGeometry

/// Makes the finished rasters of the raw ones, on a thread of its own.
///
/// It follows the tiles: a block is compressed as soon as all rows of it are there, always in the same order, so that a file
/// has the same bytes whether its samples come from one run or from several.
///
/// @unchecked Sendable: writers and scratch are used on the serial queue alone, or once it is idle.
final class BlockEncoder: @unchecked Sendable {
    /// One raster on its way.
    private struct Raster {
        let source: any RawSource
        /// The writer of the output, or of the draft that will be sieved into it.
        var writer: RasterWriter
        /// The options of the output; nil where no draft is made.
        var sieved: RasterWriter.Options?
        /// Rows of blocks that are written.
        var blockRows = 0
    }

    private struct State {
        /// Rows of the outputs, from the top, that may be read.
        var rows = 0
        var isStopped = false
        var error: (any Error)?
    }

    private let queue = DispatchQueue(label: "overtile.finisher")
    private let sieve: SieveFilter?
    private let times: StageTimes
    private let cancellation: Cancellation
    private let state = Mutex(State())
    private var rasters: [Raster]
    /// Looks for a second class in the mask as it was computed; nil where there are no classes.
    private var classes: OnlyClass?
    private let scratch: UnsafeMutableRawBufferPointer

    /// Begins the outputs under their hidden names.
    ///
    /// - Parameters:
    ///   - sieve: what takes islands out of the mask; nil for none.
    ///   - nodata: the mask's value for pixels without data; nil for a mask that holds no classes.
    /// - Throws: `RasterError`.
    init(
        _ work: any RasterWork, sieve: SieveFilter?, nodata: Int? = nil, times: StageTimes, cancellation: Cancellation
    ) throws {
        classes = nodata.map { OnlyClass(nodata: $0) }
        self.sieve = sieve
        self.times = times
        self.cancellation = cancellation
        rasters = try zip(work.outputs, work.sources).map { output, source in
            var options = output.options
            let isDraft = sieve != nil && output.kind == .mask
            if isDraft { (options.format, options.creationOptions) = (.geoTIFF, []) }
            return Raster(
                source: source, writer: try RasterWriter(path: output.path, options: options),
                sieved: isDraft ? output.options : nil)
        }
        let largest = rasters.map { $0.writer.blockSize.area * $0.writer.options.sampleType.sampleByteCount }.max()!
        scratch = .allocate(byteCount: largest, alignment: 64)
    }

    deinit { scratch.deallocate() }

    /// Rows of the outputs down to this one are complete.
    ///
    /// - Throws: what went wrong with rows before.
    func advance(toRow row: Int) throws {
        try state.withLock { state in
            if let error = state.error { throw error }
            state.rows = row
        }
        queue.async { self.writeWhatIsThere() }
    }

    /// Waits until the rows that are complete are written.
    func settle() { queue.sync {} }

    /// Waits until all is written, and finishes the files; none has its name yet.
    ///
    /// - Throws: `RasterError`, `CancellationError`.
    func finish() throws {
        queue.sync { writeWhatIsThere() }
        if let error = state.withLock({ $0.error }) { throw error }
        // Where the disk is full at the very end, none is left.
        let cancellation = cancellation
        do {
            try times.measure(.writing) {
                for index in rasters.indices.reversed() {
                    try rasters[index].writer.finish { cancellation.isCancelled }
                    try replaceDraft(of: &rasters[index])
                }
            }
        } catch {
            throw cancellation.isCancelled ? CancellationError() : error
        }
    }

    /// Puts the sieved mask in the place of its draft.
    private func replaceDraft(of raster: inout Raster) throws {
        guard let sieve, let options = raster.sieved else { return }
        let draft = raster.writer
        let mask = try RasterReader(path: draft.stagedOutput.stagingPath)
        raster.writer = try RasterWriter(path: draft.path, options: options)
        let cancellation = cancellation
        guard try sieve.write(mask, to: raster.writer, progress: { _ in !cancellation.isCancelled }) else {
            throw CancellationError()
        }
        draft.discard()
        try raster.writer.finish { cancellation.isCancelled }
    }

    /// A finished raster, which has no name yet; nil for one that the run does not make.
    func stagedOutput(_ kind: RasterOutput.Kind) -> (any StagedOutput)? {
        rasters.first { $0.source.kind == kind }?.writer.stagedOutput
    }

    /// Gives the outputs up. Does nothing to those that have their names.
    func discard() {
        state.withLock { $0.isStopped = true }
        queue.sync { for raster in rasters { raster.writer.discard() } }
    }

    private func writeWhatIsThere() {
        do {
            for index in rasters.indices { try times.measure(.writing) { try write(&rasters[index]) } }
        } catch {
            state.withLock { $0.error = $0.error ?? error }
        }
    }

    private func write(_ raster: inout Raster) throws {
        let (block, size) = (raster.writer.blockSize, raster.writer.options.size)
        while raster.blockRows * block.height < size.height {
            let y = raster.blockRows * block.height
            let rows = state.withLock { $0.error == nil && !$0.isStopped ? $0.rows : 0 }
            guard min(y + block.height, size.height) <= rows else { return }
            for x in stride(from: 0, to: size.width, by: block.width) {
                if cancellation.isCancelled { throw CancellationError() }
                let window = PixelWindow(x: x, y: y, width: block.width, height: block.height)
                    .intersection(PixelWindow(size))
                for band in 1...raster.writer.options.bandCount {
                    try raster.source.read(window, band: band, into: scratch.baseAddress!)
                    if raster.source.kind == .mask { look(at: window.size.area, raster.writer.options.sampleType) }
                    try write(window, band: band, to: raster.writer)
                }
            }
            raster.blockRows += 1
        }
    }

    /// The only class that the mask has, as it was computed; nil where it has several, or none. It is known once all is
    /// written.
    var onlyClass: Int? { queue.sync { classes?.value } }

    private func look(at count: Int, _ type: SampleType) {
        let pixels = UnsafeRawBufferPointer(scratch)
        if type == .uint16 {
            classes?.look(at: UnsafeBufferPointer(rebasing: pixels.bindMemory(to: UInt16.self)[..<count]))
        } else {
            classes?.look(at: UnsafeBufferPointer(rebasing: pixels.bindMemory(to: UInt8.self)[..<count]))
        }
    }

    private func write(_ window: PixelWindow, band: Int, to writer: RasterWriter) throws(RasterError) {
        func write<Sample: RasterSample>(_ type: Sample.Type) throws(RasterError) {
            let samples = UnsafeRawBufferPointer(scratch).bindMemory(to: type)
            try writer.write(window, band: band, samples: samples)
        }
        switch writer.options.sampleType {
        case .uint8: try write(UInt8.self)
        case .uint16: try write(UInt16.self)
        case .float32: try write(Float.self)
        default: preconditionFailure("\(writer.options.sampleType) samples are not written")
        }
    }
}
