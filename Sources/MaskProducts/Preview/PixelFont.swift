import Foundation
import RasterIO

/// Draws text into a picture with a proportional font, whose capitals are 7 pixels high or a whole multiple of that.
///
/// GDAL cannot draw text, and a picture without the names of its classes says little. The font has ASCII and the
/// accents of European languages. Other scripts are transliterated to Latin letters, as on many maps.
struct PixelFont {
    /// The size of one pixel of the font, in pixels of the picture.
    let scale: Int

    /// The height from the top of an accented capital to the bottom of a letter that reaches below the line.
    var lineHeight: Int { 12 * scale }

    /// The rows between the top of the accents and the top of the capitals.
    private static let ascent = 3

    func width(of text: String) -> Int {
        max(0, Self.letters(of: text).reduce(0) { $0 + $1.width + 1 } - 1) * scale
    }

    /// Draws a line of text whose accents begin at row `y`, clipped to the picture.
    func draw(_ text: String, x: Int, y: Int, color: LegendEntry.Color, in picture: inout Picture) {
        var left = 0
        for letter in Self.letters(of: text) {
            for dot in letter.dots {
                let corner = (x: x + (left + dot.x) * scale, y: y + (Self.ascent + dot.y) * scale)
                picture.fill(x: corner.x, y: corner.y, width: scale, height: scale, color)
            }
            left += letter.width + 1
        }
    }

    /// Returns as much of a text as fits, followed by dots if some is missing.
    func shortened(_ text: String, to room: Int) -> String {
        guard width(of: text) > room else { return text }
        var short = text
        while !short.isEmpty, width(of: short + "...") > room { short.removeLast() }
        return short + "..."
    }

    /// One letter with its accents. Rows count from the top of a capital.
    private struct Letter {
        var width: Int
        var dots: [(x: Int, y: Int)]
    }

    private static func letters(of text: String) -> [Letter] {
        var letters: [Letter] = []
        for scalar in spelled(text.prefix(500)) {
            if let mark = marks[scalar] {
                guard !letters.isEmpty else { continue }
                let isHigh = letters[letters.count - 1].dots.contains { $0.y < 2 }
                let isBelow = mark.hasPrefix(",")
                let rows = dots(isBelow ? String(mark.dropFirst()) : mark)
                let width = (rows.map(\.x).max() ?? 0) + 1
                let left = (letters[letters.count - 1].width - width) / 2
                letters[letters.count - 1].dots += rows.map { ($0.x + left, $0.y + (isBelow ? 7 : isHigh ? -3 : -1)) }
            } else if scalar == " " {
                letters.append(Letter(width: 3, dots: []))
            } else {
                let shape = glyphs[scalar] ?? glyphs["?"]!
                letters.append(Letter(width: shape.prefix { $0 != " " }.count, dots: dots(shape)))
            }
        }
        return letters
    }

    private static func dots(_ shape: String) -> [(x: Int, y: Int)] {
        shape.split(separator: " ").enumerated().flatMap { y, row in
            row.enumerated().compactMap { x, dot in dot == "#" ? (x, y) : nil }
        }
    }

    /// Returns a text in scalars that the font has, letters before their accents.
    private static func spelled(_ text: Substring) -> [Unicode.Scalar] {
        let latin = String(text).applyingTransform(.toLatin, reverse: false) ?? String(text)
        return latin.decomposedStringWithCanonicalMapping.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
            if glyphs[scalar] != nil || marks[scalar] != nil || scalar == " " { return [scalar] }
            if scalar.properties.isWhitespace { return [" "] }
            let spelling = String(scalar).applyingTransform(StringTransform("Latin-ASCII"), reverse: false) ?? "?"
            return spelling.unicodeScalars.map { glyphs[$0] == nil ? "?" : $0 }
        }
    }
}

extension PixelFont {
    /// The shapes of the letters, row by row from the top of a capital. Rows 8 and 9 are below the line; missing rows
    /// are empty.
    static let glyphs: [Unicode.Scalar: String] = [
        "!": "# # # # # . #",
        "\"": "#.# #.#",
        "#": ".#.#. .#.#. ##### .#.#. ##### .#.#. .#.#.",
        "$": "..#.. .#### #.#.. .###. ..#.# ####. ..#..",
        "%": "##..# ##..# ...#. ..#.. .#... #..## #..##",
        "&": ".##.. #..#. #.#.. .#... #.#.# #..#. .##.#",
        "'": "# #",
        "(": "..# .#. #.. #.. #.. .#. ..#",
        ")": "#.. .#. ..# ..# ..# .#. #..",
        "*": "..... #.#.# .###. ##### .###. #.#.#",
        "+": "..... ..... ..#.. ..#.. ##### ..#.. ..#..",
        ",": ".. .. .. .. .. .# .# #.",
        "-": ".... .... .... .... ####",
        ".": ". . . . . . #",
        "/": "...# ...# ..#. ..#. .#.. .#.. #... #...",
        "0": ".###. #...# #..## #.#.# ##..# #...# .###.",
        "1": "..#. .##. ..#. ..#. ..#. ..#. .###",
        "2": ".###. #...# ....# ...#. ..#.. .#... #####",
        "3": ".###. #...# ....# ..##. ....# #...# .###.",
        "4": "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
        "5": "##### #.... ####. ....# ....# #...# .###.",
        "6": "..##. .#... #.... ####. #...# #...# .###.",
        "7": "##### ....# ...#. ...#. ..#.. ..#.. ..#..",
        "8": ".###. #...# #...# .###. #...# #...# .###.",
        "9": ".###. #...# #...# .#### ....# ...#. .##..",
        ":": ". . # . . . #",
        ";": ".. .. .# .. .. .. .# #.",
        "<": "...# ..#. .#.. #... .#.. ..#. ...#",
        "=": ".... .... .... #### .... ####",
        ">": "#... .#.. ..#. ...# ..#. .#.. #...",
        "?": ".###. #...# ....# ...#. ..#.. ..... ..#..",
        "@": ".###. #...# #.### #.#.# #.### #.... .###.",
        "A": ".###. #...# #...# ##### #...# #...# #...#",
        "B": "####. #...# #...# ####. #...# #...# ####.",
        "C": ".###. #...# #.... #.... #.... #...# .###.",
        "D": "####. #...# #...# #...# #...# #...# ####.",
        "E": "##### #.... #.... ####. #.... #.... #####",
        "F": "##### #.... #.... ####. #.... #.... #....",
        "G": ".###. #...# #.... #.### #...# #...# .###.",
        "H": "#...# #...# #...# ##### #...# #...# #...#",
        "I": "### .#. .#. .#. .#. .#. ###",
        "J": "...# ...# ...# ...# ...# #..# .##.",
        "K": "#...# #..#. #.#.. ##... #.#.. #..#. #...#",
        "L": "#.... #.... #.... #.... #.... #.... #####",
        "M": "#...# ##.## #.#.# #.#.# #...# #...# #...#",
        "N": "#...# ##..# #.#.# #..## #...# #...# #...#",
        "O": ".###. #...# #...# #...# #...# #...# .###.",
        "P": "####. #...# #...# ####. #.... #.... #....",
        "Q": ".###. #...# #...# #...# #.#.# #..#. .##.#",
        "R": "####. #...# #...# ####. #.#.. #..#. #...#",
        "S": ".#### #.... #.... .###. ....# ....# ####.",
        "T": "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
        "U": "#...# #...# #...# #...# #...# #...# .###.",
        "V": "#...# #...# #...# #...# #...# .#.#. ..#..",
        "W": "#...# #...# #...# #.#.# #.#.# ##.## #...#",
        "X": "#...# #...# .#.#. ..#.. .#.#. #...# #...#",
        "Y": "#...# #...# .#.#. ..#.. ..#.. ..#.. ..#..",
        "Z": "##### ....# ...#. ..#.. .#... #.... #####",
        "[": "## #. #. #. #. #. ##",
        "\\": "#... #... .#.. .#.. ..#. ..#. ...# ...#",
        "]": "## .# .# .# .# .# ##",
        "^": "..#.. .#.#. #...#",
        "_": "..... ..... ..... ..... ..... ..... ..... #####",
        "`": "#. .#",
        "a": ".... .... .##. ...# .### #..# .###",
        "b": "#... #... ###. #..# #..# #..# ###.",
        "c": ".... .... .### #... #... #... .###",
        "d": "...# ...# .### #..# #..# #..# .###",
        "e": ".... .... .##. #..# #### #... .###",
        "f": "..# .#. ### .#. .#. .#. .#.",
        "g": ".... .... .### #..# #..# #..# .### ...# .##.",
        "h": "#... #... ###. #..# #..# #..# #..#",
        "i": "# . # # # # #",
        "j": ".# .. .# .# .# .# .# .# #.",
        "k": "#... #... #..# #.#. ##.. #.#. #..#",
        "l": "#. #. #. #. #. #. .#",
        "m": "..... ..... ####. #.#.# #.#.# #.#.# #.#.#",
        "n": ".... .... ###. #..# #..# #..# #..#",
        "o": ".... .... .##. #..# #..# #..# .##.",
        "p": ".... .... ###. #..# #..# #..# ###. #... #...",
        "q": ".... .... .### #..# #..# #..# .### ...# ...#",
        "r": "... ... #.# ##. #.. #.. #..",
        "s": ".... .... .### #... .##. ...# ###.",
        "t": ".#. .#. ### .#. .#. .#. ..#",
        "u": ".... .... #..# #..# #..# #..# .###",
        "v": "..... ..... #...# #...# #...# .#.#. ..#..",
        "w": "..... ..... #...# #.#.# #.#.# #.#.# .#.#.",
        "x": "..... ..... #...# .#.#. ..#.. .#.#. #...#",
        "y": ".... .... #..# #..# #..# #..# .### ...# .##.",
        "z": ".... .... #### ...# .##. #... ####",
        "{": "..# .#. .#. #.. .#. .#. ..#",
        "|": "# # # # # # # #",
        "}": "#.. .#. .#. ..# .#. .#. #..",
        "~": "..... ..... ..... .#... #.#.# ...#.",
    ]

    /// Accents, two rows above a letter or, after a comma, below the line.
    static let marks: [Unicode.Scalar: String] = [
        "\u{0300}": "#. .#",  // grave
        "\u{0301}": ".# #.",  // acute
        "\u{0302}": ".#. #.#",  // circumflex
        "\u{0303}": ".#.# #.#.",  // tilde
        "\u{0304}": "... ###",  // macron
        "\u{0306}": "#.# .#.",  // breve
        "\u{0307}": ". #",  // dot
        "\u{0308}": "... #.#",  // diaeresis
        "\u{030A}": ".#. #.#",  // ring
        "\u{030B}": "#.# #.#",  // double acute
        "\u{030C}": "#.# .#.",  // caron
        "\u{0327}": ",.# #.",  // cedilla
        "\u{0328}": ",#. .#",  // ogonek
    ]
}
