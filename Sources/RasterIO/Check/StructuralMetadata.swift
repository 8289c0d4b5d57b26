import Glibc

/// The text that GDAL writes between the header of a cloud-optimised TIFF and its first directory, for readers that can
/// make use of it. Source: GDAL's COG driver, "Header ghost area".
struct StructuralMetadata {
    private static let start = "GDAL_STRUCTURAL_METADATA_SIZE="
    private static let firstLineLength = 43
    /// The longest text that is read. GDAL writes about 150 bytes.
    private static let longest = 4096

    /// The items by key: "LAYOUT", "BLOCK_ORDER", "KNOWN_INCOMPATIBLE_EDITION", …
    let items: [String: String]
    /// The offset of the first byte after the text.
    let end: UInt64

    /// - Parameter offset: the length of the TIFF's header.
    /// - Returns: nil for a file without it.
    init?(path: String, after offset: UInt64) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.firstLineLength + Self.longest)
        let count = pread(descriptor, &bytes, bytes.count, off_t(offset))
        guard count >= Self.firstLineLength else { return nil }
        let first = String(decoding: bytes[..<Self.firstLineLength], as: UTF8.self)
        guard first.hasPrefix(Self.start), let length = Int(first.dropFirst(Self.start.count).prefix(6)),
            (0...Self.longest).contains(length), Self.firstLineLength + length <= count
        else { return nil }
        let text = String(decoding: bytes[Self.firstLineLength..<Self.firstLineLength + length], as: UTF8.self)
        var items: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { items[String(parts[0])] = parts[1].trimmingSpaces }
        }
        self.items = items
        end = offset + UInt64(Self.firstLineLength + length)
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String { String(self.reversed().drop { $0 == " " }.reversed()) }
}
