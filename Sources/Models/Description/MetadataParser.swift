/// Reads JSON (RFC 8259), and what Python prints for the same values: single quotes, keys that are numbers, tuples,
/// `None`, `True`, `False`, a comma before the end. Class names are often written in this way.
///
/// The text comes from outside, so its length, its depth and the number of its values are limited.
struct MetadataParser {
    /// The error in a text, and its position.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let largestText = 4 << 20
    private static let mostValues = 100_000
    private static let deepest = 32

    private let text: [UInt8]
    private var position = 0
    private var values = 0

    /// - Throws: `Failure`.
    static func parse(_ text: some Collection<UInt8>) throws(Failure) -> MetadataValue {
        guard text.count <= largestText else {
            throw Failure(description: "is longer than the \(largestText >> 20) MB that are read")
        }
        var parser = MetadataParser(text: Array(text))
        let value = try parser.value(depth: 0)
        parser.skipWhiteSpace()
        guard parser.position == parser.text.count else { throw parser.failure("text after its end") }
        return value
    }

    private init(text: [UInt8]) { self.text = text }

    private mutating func value(depth: Int) throws(Failure) -> MetadataValue {
        guard depth <= Self.deepest else { throw failure("more than \(Self.deepest) levels of brackets") }
        values += 1
        guard values <= Self.mostValues else { throw failure("more than \(Self.mostValues) values") }
        skipWhiteSpace()
        guard let start = peek else { throw failure("an end where a value must follow") }
        switch start {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(until: "]", depth: depth))
        case UInt8(ascii: "("): return .array(try elements(until: ")", depth: depth))
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
        default: return try word()
        }
    }

    private mutating func members(depth: Int) throws(Failure) -> [String: MetadataValue] {
        position += 1
        var members: [String: MetadataValue] = [:]
        while !skip("}") {
            skipWhiteSpace()
            let isQuoted = peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'")
            let key = isQuoted ? try string() : plain()
            guard !key.isEmpty || isQuoted else { throw failure("something else than a key") }
            guard skip(":") else { throw failure("something else than ':'") }
            members[key] = try value(depth: depth + 1)
            guard skip(",") || peek == UInt8(ascii: "}") else { throw failure("something else than ',' or '}'") }
        }
        return members
    }

    private mutating func elements(until end: Unicode.Scalar, depth: Int) throws(Failure) -> [MetadataValue] {
        position += 1
        var elements: [MetadataValue] = []
        while !skip(end) {
            elements.append(try value(depth: depth + 1))
            guard skip(",") || peek == UInt8(ascii: end) else { throw failure("something else than ',' or '\(end)'") }
        }
        return elements
    }

    private mutating func word() throws(Failure) -> MetadataValue {
        let start = position
        switch plain() {
        case "null", "None": return .null
        case "true", "True": return .boolean(true)
        case "false", "False": return .boolean(false)
        case let word:
            guard let number = Double(word) else {
                position = start
                throw failure("something else than a value")
            }
            return .number(number)
        }
    }

    /// Reads a word of letters, digits and the other characters of numbers.
    private mutating func plain() -> String {
        let start = position
        while let byte = peek,
            (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || "+-._".utf8.contains(byte)
        {
            position += 1
        }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func string() throws(Failure) -> String {
        let quote = text[position]
        position += 1
        var utf8: [UInt8] = []
        while let byte = peek {
            position += 1
            if byte == quote {
                guard let string = String(validating: utf8, as: UTF8.self) else {
                    throw failure("a string that is not UTF-8")
                }
                return string
            }
            if byte == UInt8(ascii: "\\") { utf8 += try escape() } else { utf8.append(byte) }
        }
        throw failure("an end inside a string")
    }

    /// Reads what follows a backslash, as UTF-8.
    private mutating func escape() throws(Failure) -> [UInt8] {
        guard let byte = peek else { throw failure("an end inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "x"): return Array(String(Unicode.Scalar(UInt8(try hexadecimal(digits: 2)))).utf8)
        case UInt8(ascii: "u"):
            var units = [try hexadecimal(digits: 4)]
            if UTF16.isLeadSurrogate(units[0]), text[position...].starts(with: "\\u".utf8) {
                position += 2
                units.append(try hexadecimal(digits: 4))
            }
            return Array(String(decoding: units, as: UTF16.self).utf8)
        default: return [byte]  // quotes, the slash, the backslash itself
        }
    }

    private mutating func hexadecimal(digits: Int) throws(Failure) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<digits {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("an unknown escape in a string")
            }
            position += 1
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skipWhiteSpace() {
        while let byte = peek, byte == 0x20 || (0x09...0x0d).contains(byte) { position += 1 }
    }

    /// Skips a character of punctuation, and returns true, if it comes next.
    private mutating func skip(_ punctuation: Unicode.Scalar) -> Bool {
        skipWhiteSpace()
        guard peek == UInt8(ascii: punctuation) else { return false }
        position += 1
        skipWhiteSpace()
        return true
    }

    private func failure(_ what: String) -> Failure {
        Failure(description: "is not valid JSON: at byte \(position) there is \(what)")
    }
}
