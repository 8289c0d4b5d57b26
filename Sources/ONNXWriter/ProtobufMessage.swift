import NetworkGraph

/// A message of a protocol buffer that is being put together, field by field.
///
/// Large tensors are not in it: their elements are loaded when the message is written. Source:
/// https://protobuf.dev/programming-guides/encoding.
struct ProtobufMessage {
    /// A piece of the message, in its order.
    enum Part {
        case bytes([UInt8])
        /// The elements of a tensor, four bytes each.
        case elements(ConstantTensor)
    }

    private(set) var parts: [Part] = []
    /// The bytes of all parts together.
    private(set) var byteCount = 0

    /// Appends an `int64`, `int32` or enumeration.
    mutating func integer(_ field: Int, _ value: Int) {
        append(Self.varint(UInt64(field) << 3) + Self.varint(UInt64(bitPattern: Int64(value))))
    }

    mutating func float(_ field: Int, _ value: Float) {
        append(Self.varint(UInt64(field) << 3 | 5) + Self.bytes(of: value.bitPattern))
    }

    mutating func text(_ field: Int, _ text: String) { bytes(field, Array(text.utf8)) }

    mutating func bytes(_ field: Int, _ bytes: [UInt8]) {
        append(Self.begin(field, bytes.count) + bytes)
    }

    /// Appends the elements of a tensor as bytes, little-endian.
    mutating func elements(_ field: Int, _ tensor: ConstantTensor) {
        let count = tensor.count * MemoryLayout<Float>.size
        append(Self.begin(field, count))
        parts.append(.elements(tensor))
        byteCount += count
    }

    mutating func message(_ field: Int, _ message: ProtobufMessage) {
        append(Self.begin(field, message.byteCount))
        for part in message.parts {
            if case .bytes(let bytes) = part { append(bytes) } else { parts.append(part) }
        }
        byteCount += message.byteCount - message.parts.reduce(0) { $0 + $1.heldByteCount }
    }

    /// Appends bytes as they are, to the last part where that holds bytes too.
    private mutating func append(_ bytes: [UInt8]) {
        byteCount += bytes.count
        guard case .bytes(var last)? = parts.last else {
            parts.append(.bytes(bytes))
            return
        }
        parts.removeLast()
        last += bytes
        parts.append(.bytes(last))
    }

    /// The tag and length of a field of so many bytes.
    private static func begin(_ field: Int, _ count: Int) -> [UInt8] {
        varint(UInt64(field) << 3 | 2) + varint(UInt64(count))
    }

    private static func varint(_ number: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// The bytes of a number, little-endian.
    static func bytes<Number: FixedWidthInteger>(of number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}

extension ProtobufMessage.Part {
    /// The bytes that are in memory already.
    fileprivate var heldByteCount: Int { if case .bytes(let bytes) = self { bytes.count } else { 0 } }
}
