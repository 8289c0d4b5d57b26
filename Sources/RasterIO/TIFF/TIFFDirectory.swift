import CTIFF
import TileGeometry

/// One image in a TIFF: where its directory and its pixels lie in the file.
struct TIFFDirectory: Equatable {
    enum Kind: String {
        case image, overview, mask
    }

    var kind: Kind
    /// The offset of the directory in the file, in bytes.
    var offset: UInt64
    var size: PixelSize
    /// The size of a tile, or of a strip as wide as the image.
    var blockSize: PixelSize
    var isTiled: Bool
    /// The offsets of the first and the last strip or tile in the file; nil if all are holes.
    var data: ClosedRange<UInt64>?
    /// True if the tiles follow each other as in the image, row by row.
    var isRowMajor: Bool

    /// The name in messages.
    var name: String { "the \(kind.rawValue) of \(size.width) x \(size.height) pixels" }
}

extension TIFFFile {
    /// Returns all directories of the chain, that of the first image first. Sub-directories are not among them.
    ///
    /// - Precondition: `TIFFCompleteness` has found no more blocks than the file has room to list.
    func directories() -> [TIFFDirectory] {
        var found = [directory]
        var visited: Set<UInt64> = [directoryOffset]
        while !isLastDirectory, advance(), visited.insert(directoryOffset).inserted { found.append(directory) }
        return found
    }

    private var directory: TIFFDirectory {
        let size = PixelSize(
            width: Int(number(TIFFTAG_IMAGEWIDTH, UInt32(0))), height: Int(number(TIFFTAG_IMAGELENGTH, UInt32(0))))
        let rowsPerStrip = min(Int(number(TIFFTAG_ROWSPERSTRIP, UInt32.max)), size.height)
        let block =
            isTiled
            ? PixelSize(
                width: Int(number(TIFFTAG_TILEWIDTH, UInt32(0))), height: Int(number(TIFFTAG_TILELENGTH, UInt32(0))))
            : PixelSize(width: size.width, height: rowsPerStrip)
        let kind = Int32(bitPattern: number(TIFFTAG_SUBFILETYPE, UInt32(0)))
        let (data, isRowMajor) = dataPlaces
        return TIFFDirectory(
            kind: kind & FILETYPE_MASK != 0 ? .mask : kind & FILETYPE_REDUCEDIMAGE != 0 ? .overview : .image,
            offset: directoryOffset, size: size, blockSize: block, isTiled: isTiled, data: data,
            isRowMajor: isRowMajor)
    }

    private var dataPlaces: (range: ClosedRange<UInt64>?, isRowMajor: Bool) {
        var range: ClosedRange<UInt64>?
        var last: UInt64 = 0
        var isRowMajor = true
        for block in 0..<blockCount {
            let place = offset(ofBlock: UInt32(block))
            guard place > 0 else { continue }
            range = range.map { min($0.lowerBound, place)...max($0.upperBound, place) } ?? place...place
            if place < last { isRowMajor = false }
            last = place
        }
        return (range, isRowMajor)
    }
}
