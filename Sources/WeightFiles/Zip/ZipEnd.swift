import FileIO
import StoredTensors

/// The end of a zip archive, which says where its central directory lies (PKWARE APPNOTE 6.3.10, 4.3.14 to 4.3.16).
struct ZipEnd {
    let entryCount: Int
    let directoryOffset: Int
    let directory: FileSlice

    private static let recordSize = 22
    private static let locatorSize = 20
    private static let zip64RecordSize = 56

    init(_ file: FileSlice) throws(ModelFileError) {
        guard let end = Self.position(in: file) else {
            throw file.file.error(
                .truncated,
                "is a zip archive without its end, cut short or still being written: copy or download it again")
        }
        var cursor = ByteCursor(file, subject: "its zip directory")
        _ = try cursor.take(end + 4)
        let disk: UInt16 = try cursor.integer()
        let directoryDisk: UInt16 = try cursor.integer()
        let entriesHere: UInt16 = try cursor.integer()
        let entries: UInt16 = try cursor.integer()
        let size: UInt32 = try cursor.integer()
        let offset: UInt32 = try cursor.integer()
        let isSaturated = entries == .max || size == .max || offset == .max || disk == .max || directoryDisk == .max
        if isSaturated || Self.hasLocator(before: end, in: file) {
            try self.init(zip64RecordBefore: end, in: file)
        } else {
            guard disk == 0, directoryDisk == 0, entriesHere == entries else { throw Self.split(file) }
            try self.init(
                entries: UInt64(entries), offset: UInt64(offset), size: UInt64(size), before: end, in: file)
        }
    }

    private init(zip64RecordBefore end: Int, in file: FileSlice) throws(ModelFileError) {
        guard Self.hasLocator(before: end, in: file),
            let recordOffset = file.integer(at: end - Self.locatorSize + 8, as: UInt64.self),
            let record = file.slice(at: recordOffset, count: UInt64(Self.zip64RecordSize)),
            record.starts(with: [0x50, 0x4b, 0x06, 0x06])
        else {
            throw file.file.error(.malformed, "its ZIP64 directory is missing: copy or download the file again")
        }
        var cursor = ByteCursor(record, subject: "its zip directory")
        _ = try cursor.take(16)  // signature, size of the record, versions
        let disk: UInt32 = try cursor.integer()
        let directoryDisk: UInt32 = try cursor.integer()
        let entriesHere: UInt64 = try cursor.integer()
        let entries: UInt64 = try cursor.integer()
        let size: UInt64 = try cursor.integer()
        let offset: UInt64 = try cursor.integer()
        guard disk == 0, directoryDisk == 0, entriesHere == entries else { throw Self.split(file) }
        try self.init(entries: entries, offset: offset, size: size, before: end, in: file)
    }

    private init(
        entries: UInt64, offset: UInt64, size: UInt64, before end: Int, in file: FileSlice
    ) throws(ModelFileError) {
        // Every entry takes at least its fixed header, so a count beyond that is a lie told to make readers allocate.
        guard let directory = file.slice(at: offset, count: size), let directoryOffset = Int(exactly: offset),
            directoryOffset + directory.count <= end, let entryCount = Int(exactly: entries),
            entryCount <= directory.count / ZipEntry.headerSize
        else {
            throw file.file.error(
                .malformed,
                "its zip directory claims \(entries) entries in \(size) bytes at \(offset), which cannot be: "
                    + "copy or download the file again")
        }
        self.entryCount = entryCount
        self.directoryOffset = directoryOffset
        self.directory = directory
    }

    /// Where the end record starts: the last signature whose comment runs exactly to the end of the file.
    private static func position(in file: FileSlice) -> Int? {
        let last = file.count - recordSize
        let longestComment = Int(UInt16.max)
        guard last >= 0 else { return nil }
        return (max(0, last - longestComment)...last).reversed().first { position in
            file.starts(with: [0x50, 0x4b, 0x05, 0x06], at: position)
                && file.integer(at: position + 20, as: UInt16.self).map { position + recordSize + Int($0) }
                    == file.count
        }
    }

    private static func hasLocator(before end: Int, in file: FileSlice) -> Bool {
        file.starts(with: [0x50, 0x4b, 0x06, 0x07], at: end - locatorSize)
    }

    private static func split(_ file: FileSlice) -> ModelFileError {
        file.file.error(.unsupportedContainer, "is one part of a split zip archive: join the parts first")
    }
}
