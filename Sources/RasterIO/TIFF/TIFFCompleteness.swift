import CTIFF

/// The result of checking whether a TIFF is complete: every strip and tile of every image, overview and mask in it.
///
/// GDAL opens a file whose end is missing without any message, and fails hours later at the first missing block.
package struct TIFFCompleteness: Equatable, Sendable {
    /// The number of strips and tiles that lie, wholly or in part, beyond the end of the file.
    package internal(set) var missingBlocks = 0
    /// The number of strips and tiles. Holes of sparse files, which take no place in the file, count as present.
    package internal(set) var totalBlocks = 0
    /// The number of images to which the file refers and that cannot be read.
    package internal(set) var unreadableDirectories = 0

    /// The most bands of an image. GDAL takes a kilobyte of memory for each, whatever the file's size.
    private static let mostBands: UInt16 = 16384
    /// The bands of an image that do not count.
    private static let fewBands = 4
    /// The bands of all images beyond these.
    private var manyBands = 0

    /// True if all of the file is there.
    package var isComplete: Bool { missingBlocks == 0 && unreadableDirectories == 0 }

    /// Looks at a TIFF's structure, without decoding any pixel.
    ///
    /// - Returns: nil for anything but a local TIFF, and for a TIFF that libtiff cannot read, about which GDAL can say
    ///   more.
    /// - Throws: `.truncated` if the file ends before its first directory does; `.damaged` if it claims more bands
    ///   than any scene has, or more strips or tiles than a file of its size can list.
    /// - Complexity: linear in the number of strips and tiles, never above what the file's size has room for.
    package static func check(path: String) throws(RasterError) -> TIFFCompleteness? {
        guard let header = TIFFHeader(path: path) else { return nil }
        try header.checkFirstDirectory(path: path)
        guard let file = TIFFFile(path: path, fileSize: header.fileSize) else {
            try header.checkBlockTables(path: path)
            return nil
        }
        var result = TIFFCompleteness()
        // Some writers put overviews and masks into sub-directories of their image, which may have sub-directories too.
        var visited: Set<UInt64> = []
        var pending: [UInt64] = []
        try result.addChain(of: file, path: path, visited: &visited, pending: &pending)
        while let offset = pending.popLast() {
            guard !visited.contains(offset) else { continue }
            if file.open(directoryAt: offset) {
                try result.addChain(of: file, path: path, visited: &visited, pending: &pending)
            } else {
                result.unreadableDirectories += 1
            }
        }
        return result
    }

    /// Refuses an incomplete TIFF. Anything else passes.
    ///
    /// - Throws: `.truncated` or `.damaged`.
    static func require(path: String) throws(RasterError) {
        guard let found = try check(path: path), !found.isComplete else { return }
        var lacks: [String] = []
        if found.missingBlocks > 0 { lacks.append("\(found.missingBlocks) of its \(found.totalBlocks) blocks") }
        if found.unreadableDirectories > 0 { lacks.append("\(found.unreadableDirectories) of its directories") }
        throw RasterError(
            .truncated, path: path,
            "\(path) is incomplete: \(lacks.joined(separator: " and ")) lie beyond the end of the file, as after an "
                + "interrupted copy; copy or download it again")
    }

    /// Adds the current directory and those that follow it.
    private mutating func addChain(
        of file: TIFFFile, path: String, visited: inout Set<UInt64>, pending: inout [UInt64]
    ) throws(RasterError) {
        while true {
            visited.insert(file.directoryOffset)
            let bands = file.number(TIFFTAG_SAMPLESPERPIXEL, UInt16(1))
            // Pages of many bands are overviews, which GDAL takes as much memory for. Those of few may be many.
            manyBands += max(0, Int(bands) - Self.fewBands)
            guard bands <= Self.mostBands, manyBands <= 2 * Int(Self.mostBands) else {
                throw RasterError(
                    .damaged, path: path,
                    "\(path) is damaged: it claims \(max(Int(bands), manyBands)) bands, and no scene has more than \(Self.mostBands); get an "
                        + "intact copy")
            }
            let blocks = file.blockCount
            totalBlocks += blocks
            // Each block's place takes two bytes at least in the tables of the file.
            guard totalBlocks <= file.fileSize / 2 else {
                throw TIFFHeader.noRoom(forBlocks: UInt64(totalBlocks), path: path, fileSize: file.fileSize)
            }
            missingBlocks += (0..<blocks).count { !file.isPresent(block: UInt32($0)) }
            pending += file.subdirectoryOffsets
            guard !file.isLastDirectory else { return }
            guard file.advance() else {
                if !visited.contains(file.directoryOffset) { unreadableDirectories += 1 }
                return
            }
            guard !visited.contains(file.directoryOffset) else { return }
        }
    }
}
