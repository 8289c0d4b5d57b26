import CTIFF

/// The one owner of a libtiff handle, on one directory of the file at a time.
///
/// Its own handlers drop all messages, because the process-wide handlers belong to GDAL, which shares the library.
final class TIFFFile {
    /// The size in bytes.
    let fileSize: Int
    private let raw: OpaquePointer

    /// Opens a file. Returns nil if libtiff cannot read the file or its first directory.
    init?(path: String, fileSize: Int) {
        guard let options = TIFFOpenOptionsAlloc() else { return nil }
        defer { TIFFOpenOptionsFree(options) }
        TIFFOpenOptionsSetErrorHandlerExtR(options, { _, _, _, _, _ in 1 }, nil)
        TIFFOpenOptionsSetWarningHandlerExtR(options, { _, _, _, _, _ in 1 }, nil)
        // The file's tables, unpacked, are at most four times what they take in the file.
        TIFFOpenOptionsSetMaxSingleMemAlloc(options, tmsize_t(fileSize * 4 + (1 << 20)))
        // m: no memory map, whose pages vanish if the file shrinks; c: no cutting of strips into smaller ones;
        // O: tables of offsets are read when they are asked for.
        guard let raw = TIFFOpenExt(path, "rmcO", options) else { return nil }
        self.raw = raw
        self.fileSize = fileSize
    }

    deinit { TIFFClose(raw) }

    var directoryOffset: UInt64 { TIFFCurrentDirOffset(raw) }
    var isLastDirectory: Bool { TIFFLastDirectory(raw) != 0 }

    /// Goes to the next directory of the chain. Returns false if there is none, or it cannot be read.
    func advance() -> Bool { TIFFReadDirectory(raw) != 0 }

    /// Goes to a sub-directory.
    func open(directoryAt offset: UInt64) -> Bool { TIFFSetSubDirectory(raw, offset) != 0 }

    var isTiled: Bool { TIFFIsTiled(raw) != 0 }

    /// The number of strips or tiles of the current directory.
    var blockCount: Int { Int(isTiled ? TIFFNumberOfTiles(raw) : TIFFNumberOfStrips(raw)) }

    /// Returns true if a strip or tile of the current directory lies inside the file, or is a hole of a sparse file.
    func isPresent(block: UInt32) -> Bool {
        var failed: Int32 = 0
        let offset = TIFFGetStrileOffsetWithErr(raw, block, &failed)
        guard failed == 0 else { return isOldJPEGPresent }
        let count = TIFFGetStrileByteCountWithErr(raw, block, &failed)
        guard failed == 0 else { return isOldJPEGPresent }
        return count == 0 || isInside(offset, needed(block: block, byteCount: count))
    }

    /// Returns where a strip or tile of the current directory begins; 0 for a hole, or where the file does not say.
    func offset(ofBlock block: UInt32) -> UInt64 {
        var failed: Int32 = 0
        let offset = TIFFGetStrileOffsetWithErr(raw, block, &failed)
        return failed == 0 ? offset : 0
    }

    /// Old JPEG in TIFF, which thumbnails of cameras and drones still are, has its stream in tags of its own and no
    /// strips.
    private var isOldJPEGPresent: Bool {
        guard number(TIFFTAG_COMPRESSION, UInt16(0)) == UInt16(COMPRESSION_OJPEG) else { return false }
        let offset = number(TIFFTAG_JPEGIFOFFSET, UInt64(0))
        return isInside(offset, number(TIFFTAG_JPEGIFBYTECOUNT, UInt64(0)))
    }

    private func isInside(_ offset: UInt64, _ byteCount: UInt64) -> Bool {
        let (end, overflow) = offset.addingReportingOverflow(byteCount)
        return offset != 0 && !overflow && end <= UInt64(fileSize)
    }

    /// The offsets of the directories below the current one.
    var subdirectoryOffsets: [UInt64] {
        var count: UInt16 = 0
        var offsets: UnsafePointer<UInt64>?
        let found = withUnsafeMutablePointer(to: &count) { count in
            withUnsafeMutablePointer(to: &offsets) { offsets in
                withVaList([count, offsets]) { TIFFVGetField(raw, UInt32(TIFFTAG_SUBIFD), $0) }
            }
        }
        guard found != 0, let offsets else { return [] }
        return Array(UnsafeBufferPointer(start: offsets, count: Int(count)))
    }

    /// Returns how many bytes of a block are read in decoding it. Some writers give the last uncompressed strip the
    /// length of a full one, although the image and the file end before that.
    private func needed(block: UInt32, byteCount: UInt64) -> UInt64 {
        guard TIFFIsTiled(raw) == 0, number(TIFFTAG_COMPRESSION, UInt16(0)) == UInt16(COMPRESSION_NONE) else {
            return byteCount
        }
        let height = number(TIFFTAG_IMAGELENGTH, UInt32(0))
        let rowsPerStrip = number(TIFFTAG_ROWSPERSTRIP, UInt32.max)
        guard rowsPerStrip > 0, height > 0 else { return byteCount }
        let stripsPerPlane = (height - 1) / rowsPerStrip + 1
        let firstRow = UInt64(block % stripsPerPlane) * UInt64(rowsPerStrip)
        let rows = min(UInt64(rowsPerStrip), UInt64(height) - firstRow)
        let size = TIFFVStripSize64(raw, UInt32(rows))
        return size == 0 ? byteCount : min(byteCount, size)
    }

    /// Returns the value of a tag, or the default. `fallback` must have the tag's width, on which libtiff relies.
    func number<N: FixedWidthInteger>(_ tag: Int32, _ fallback: N) -> N {
        var value = fallback
        let found = withUnsafeMutablePointer(to: &value) { pointer in
            withVaList([pointer]) { TIFFVGetFieldDefaulted(raw, UInt32(tag), $0) }
        }
        return found != 0 ? value : fallback
    }
}
