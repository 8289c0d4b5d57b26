import CFontconfig
import Foundation
import RasterIO
import TileGeometry

/// Draws text into a picture in a sans-serif font of the system: DejaVu Sans where it is there.
///
/// Letters that a font does not have come from the next one that has them. They are set one after the other, so that scripts
/// whose letters join or change their order are transliterated to Latin letters, as on many maps. One thread at a time may
/// use a font.
final class LegendFont {
    /// The size of the font: a tenth of its em, in pixels of the picture.
    let scale: Int

    private let library: FT_Library
    /// The fonts that were needed so far, in the order in which letters are looked for.
    private var faces: [FT_Face] = []
    private var files: [(path: String, index: Int)]

    /// The most fonts in which a letter is looked for.
    private static let mostFonts = 64
    /// The most letters of a text that are looked at.
    private static let mostLetters = 500

    /// Finds the font.
    ///
    /// - Returns: nil where the system has no font that can be scaled.
    init?(scale: Int) {
        var library: FT_Library?
        guard FT_Init_FreeType(&library) == 0, let library else { return nil }
        self.library = library
        self.scale = scale
        files = Self.fonts
        while faces.isEmpty, !files.isEmpty { openNext() }
        if faces.isEmpty { return nil }
    }

    deinit { FT_Done_FreeType(library) }

    /// True if the system has a font in which legends can be set.
    static var isThere: Bool { LegendFont(scale: 1) != nil }

    /// The height from the top of an accented capital to the bottom of a letter that reaches below the line.
    var lineHeight: Int { 12 * scale }

    /// The rows between the top of the line and the foot of its letters.
    private var ascent: Int { (93 * scale + 5) / 10 }

    func width(of text: String) -> Int {
        letters(of: text).reduce(0) { $0 + advance(of: $1) }
    }

    /// Draws a line of text whose accents begin at row `y`, clipped to the picture.
    func draw(_ text: String, x: Int, y: Int, color: LegendEntry.Color, in picture: inout Picture) {
        var left = x
        for scalar in letters(of: text) {
            guard let slot = load(scalar, CFontconfigRender) else { continue }
            let (bitmap, corner) = (slot.pointee.bitmap, (x: left + Int(slot.pointee.bitmap_left), y: y + ascent))
            if let bytes = bitmap.buffer, bitmap.pixel_mode == UInt8(FT_PIXEL_MODE_GRAY.rawValue) {
                for row in 0..<Int(bitmap.rows) {
                    let line = bytes + row * Int(bitmap.pitch)
                    let place = corner.y - Int(slot.pointee.bitmap_top) + row
                    for column in 0..<Int(bitmap.width) where line[column] > 0 {
                        blend(color, line[column], corner.x + column, place, in: &picture)
                    }
                }
            }
            left += slot.pointee.advance.x / 64
        }
    }

    /// Returns as much of a text as fits, followed by dots if some is missing.
    func shortened(_ text: String, to room: Int) -> String {
        guard text.unicodeScalars.count > Self.mostLetters || width(of: text) > room else { return text }
        var short = String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.mostLetters)))
        while !short.isEmpty, width(of: short + "…") > room { short.removeLast() }
        return short + "…"
    }

    private func blend(_ color: LegendEntry.Color, _ share: UInt8, _ x: Int, _ y: Int, in picture: inout Picture) {
        guard 0..<picture.size.width ~= x, 0..<picture.size.height ~= y else { return }
        let before = picture[x, y]
        let weight = Int(share)
        func mixed(_ new: UInt8, _ old: UInt8) -> UInt8 {
            let sum = Int(new) * weight + Int(old) * (255 - weight)
            return UInt8((sum + 127) / 255)
        }
        picture[x, y] = LegendEntry.Color(
            red: mixed(color.red, before.red), green: mixed(color.green, before.green),
            blue: mixed(color.blue, before.blue), alpha: before.alpha)
    }

    private func advance(of scalar: Unicode.Scalar) -> Int {
        load(scalar, CFontconfigMeasure).map { $0.pointee.advance.x / 64 } ?? 0
    }

    /// Loads a letter from the first font that has it; the sign for a missing letter where none has.
    private func load(_ scalar: Unicode.Scalar, _ flags: FT_Int32) -> FT_GlyphSlot? {
        var number = 0
        while number < faces.count || !files.isEmpty {
            if number == faces.count {
                openNext()
                continue
            }
            let glyph = FT_Get_Char_Index(faces[number], FT_ULong(scalar.value))
            if glyph != 0 { return load(glyph, of: faces[number], flags) }
            number += 1
        }
        return load(0, of: faces[0], flags)
    }

    private func load(_ glyph: FT_UInt, of face: FT_Face, _ flags: FT_Int32) -> FT_GlyphSlot? {
        FT_Load_Glyph(face, glyph, flags) == 0 ? face.pointee.glyph : nil
    }

    /// Opens the next font that can be opened and scaled.
    private func openNext() {
        while !files.isEmpty {
            let file = files.removeFirst()
            var face: FT_Face?
            guard FT_New_Face(library, file.path, FT_Long(file.index), &face) == 0, let face else { continue }
            guard FT_Set_Pixel_Sizes(face, 0, FT_UInt(10 * scale)) == 0 else {
                FT_Done_Face(face)
                continue
            }
            return faces.append(face)
        }
    }

    /// The system's fonts, the most suitable first, each of which has letters that those before it do not have.
    private static let fonts: [(path: String, index: Int)] = {
        guard FcInit() != 0, let pattern = FcNameParse("DejaVu Sans,sans-serif:style=Book:scalable=true") else {
            return []
        }
        defer { FcPatternDestroy(pattern) }
        FcConfigSubstitute(nil, pattern, FcMatchPattern)
        FcDefaultSubstitute(pattern)
        var result = FcResultMatch
        guard let set = FcFontSort(nil, pattern, 1, nil, &result) else { return [] }
        defer { FcFontSetDestroy(set) }
        var fonts: [(path: String, index: Int)] = []
        for number in 0..<Int(set.pointee.nfont) where fonts.count < mostFonts {
            guard let font = set.pointee.fonts[number] else { continue }
            var (path, index, isScalable): (UnsafeMutablePointer<FcChar8>?, Int32, FcBool) = (nil, 0, 0)
            guard FcPatternGetBool(font, "scalable", 0, &isScalable) == FcResultMatch, isScalable != 0,
                FcPatternGetString(font, "file", 0, &path) == FcResultMatch, let path
            else { continue }
            _ = FcPatternGetInteger(font, "index", 0, &index)
            fonts.append((String(cString: path), Int(index)))
        }
        return fonts
    }()

    /// Returns a text in the letters that are drawn, without marks of direction and the like.
    private func letters(of text: String) -> [Unicode.Scalar] {
        let short = String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.mostLetters)))
        let needsShaping = short.unicodeScalars.contains { scalar in
            Self.shapedScripts.contains { $0.contains(scalar.value) }
        }
        let spelled = needsShaping ? short.applyingTransform(.toLatin, reverse: false) ?? short : short
        return spelled.precomposedStringWithCanonicalMapping.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }

    /// Hebrew to Arabic, the scripts of India, Tibetan and Burmese, Khmer and Mongolian, and Arabic's joined letters (Unicode's
    /// blocks).
    private static let shapedScripts: [ClosedRange<UInt32>] = [
        0x590...0x8ff, 0x900...0xdff, 0xf00...0x109f, 0x1780...0x18af, 0xfb1d...0xfdff, 0xfe70...0xfeff,
    ]
}
