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
        // Every entry takes at least its fixed header. A count beyond that is false, and meant to make readers allocate
        // memory.
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

    /// Returns where the end record starts: at the last signature whose comment runs exactly to the end of the file.
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

/// One file of a zip archive, as the central directory describes it (PKWARE APPNOTE 6.3.10, section 4.3.12).
struct ZipEntry {
    let name: String
    /// The general purpose bits: 0 encrypted, 3 sizes follow the data, 6 strong encryption, 13 masked headers.
    let flags: UInt16
    /// The compression method: 0 is stored as it is, and anything else is compressed.
    let method: UInt16
    let compressedSize: UInt64
    let size: UInt64
    /// The offset of the local header from the start of the archive.
    let headerOffset: UInt64

    static let signature: UInt32 = 0x0201_4b50
    static let headerSize = 46

    /// Reads the entry that starts at the cursor, which then stands at the next one.
    init(_ cursor: inout ByteCursor) throws(ModelFileError) {
        let file = cursor.slice.file
        let header = try cursor.take(Self.headerSize)
        func u16(_ offset: Int) -> UInt16 { header.integer(at: offset, as: UInt16.self) ?? 0 }
        func u32(_ offset: Int) -> UInt32 { header.integer(at: offset, as: UInt32.self) ?? 0 }
        guard u32(0) == Self.signature else {
            throw file.error(.malformed, "its zip directory is damaged: copy or download the file again")
        }
        guard let name = try cursor.take(u16(28)).text else {
            throw file.error(.malformed, "its zip directory holds a name that is not UTF-8")
        }
        let extra = try cursor.take(u16(30))
        _ = try cursor.take(u16(32))  // comment

        flags = u16(8)
        method = u16(10)
        var wide = try Self.zip64Fields(extra)
        /// Reads the numbers that do not fit into 32 bits, which ZIP64 keeps in an extra field in this order.
        func widened(_ narrow: UInt32) throws(ModelFileError) -> UInt64 {
            guard narrow == .max else { return UInt64(narrow) }
            guard let value = try wide?.integer() as UInt64? else {
                throw file.error(.malformed, "zip entry \(ModelFileError.quoted(name)) lacks its ZIP64 sizes")
            }
            return value
        }
        size = try widened(u32(24))
        compressedSize = try widened(u32(20))
        headerOffset = try widened(u32(42))
        self.name = name
        guard u16(34) == 0 || u16(34) == .max else {
            throw file.error(.unsupportedContainer, "is one part of a split zip archive: join the parts first")
        }
    }

    /// Returns the ZIP64 extra field (id 1, section 4.5.3), if there is one.
    private static func zip64Fields(_ extra: FileSlice) throws(ModelFileError) -> ByteCursor? {
        var fields = ByteCursor(extra, subject: "a ZIP64 field of its zip directory")
        while extra.count - fields.position >= 4 {
            let id: UInt16 = try fields.integer()
            let length: UInt16 = try fields.integer()
            let content = try fields.take(length)
            if id == 1 { return ByteCursor(content, subject: fields.subject) }
        }
        return nil
    }
}
