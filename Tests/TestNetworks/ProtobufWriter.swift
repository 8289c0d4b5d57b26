/// Makes protocol buffers, sound or broken, field by field.
package struct ProtobufWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package static func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }

    package static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    package mutating func raw(_ more: [UInt8]) { bytes += more }

    package mutating func tag(_ field: Int, wire: UInt64) { raw(Self.varint(UInt64(field) << 3 | wire)) }

    package mutating func int(_ field: Int, _ value: Int) {
        tag(field, wire: 0)
        raw(Self.varint(UInt64(bitPattern: Int64(value))))
    }

    package mutating func float(_ field: Int, _ value: Float) {
        tag(field, wire: 5)
        raw(Self.littleEndian(value))
    }

    /// `raw_data` of float32.
    package mutating func floats(_ field: Int, _ values: [Float]) { bytes(field, values.flatMap(Self.littleEndian)) }

    private static func littleEndian(_ value: Float) -> [UInt8] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }

    /// - Parameter claimedLength: where it is to be wrong.
    package mutating func bytes(_ field: Int, _ value: [UInt8], claimedLength: UInt64? = nil) {
        tag(field, wire: 2)
        raw(Self.varint(claimedLength ?? UInt64(value.count)) + value)
    }

    package mutating func string(_ field: Int, _ text: String) { bytes(field, Array(text.utf8)) }

    package mutating func packed(_ field: Int, _ values: [Int]) {
        bytes(field, values.flatMap { Self.varint(UInt64(bitPattern: Int64($0))) })
    }
}
