import RasterIO
import TileGeometry

/// The places of a raw raster's samples in its file: [band][row of blocks][column of blocks][row in the block][column].
///
/// The blocks are those of the output that it becomes, so that what a tile fills, and what is compressed at once, lies
/// together. Blocks at the right and lower edges end with the raster: there is no padding.
struct RawLayout {
    let size: PixelSize
    let block: PixelSize
    let bandCount: Int
    let sampleByteCount: Int

    /// Rows of a window that follow one another in the file; those that do so in memory as well count as one.
    struct Piece: Equatable {
        /// Bytes from the start of the file.
        let offset: Int
        /// Bytes from the window's first sample to the piece's, in memory.
        let memoryOffset: Int
        /// Bytes from one of its rows to the next, in memory.
        let memoryPitch: Int
        let rowByteCount: Int
        let rows: Int

        var byteCount: Int { rowByteCount * rows }
    }

    init(_ options: RasterWriter.Options) {
        size = options.size
        block = options.blockSize
        bandCount = options.bandCount
        sampleByteCount = options.sampleType.sampleByteCount
    }

    /// The bytes of all samples.
    var byteCount: Int { size.area * bandCount * sampleByteCount }

    /// The pieces of a window of one band, counted from 1: one for each block that it covers in all its width, one for each
    /// row in others.
    ///
    /// - Precondition: the window is inside the raster.
    func forEachPiece<Failure: Error>(
        of window: PixelWindow, band: Int, _ body: (Piece) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(PixelWindow(size).contains(window) && (1...bandCount).contains(band))
        if window.isEmpty { return }
        for row in window.y / block.height...(window.maxY - 1) / block.height {
            for column in window.x / block.width...(window.maxX - 1) / block.width {
                let place = PixelWindow(
                    x: column * block.width, y: row * block.height, width: block.width, height: block.height
                ).intersection(PixelWindow(size))
                let part = place.intersection(window)
                let isWide = part.width == place.width
                for first in stride(from: part.y, to: part.maxY, by: isWide ? part.height : 1) {
                    try body(piece(of: part, first: first, rows: isWide ? part.height : 1, in: place, window, band))
                }
            }
        }
    }

    private func piece(
        of part: PixelWindow, first: Int, rows: Int, in place: PixelWindow, _ window: PixelWindow, _ band: Int
    ) -> Piece {
        // All bands before, all rows of blocks above, all blocks to the left, and what comes before in the block.
        let before =
            (band - 1) * size.area + place.y * size.width + place.x * place.height
            + (first - place.y) * place.width + part.x - place.x
        let inMemory = (first - window.y) * window.width + part.x - window.x
        // Rows that lie together in memory too are as good as one.
        let joins = part.width == window.width
        return Piece(
            offset: before * sampleByteCount, memoryOffset: inMemory * sampleByteCount,
            memoryPitch: window.width * sampleByteCount,
            rowByteCount: part.width * (joins ? rows : 1) * sampleByteCount, rows: joins ? 1 : rows)
    }
}
