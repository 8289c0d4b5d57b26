import CGDAL

/// One class of a mask: the value of its pixels, and what to call and paint them.
public struct LegendEntry: Equatable, Sendable {
    public struct Color: Equatable, Sendable {
        public var red: UInt8
        public var green: UInt8
        public var blue: UInt8
        /// TIFF's colour tables have no alpha: anything written comes back opaque, but for the nodata value's entry.
        public var alpha: UInt8

        public init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8 = 255) {
            self.red = red
            self.green = green
            self.blue = blue
            self.alpha = alpha
        }
    }

    public var value: Int
    public var name: String
    public var color: Color?

    public init(value: Int, name: String, color: Color? = nil) {
        self.value = value
        self.name = name
        self.color = color
    }

    /// The key of the class's name in the band's metadata, which stays with the TIFF when its sidecar is lost.
    var metadataKey: String { "CLASS_\(value)" }

    static func read(from band: GDALRasterBandH, metadata: [String: String]) -> [LegendEntry] {
        let table = GDALGetRasterColorTable(band)
        return metadata.compactMap { key, name in
            guard key.hasPrefix("CLASS_"), let value = Int(key.dropFirst(6)), let index = Int32(exactly: value) else {
                return nil
            }
            let entry = table.flatMap { GDALGetColorEntry($0, index) }?.pointee
            return LegendEntry(value: value, name: name, color: entry.map { Color($0) })
        }.sorted { $0.value < $1.value }
    }
}

extension LegendEntry.Color {
    /// "#rrggbb".
    public var hexadecimal: String {
        "#" + [red, green, blue].map { (($0 < 16 ? "0" : "") + String($0, radix: 16)) }.joined()
    }

    init(_ entry: GDALColorEntry) {
        self.init(
            red: UInt8(clamping: entry.c1), green: UInt8(clamping: entry.c2), blue: UInt8(clamping: entry.c3),
            alpha: UInt8(clamping: entry.c4))
    }

    var entry: GDALColorEntry {
        GDALColorEntry(c1: Int16(red), c2: Int16(green), c3: Int16(blue), c4: Int16(alpha))
    }
}
