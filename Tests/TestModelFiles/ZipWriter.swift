/// Makes zip archives, sound or broken.
package struct ZipWriter {
    /// A file of the archive.
    package struct Entry {
        /// Its name.
        package var name: String
        /// Its bytes.
        package var data: [UInt8]
        /// The compression that it claims; 0 is none.
        package var method: UInt16
        /// The general purpose bits.
        package var flags: UInt16
        /// Sizes behind the data and in the central directory only, as PyTorch writes them.
        package var isStreamed: Bool
        /// Numbers of the central directory in a ZIP64 extra field.
        package var isZip64: Bool
        /// What the central directory claims, where it is to be wrong.
        package var claimedSize: UInt64?
        /// Where the central directory says that it lies.
        package var claimedOffset: UInt64?
        /// Bytes of padding in the local header's extra field.
        package var padding: Int

        /// A sound entry where nothing else is said.
        package init(
            name: String, data: [UInt8], method: UInt16 = 0, flags: UInt16 = 0, isStreamed: Bool = false,
            isZip64: Bool = false, claimedSize: UInt64? = nil, claimedOffset: UInt64? = nil, padding: Int = 0
        ) {
            self.name = name
            self.data = data
            self.method = method
            self.flags = flags
            self.isStreamed = isStreamed
            self.isZip64 = isZip64
            self.claimedSize = claimedSize
            self.claimedOffset = claimedOffset
            self.padding = padding
        }
    }

    /// The files, in their order.
    package var entries: [Entry]
    /// With a ZIP64 end record and locator, as PyTorch always writes them.
    package var hasZip64End = false
    /// The number of entries in the end record, where it is to be wrong.
    package var claimedEntryCount: UInt64?
    /// The directory's place, where it is to be wrong.
    package var claimedDirectoryOffset: UInt64?
    /// The directory's size, where it is to be wrong.
    package var claimedDirectorySize: UInt64?
    /// The archive's comment.
    package var comment: [UInt8] = []

    /// A sound archive of these files.
    package init(_ entries: [Entry]) { self.entries = entries }

    /// The archive.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = UInt64(out.count)
            out += local(entry)
            directory += central(entry, offset)
        }
        let directoryOffset = claimedDirectoryOffset ?? UInt64(out.count)
        let directorySize = claimedDirectorySize ?? UInt64(directory.count)
        let count = claimedEntryCount ?? UInt64(entries.count)
        out += directory
        if hasZip64End {
            let record = UInt64(out.count)
            out += UInt32(0x0606_4b50).littleEndianBytes + UInt64(44).littleEndianBytes
            out += UInt16(45).littleEndianBytes + UInt16(45).littleEndianBytes
            out += UInt32(0).littleEndianBytes + UInt32(0).littleEndianBytes
            out += count.littleEndianBytes + count.littleEndianBytes
            out += directorySize.littleEndianBytes + directoryOffset.littleEndianBytes
            out += UInt32(0x0706_4b50).littleEndianBytes + UInt32(0).littleEndianBytes
            out += record.littleEndianBytes + UInt32(1).littleEndianBytes
        }
        out += UInt32(0x0605_4b50).littleEndianBytes + UInt16(0).littleEndianBytes + UInt16(0).littleEndianBytes
        out += UInt16(clamping: count).littleEndianBytes + UInt16(clamping: count).littleEndianBytes
        out += UInt32(clamping: directorySize).littleEndianBytes + UInt32(clamping: directoryOffset).littleEndianBytes
        return out + UInt16(comment.count).littleEndianBytes + comment
    }

    private func local(_ entry: Entry) -> [UInt8] {
        let size = UInt32(entry.isStreamed ? 0 : entry.data.count)
        var out = UInt32(0x0403_4b50).littleEndianBytes + UInt16(20).littleEndianBytes
        out += (entry.flags | (entry.isStreamed ? 8 : 0)).littleEndianBytes + entry.method.littleEndianBytes
        out += UInt32(0).littleEndianBytes + UInt32(0).littleEndianBytes  // time and date, checksum
        out += size.littleEndianBytes + size.littleEndianBytes
        out += UInt16(entry.name.utf8.count).littleEndianBytes + UInt16(entry.padding).littleEndianBytes
        out += Array(entry.name.utf8) + [UInt8](repeating: 0x5a, count: entry.padding) + entry.data
        if entry.isStreamed {
            out += UInt32(0x0807_4b50).littleEndianBytes + UInt32(0).littleEndianBytes
            out += UInt32(entry.data.count).littleEndianBytes + UInt32(entry.data.count).littleEndianBytes
        }
        return out
    }

    private func central(_ entry: Entry, _ offset: UInt64) -> [UInt8] {
        let size = entry.claimedSize ?? UInt64(entry.data.count)
        let offset = entry.claimedOffset ?? offset
        let wide = [size, size, offset].flatMap(\.littleEndianBytes)
        let extra = entry.isZip64 ? UInt16(1).littleEndianBytes + UInt16(wide.count).littleEndianBytes + wide : []
        func narrow(_ value: UInt64) -> [UInt8] { (entry.isZip64 ? .max : UInt32(value)).littleEndianBytes }
        var out = UInt32(0x0201_4b50).littleEndianBytes + UInt16(20).littleEndianBytes + UInt16(20).littleEndianBytes
        out += (entry.flags | (entry.isStreamed ? 8 : 0)).littleEndianBytes + entry.method.littleEndianBytes
        out += UInt32(0).littleEndianBytes + UInt32(0).littleEndianBytes
        out += narrow(size) + narrow(size) + UInt16(entry.name.utf8.count).littleEndianBytes
        out += UInt16(extra.count).littleEndianBytes + UInt16(0).littleEndianBytes
        out += UInt16(0).littleEndianBytes + UInt16(0).littleEndianBytes + UInt32(0).littleEndianBytes
        return out + narrow(offset) + Array(entry.name.utf8) + extra
    }
}
