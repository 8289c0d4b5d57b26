/// Makes protocol buffers, sound or broken, field by field.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    static func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    mutating func raw(_ more: [UInt8]) { bytes += more }

    mutating func tag(_ field: Int, wire: UInt64) { raw(Self.varint(UInt64(field) << 3 | wire)) }

    mutating func int(_ field: Int, _ value: Int) {
        tag(field, wire: 0)
        raw(Self.varint(UInt64(bitPattern: Int64(value))))
    }

    mutating func float(_ field: Int, _ value: Float) {
        tag(field, wire: 5)
        raw(value.bitPattern.littleEndianBytes)
    }

    /// - Parameter claimedLength: where it is to be wrong.
    mutating func bytes(_ field: Int, _ value: [UInt8], claimedLength: UInt64? = nil) {
        tag(field, wire: 2)
        raw(Self.varint(claimedLength ?? UInt64(value.count)) + value)
    }

    mutating func string(_ field: Int, _ text: String) { bytes(field, Array(text.utf8)) }

    mutating func packed(_ field: Int, _ values: [Int]) {
        bytes(field, values.flatMap { Self.varint(UInt64(bitPattern: Int64($0))) })
    }
}
