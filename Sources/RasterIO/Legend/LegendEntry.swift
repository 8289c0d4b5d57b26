import CGDAL

/// One class of a mask: the value of its pixels, and what to call and paint them.
package struct LegendEntry: Equatable, Sendable {
    /// A colour with 8 bits for each part.
    package struct Color: Equatable, Sendable {
        /// The red part, 0 to 255.
        package var red: UInt8
        /// The green part, 0 to 255.
        package var green: UInt8
        /// The blue part, 0 to 255.
        package var blue: UInt8
        /// The opacity, 0 to 255. TIFF's colour tables have none: anything written comes back opaque, but for the nodata value's entry.
        package var alpha: UInt8

        /// Makes a colour of its parts, opaque by default.
        package init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8 = 255) {
            self.red = red
            self.green = green
            self.blue = blue
            self.alpha = alpha
        }
    }

    /// The value of the class's pixels.
    package var value: Int
    /// The name of the class.
    package var name: String
    /// The colour that the class is painted with; nil where nobody says.
    package var color: Color?

    /// Makes an entry of its parts.
    package init(value: Int, name: String, color: Color? = nil) {
        self.value = value
        self.name = name
        self.color = color
    }

    /// The key of the class's name in the band's metadata, which stays with the TIFF when its sidecar is lost.
    var metadataKey: String { "CLASS_\(value)" }

    static func read(from band: GDALRasterBandH, metadata: [String: String]) -> [LegendEntry] {
        let table = GDALGetRasterColorTable(band)
        return metadata.compactMap { key, name in
            guard key.hasPrefix("CLASS_"), let value = Int(key.dropFirst(6)), let index = UInt16(exactly: value) else {
                return nil
            }
            let entry = table.flatMap { GDALGetColorEntry($0, Int32(index)) }?.pointee
            return LegendEntry(value: value, name: name, color: entry.map { Color($0) })
        }.sorted { $0.value < $1.value }
    }
}

extension LegendEntry.Color {
    /// The colour as the web writes it, "#rrggbb"; the opacity is left out.
    package var hexadecimal: String {
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

extension LegendEntry.Color {
    /// Paul Tol's "bright" scheme, which also colour-blind readers can tell apart; then hues at a distance that never
    /// repeats.
    private static let bright: [(UInt8, UInt8, UInt8)] = [
        (187, 187, 187), (68, 119, 170), (34, 136, 51), (204, 187, 68), (238, 102, 119), (102, 204, 238),
        (170, 51, 119),
    ]

    /// Returns a colour for a class that has none of its own, told apart from the others' on a map: the same for the same value.
    package static func distinct(_ value: Int) -> LegendEntry.Color {
        if value < bright.count {
            let (red, green, blue) = bright[value]
            return LegendEntry.Color(red: red, green: green, blue: blue)
        }
        // Steps of the golden ratio around the colour circle.
        let hue = (Double(value) * 0.618_033_988_75).truncatingRemainder(dividingBy: 1) * 6
        let rising = UInt8(55 + 200 * hue.truncatingRemainder(dividingBy: 1))
        let falling = 255 - rising + 55
        switch Int(hue) {
        case 0: return .init(red: 255, green: rising, blue: 55)
        case 1: return .init(red: falling, green: 255, blue: 55)
        case 2: return .init(red: 55, green: 255, blue: rising)
        case 3: return .init(red: 55, green: falling, blue: 255)
        case 4: return .init(red: rising, green: 55, blue: 255)
        default: return .init(red: 255, green: 55, blue: falling)
        }
    }
}
