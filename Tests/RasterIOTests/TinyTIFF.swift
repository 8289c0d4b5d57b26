/// A little-endian TIFF of 4 x 4 bytes, made by hand: for what no library writes.
struct TinyTIFF {
    /// Header and the 16 pixels.
    private(set) var bytes: [UInt8] = [0x49, 0x49, 42, 0, 0, 0, 0, 0] + Array(1...16)

    /// Adds a directory with one strip; returns its place.
    mutating func addDirectory(
        stripOffset: UInt32, byteCount: UInt32, compression: UInt32 = 1, subdirectory: UInt32? = nil
    ) -> UInt32 {
        let place = UInt32(bytes.count)
        // Width, height, bits, compression, photometric, strip offset, samples, rows per strip, byte count; all LONG.
        var entries: [(tag: UInt16, value: UInt32)] = [
            (256, 4), (257, 4), (258, 8), (259, compression), (262, 1), (273, stripOffset), (277, 1), (278, 4),
            (279, byteCount),
        ]
        if let subdirectory { entries.append((330, subdirectory)) }
        append(UInt16(entries.count))
        for (tag, value) in entries {
            let isShort = [258, 259, 262, 277].contains(tag)
            append(tag)
            append(UInt16(isShort ? 3 : 4))
            append(UInt32(1))
            append(value)
        }
        append(UInt32(0))
        return place
    }

    mutating func addFirstDirectory(
        stripOffset: UInt32, byteCount: UInt32, compression: UInt32 = 1, subdirectory: UInt32? = nil
    ) {
        let place = addDirectory(
            stripOffset: stripOffset, byteCount: byteCount, compression: compression, subdirectory: subdirectory)
        for i in 0..<4 { bytes[4 + i] = UInt8(truncatingIfNeeded: place >> (8 * UInt32(i))) }
    }

    private mutating func append<N: FixedWidthInteger>(_ number: N) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }
}
