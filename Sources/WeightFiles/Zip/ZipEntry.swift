import FileIO
import StoredTensors

/// One file of a zip archive, as the central directory describes it (PKWARE APPNOTE 6.3.10, section 4.3.12).
struct ZipEntry {
    let name: String
    /// General purpose bits: 0 encrypted, 3 sizes follow the data, 6 strong encryption, 13 masked headers.
    let flags: UInt16
    /// 0 is stored as it is; anything else is compressed.
    let method: UInt16
    let compressedSize: UInt64
    let size: UInt64
    /// From the start of the archive.
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
        /// ZIP64 keeps the numbers that do not fit in 32 bits in an extra field, in this order.
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

    /// The ZIP64 extra field (id 1, section 4.5.3), if there is one.
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
