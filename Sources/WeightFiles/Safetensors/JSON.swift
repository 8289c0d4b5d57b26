import FileIO
import StoredTensors

/// Reads the part of JSON that a safetensors header may hold: objects, strings and arrays of counts (RFC 8259).
struct JSONCursor {
    /// For errors.
    let file: MappedFile
    private let text: [UInt8]
    private var position = 0

    init(_ slice: FileSlice) {
        file = slice.file
        text = slice.bytes
    }

    /// Reads an object and calls `body` with each key, when the cursor stands at its value.
    mutating func members(
        _ body: (String, inout JSONCursor) throws(ModelFileError) -> Void
    ) throws(ModelFileError) {
        try expect("{")
        if skip("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try body(key, &self)
        } while skip(",")
        try expect("}")
    }

    /// Reads an array of non-negative integers.
    mutating func counts(atMost limit: Int) throws(ModelFileError) -> [Int] {
        try expect("[")
        var counts: [Int] = []
        if skip("]") { return counts }
        repeat {
            guard counts.count < limit else { throw malformed("an array of more than \(limit) numbers") }
            counts.append(try count())
        } while skip(",")
        try expect("]")
        return counts
    }

    /// Reads a string.
    mutating func string() throws(ModelFileError) -> String {
        try expect("\"")
        var utf8: [UInt8] = []
        while true {
            switch try byte() {
            case UInt8(ascii: "\""):
                guard let text = String(validating: utf8, as: UTF8.self) else {
                    throw malformed("a string that is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try utf8.append(contentsOf: escape())
            case let unit where unit < 0x20: throw malformed("a control character in a string")
            case let unit: utf8.append(unit)
            }
        }
    }

    /// Checks that only white space follows.
    mutating func end() throws(ModelFileError) {
        skipWhiteSpace()
        guard position == text.count else { throw malformed("text after its end") }
    }

    private mutating func count() throws(ModelFileError) -> Int {
        skipWhiteSpace()
        let start = position
        var value = 0
        while let digit = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { throw malformed("a number beyond 2^63") }
            value = sum
            position += 1
        }
        guard position > start else { throw malformed("something else than a number that is 0 or more") }
        return value
    }

    /// Reads what follows a backslash, as UTF-8.
    private mutating func escape() throws(ModelFileError) -> String.UTF8View {
        switch try byte() {
        case UInt8(ascii: "\""): return "\"".utf8
        case UInt8(ascii: "\\"): return "\\".utf8
        case UInt8(ascii: "/"): return "/".utf8
        case UInt8(ascii: "b"): return "\u{8}".utf8
        case UInt8(ascii: "f"): return "\u{c}".utf8
        case UInt8(ascii: "n"): return "\n".utf8
        case UInt8(ascii: "r"): return "\r".utf8
        case UInt8(ascii: "t"): return "\t".utf8
        case UInt8(ascii: "u"):
            var units = [try hexadecimal()]
            if UTF16.isLeadSurrogate(units[0]) {
                guard try byte() == UInt8(ascii: "\\"), try byte() == UInt8(ascii: "u") else {
                    throw malformed("half a surrogate pair")
                }
                units.append(try hexadecimal())
            }
            guard let text = String(validating: units, as: UTF16.self) else { throw malformed("half a surrogate pair") }
            return text.utf8
        default: throw malformed("an unknown escape in a string")
        }
    }

    private mutating func hexadecimal() throws(ModelFileError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try byte())).hexDigitValue else {
                throw malformed("an unknown escape in a string")
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private mutating func byte() throws(ModelFileError) -> UInt8 {
        guard let byte = peek else { throw malformed("an end where more must follow") }
        position += 1
        return byte
    }

    private mutating func skipWhiteSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
    }

    /// Steps over a character of punctuation, if it comes next.
    private mutating func skip(_ punctuation: Unicode.Scalar) -> Bool {
        skipWhiteSpace()
        guard peek == UInt8(ascii: punctuation) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ punctuation: Unicode.Scalar) throws(ModelFileError) {
        guard skip(punctuation) else { throw malformed("something else than '\(punctuation)'") }
    }

    private func malformed(_ what: String) -> ModelFileError {
        file.error(.malformed, "its header is not valid: at byte \(position) there is \(what)")
    }
}

/// JSON that is being written.
package struct JSONText {
    /// The text that has been written so far.
    package private(set) var utf8: [UInt8]

    /// Begins with a piece of JSON.
    package init(_ start: String) { utf8 = Array(start.utf8) }

    /// Appends punctuation or a number as it stands.
    package mutating func raw(_ text: String) { utf8 += Array(text.utf8) }

    /// Appends text in quotes; what JSON does not allow in a string is escaped (RFC 8259, section 7).
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
