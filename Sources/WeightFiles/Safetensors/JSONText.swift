/// JSON under construction.
package struct JSONText {
    package private(set) var utf8: [UInt8]

    package init(_ start: String) { utf8 = Array(start.utf8) }

    /// Punctuation and numbers.
    package mutating func raw(_ text: String) { utf8 += Array(text.utf8) }

    /// Text in quotes; what JSON does not allow in a string is escaped (RFC 8259, section 7).
    package mutating func string(_ text: String) {
        raw("\"")
        for unit in text.utf8 {
            switch unit {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): utf8 += [UInt8(ascii: "\\"), unit]
            case ..<0x20: raw("\\u00" + (unit < 16 ? "0" : "") + String(unit, radix: 16))
            default: utf8.append(unit)
            }
        }
        raw("\"")
    }
}
