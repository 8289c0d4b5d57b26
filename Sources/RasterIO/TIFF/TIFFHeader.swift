// GDAL's headers include <sys/stat.h>: which module then owns `stat` depends on what was compiled before.
import CGDAL
import CTIFF
import FileIO
import Glibc

/// The first bytes of a TIFF, read without libtiff: enough to tell a file that was cut before its directory, of which
/// libtiff and GDAL only say that they cannot read it.
struct TIFFHeader {
    /// The size in bytes.
    let fileSize: Int
    /// The length of the header itself, in bytes.
    var length: UInt64 { isBig ? 16 : 8 }
    private let isBig: Bool
    private let isLittleEndian: Bool
    private let directoryOffset: UInt64
    /// The number of entries in the first directory; nil if the file ends before it.
    private let entryCount: UInt64?

    /// Reads the first bytes; nil for anything but a local TIFF.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let status = FileStatus(descriptor: descriptor), status.kind == .file else { return nil }
        fileSize = status.size

        var bytes = [UInt8](repeating: 0, count: 16)
        let length = pread(descriptor, &bytes, 16, 0)
        guard length >= 4 else { return nil }
        let isLittleEndian: Bool
        switch (bytes[0], bytes[1]) {
        case (0x49, 0x49): isLittleEndian = true  // "II"
        case (0x4D, 0x4D): isLittleEndian = false  // "MM"
        default: return nil
        }
        self.isLittleEndian = isLittleEndian
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { Self.number(bytes, isLittleEndian) }
        switch number(bytes[2..<4]) {
        case 42:
            isBig = false
            directoryOffset = length >= 8 ? number(bytes[4..<8]) : .max
        case 43:
            isBig = true
            directoryOffset = length >= 16 ? number(bytes[8..<16]) : .max
        default: return nil
        }
        let countLength = isBig ? 8 : 2
        guard directoryOffset <= UInt64(Int64.max),
            pread(descriptor, &bytes, countLength, off_t(directoryOffset)) == countLength
        else {
            entryCount = nil
            return
        }
        entryCount = number(bytes[0..<countLength])
    }

    /// Makes sure that the first directory is there.
    ///
    /// - Throws: `.truncated` if the file ends before its first directory does.
    func checkFirstDirectory(path: String) throws(RasterError) {
        guard let entryCount else {
            let place = directoryOffset == .max ? "" : " is at byte \(directoryOffset), and it"
            throw RasterError(
                .truncated, path: path,
                "\(path) is incomplete: the file's directory\(place) lies beyond the end of its \(fileSize) bytes, "
                    + "as after an interrupted copy; copy or download it again")
        }
        let (entries, overflow) = entryCount.multipliedReportingOverflow(by: isBig ? 20 : 12)
        let room = UInt64(fileSize) - directoryOffset
        guard !overflow, entries <= room else {
            throw RasterError(
                .truncated, path: path,
                "\(path) is incomplete: the file ends, after \(fileSize) bytes, in the middle of its directory, as "
                    + "after an interrupted copy; copy or download it again")
        }
    }

    /// Looks for what newer libtiffs do not open and cannot name: a table of strips or tiles longer than the file.
    ///
    /// - Throws: `.damaged` if the first directory has one.
    func checkBlockTables(path: String) throws(RasterError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, let entryCount else { return }
        defer { close(descriptor) }
        let length = isBig ? 20 : 12
        // libtiff takes 4096 entries at most.
        var bytes = [UInt8](repeating: 0, count: length * Int(min(entryCount, 4096)))
        let found = pread(descriptor, &bytes, bytes.count, off_t(directoryOffset) + (isBig ? 8 : 2))
        for start in stride(from: 0, through: found - length, by: length) {
            let tag = Int32(Self.number(bytes[start..<start + 2], isLittleEndian))
            let tables = [TIFFTAG_STRIPOFFSETS, TIFFTAG_STRIPBYTECOUNTS, TIFFTAG_TILEOFFSETS, TIFFTAG_TILEBYTECOUNTS]
            guard tables.contains(tag) else { continue }
            let blocks = Self.number(bytes[start + 4..<start + (isBig ? 12 : 8)], isLittleEndian)
            if blocks > UInt64(fileSize) / 2 { throw Self.noRoom(forBlocks: blocks, path: path, fileSize: fileSize) }
        }
    }

    /// A file that claims more strips or tiles than it can list: each one's place takes two bytes at least.
    static func noRoom(forBlocks blocks: UInt64, path: String, fileSize: Int) -> RasterError {
        RasterError(
            .damaged, path: path,
            "\(path) is damaged: it claims \(blocks) strips or tiles, which a file of \(fileSize) bytes has no room to "
                + "list; get an intact copy")
    }

    private static func number(_ bytes: ArraySlice<UInt8>, _ isLittleEndian: Bool) -> UInt64 {
        (isLittleEndian ? bytes.reversed() : Array(bytes)).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
