// GDAL's headers include <sys/stat.h>: which module then owns `stat` depends on what was compiled before.
import CGDAL
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
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            (isLittleEndian ? bytes.reversed() : Array(bytes)).reduce(0) { $0 << 8 | UInt64($1) }
        }
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
}
