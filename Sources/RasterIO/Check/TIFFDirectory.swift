import TileGeometry

/// One image in a TIFF: where its directory and its pixels lie in the file.
struct TIFFDirectory: Equatable {
    enum Kind: String {
        case image, overview, mask
    }

    var kind: Kind
    /// Place of the directory, in bytes.
    var offset: UInt64
    var size: PixelSize
    /// A tile, or a strip as wide as the image.
    var blockSize: PixelSize
    var isTiled: Bool
    /// Places of the first and last strip or tile in the file; nil where all are holes.
    var data: ClosedRange<UInt64>?
    /// Whether the tiles follow each other as in the image, row by row.
    var isRowMajor: Bool

    /// For messages.
    var name: String { "the \(kind.rawValue) of \(size.width) x \(size.height) pixels" }
}
