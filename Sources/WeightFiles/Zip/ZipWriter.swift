/// Writes a zip archive of stored (uncompressed) entries from front to back, as `torch.save` does: the data of each
/// begin at a multiple of 64 bytes.
///
/// The same entries give the same bytes: every entry has the same time. Source: PKWARE APPNOTE 6.3.10.
struct ZipWriter {
    /// An archive that would be larger than the format allows without its extension to 64 bits.
    struct TooLarge: Error {}

    /// The bytes that were written so far, headers and data.
    private var position = 0
    private var directory: [UInt8] = []
    private var entryCount = 0

    private static let alignment = 64
    /// The first of January 1980, in the zip format's own form.
    private static let date: UInt16 = 0x21
    /// The field of an entry's header that PyTorch fills with what aligns the data: "FB".
    private static let paddingField: UInt16 = 0x4246

    /// Returns what stands before the data of an entry. The data must be written next.
    ///
    /// - Throws: `TooLarge`.
    mutating func header(name: String, data: UnsafeRawBufferPointer) throws(TooLarge) -> [UInt8] {
        let begin = position + 30 + name.utf8.count + 4
        let padding = (Self.alignment - begin % Self.alignment) % Self.alignment
        let (end, limit) = (begin + padding + data.count, Int(UInt32.max))
        guard end < limit, directory.count < limit - end, entryCount < Int(UInt16.max) - 1,
            name.utf8.count < Int(UInt16.max), let size = UInt32(exactly: data.count)
        else { throw TooLarge() }
        let checksum = CRC32.checksum(of: data)
        var common: [UInt8] = []
        common.append(littleEndian: UInt16(20))  // the version that is needed to read it
        common.append(littleEndian: UInt16(1 << 11))  // names are UTF-8
        common.append(littleEndian: UInt16(0))  // stored
        common.append(littleEndian: UInt16(0))
        common.append(littleEndian: Self.date)
        common.append(littleEndian: checksum)
        common.append(littleEndian: size)
        common.append(littleEndian: size)
        common.append(littleEndian: UInt16(name.utf8.count))

        var header: [UInt8] = [0x50, 0x4b, 0x03, 0x04]
        header += common
        header.append(littleEndian: UInt16(4 + padding))
        header += name.utf8
        header.append(littleEndian: Self.paddingField)
        header.append(littleEndian: UInt16(padding))
        header += [UInt8](repeating: 0, count: padding)

        directory += [0x50, 0x4b, 0x01, 0x02]
        directory.append(littleEndian: UInt16(20))  // the version of the writer
        directory += common
        directory += [UInt8](repeating: 0, count: 12)  // no extra field, comment, disk or attributes
        directory.append(littleEndian: UInt32(position))
        directory += name.utf8
        position = end
        entryCount += 1
        return header
    }

    /// The end of the archive, which comes behind the data of the last entry.
    var end: [UInt8] {
        var end = directory
        end += [0x50, 0x4b, 0x05, 0x06, 0, 0, 0, 0]
        end.append(littleEndian: UInt16(entryCount))
        end.append(littleEndian: UInt16(entryCount))
        end.append(littleEndian: UInt32(directory.count))
        end.append(littleEndian: UInt32(position))
        end += [0, 0]
        return end
    }
}

/// The checksum of zip archives (ISO 3309), of eight bytes at a time.
private enum CRC32 {
    /// Eight rows of 256 numbers: what a byte gives that as many bytes come behind as the row's number says.
    private static let table: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            table[byte] = (0..<8).reduce(UInt32(byte)) { value, _ in
                value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xedb8_8320
            }
        }
        for index in 256..<8 * 256 {
            let before = table[index - 256]
            table[index] = before >> 8 ^ table[Int(before & 0xff)]
        }
        return table
    }()

    static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            var sum = ~UInt32(0)
            let whole = bytes.count / 8 * 8
            for start in stride(from: 0, to: whole, by: 8) {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
                let mixed = word ^ UInt64(sum)
                sum = 0
                for place in 0..<8 {
                    sum ^= table[(7 - place) * 256 + Int(UInt8(truncatingIfNeeded: mixed >> UInt64(8 * place)))]
                }
            }
            for position in whole..<bytes.count {
                sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ bytes[position])]
            }
            return ~sum
        }
    }
}

extension [UInt8] {
    /// Appends a number as zip archives and pickles have it.
    mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
