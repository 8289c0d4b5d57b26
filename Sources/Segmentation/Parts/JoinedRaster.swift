import FileIO
import RasterIO
import Synchronization
import TileGeometry

/// The samples of a raster in the files of several parts, which lie one below the other.
///
/// Files are opened when they are read: there may be more of them than a process may open at once.
final class JoinedRaster: RawSource {
    /// A part's file.
    struct Piece {
        /// Its rows in the raster.
        let rows: Range<Int>
        let path: String
        /// The raster that it is by itself.
        let output: RasterOutput
    }

    let kind: RasterOutput.Kind
    let sampleType: SampleType
    let bandCount: Int
    private let pieces: [Piece]
    /// The files that were read last, by their places in `pieces`.
    private let open = Mutex<[(index: Int, raster: RawRaster)]>([])

    /// Files of one raster that are open at the same time: a window may lie on the border of two.
    private static let mostOpen = 2

    private let requireLease: @Sendable () throws(FileError) -> Void

    /// - Parameters:
    ///   - pieces: in order, without gaps.
    ///   - requireLease: called before a file is opened: it throws where the parts are another process's by now, and may be
    ///     others than those that were looked at.
    init(_ output: RasterOutput, pieces: [Piece], requireLease: @escaping @Sendable () throws(FileError) -> Void) {
        self.requireLease = requireLease
        kind = output.kind
        (sampleType, bandCount) = (output.options.sampleType, output.options.bandCount)
        self.pieces = pieces.filter { !$0.rows.isEmpty }
    }

    func read(_ window: PixelWindow, band: Int, into destination: UnsafeMutableRawPointer) throws(FileError) {
        var index = first(endingBelow: window.y)
        while index < pieces.count, pieces[index].rows.lowerBound < window.maxY {
            let rows = pieces[index].rows.clamped(to: window.y..<window.maxY)
            let place = PixelWindow(
                x: window.x, y: rows.lowerBound - pieces[index].rows.lowerBound, width: window.width,
                height: rows.count)
            let offset = (rows.lowerBound - window.y) * window.width * sampleType.sampleByteCount
            try raster(index).read(place, band: band, into: destination + offset)
            index += 1
        }
    }

    /// The first piece that ends below a row, by halving.
    private func first(endingBelow row: Int) -> Int {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if pieces[middle].rows.upperBound <= row { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func raster(_ index: Int) throws(FileError) -> RawRaster {
        if let raster = open.withLock({ $0.first { $0.index == index }?.raster }) { return raster }
        try requireLease()
        let raster = try RawRaster(path: pieces[index].path, for: pieces[index].output, isNew: false)
        open.withLock { $0 = ($0 + [(index, raster)]).suffix(Self.mostOpen) }
        return raster
    }
}
