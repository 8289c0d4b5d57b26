package import Foundation

/// Reads JSON that Overtile has written, from a file that anybody may have changed since.
///
/// Text that is nested more deeply than anything of Overtile's is refused first. Foundation's decoder counts the levels
/// too, but a file that ends with the bracket that is one too many ends the process.
package enum StoredJSON {
    /// The most levels of arrays and objects.
    private static let mostLevels = 64

    /// Decodes a value.
    ///
    /// - Throws: `DecodingError`.
    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        guard levels(of: data) <= mostLevels else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: [], debugDescription: "it is nested too deeply"))
        }
        return try JSONDecoder().decode(type, from: data)
    }

    /// Returns the number of arrays and objects around the innermost one; of what is no JSON, at least as many as a reader
    /// takes them for.
    private static func levels(of data: Data) -> Int {
        var (levels, most, isText, isEscaped) = (0, 0, false, false)
        for byte in data {
            if isText {
                isText = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                levels += 1
                most = max(most, levels)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): levels -= 1
            default: break
            }
        }
        return most
    }
}
