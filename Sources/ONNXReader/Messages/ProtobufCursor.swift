import FileIO
import StoredTensors

/// Reads the fields of a protocol buffer's message from front to back.
///
/// Every length is checked against the message that it lies in; nothing is copied. Source:
/// https://protobuf.dev/programming-guides/encoding.
struct ProtobufCursor {
    private let slice: FileSlice
    /// For errors: "NodeProto".
    private let message: String
    private var position = 0

    init(_ slice: FileSlice, message: String) {
        self.slice = slice
        self.message = message
    }

    /// The next field, or nil at the end of the message.
    ///
    /// - Throws: `truncated` where a field of the whole file reaches beyond its end; `malformed` where one reaches
    ///   beyond the message that it lies in, and for groups, which no ONNX file has.
    mutating func next() throws(ModelFileError) -> ProtobufField? {
        guard position < slice.count else { return nil }
        let tag = try varint()
        guard let number = Int(exactly: tag >> 3), 1..<1 << 29 ~= number else {
            throw slice.file.error(.malformed, "a \(message) has a field of number \(tag >> 3): \(Self.advice)")
        }
        let value: ProtobufField.Value
        switch tag & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed64(try fixed())
        case 2:
            let length = try varint()
            guard let count = Int(exactly: length), let bytes = slice.slice(at: position, count: count) else {
                throw cutShort("claims \(length) bytes for its field \(number), and has \(slice.count - position)")
            }
            position += count
            value = .bytes(bytes)
        case 5: value = .fixed32(try fixed())
        default:
            throw slice.file.error(
                .malformed, "field \(number) of a \(message) is a group, which no ONNX file has: \(Self.advice)")
        }
        return ProtobufField(number: number, value: value, message: message, file: slice.file)
    }

    private mutating func varint() throws(ModelFileError) -> UInt64 {
        var position = position
        let number = slice.withUnsafeBytes { ProtobufNumbers.varint.next(in: $0, at: &position) }
        guard let number else {
            guard position < slice.count else { throw cutShort("ends inside a number") }
            throw slice.file.error(.malformed, "a \(message) has a number of more than 10 bytes: \(Self.advice)")
        }
        self.position = position
        return number
    }

    private mutating func fixed<Bits: FixedWidthInteger>() throws(ModelFileError) -> Bits {
        guard let bits = slice.integer(at: position, as: Bits.self) else { throw cutShort("ends inside a number") }
        position += MemoryLayout<Bits>.size
        return bits
    }

    private func cutShort(_ problem: String) -> ModelFileError {
        let isWholeFile = slice.count == slice.file.count
        return slice.file.error(isWholeFile ? .truncated : .malformed, "its \(message) \(problem): \(Self.advice)")
    }

    static let advice = "copy or download the file again"
}
