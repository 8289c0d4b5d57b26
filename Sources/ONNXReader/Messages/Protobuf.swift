import FileIO
import StoredTensors

/// Reads the fields of a protocol buffer's message from front to back.
///
/// Every length is checked against the message around it, and nothing is copied. Source:
/// https://protobuf.dev/programming-guides/encoding.
struct ProtobufCursor {
    private let slice: FileSlice
    /// The name of the message for errors, such as "NodeProto".
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

/// One field of a protocol buffer's message, as it stands on the wire.
struct ProtobufField {
    enum Value {
        /// Wire type 0.
        case varint(UInt64)
        /// Wire type 1: 8 bytes, little-endian.
        case fixed64(UInt64)
        /// Wire type 2: text, bytes, a message, or numbers packed behind each other.
        case bytes(FileSlice)
        /// Wire type 5: 4 bytes, little-endian.
        case fixed32(UInt32)
    }

    let number: Int
    let value: Value
    /// The name of the message around the field for errors, such as "NodeProto".
    let message: String
    private let file: MappedFile

    init(number: Int, value: Value, message: String, file: MappedFile) {
        self.number = number
        self.value = value
        self.message = message
        self.file = file
    }

    /// The bytes of text or of a message.
    var bytes: FileSlice {
        get throws(ModelFileError) {
            guard case .bytes(let slice) = value else { throw mismatch }
            return slice
        }
    }

    var text: String {
        get throws(ModelFileError) {
            guard let text = try bytes.text else {
                throw file.error(.malformed, "field \(number) of a \(message) is text that is not UTF-8")
            }
            return text
        }
    }

    /// An `int64`, `int32` or enumeration: negative numbers are written as their 64 bits in two's complement.
    var integer: Int {
        get throws(ModelFileError) {
            guard case .varint(let bits) = value else { throw mismatch }
            return Int(truncatingIfNeeded: bits)
        }
    }

    var float: Float {
        get throws(ModelFileError) {
            guard case .fixed32(let bits) = value else { throw mismatch }
            return Float(bitPattern: bits)
        }
    }

    /// The numbers of a repeated field, of which this is one part: a single number, or several packed ones.
    func forEachNumber(
        _ kind: ProtobufNumbers, _ body: (UInt64) throws(ModelFileError) -> Void
    ) throws(ModelFileError) {
        switch (value, kind) {
        case (.varint(let bits), .varint), (.fixed64(let bits), .fixed64): try body(bits)
        case (.fixed32(let bits), .fixed32): try body(UInt64(bits))
        case (.bytes(let slice), _):
            try slice.withUnsafeBytes { (bytes) throws(ModelFileError) in
                var position = 0
                while position < bytes.count {
                    guard let number = kind.next(in: bytes, at: &position) else {
                        throw file.error(
                            .malformed,
                            "field \(number) of a \(message) ends inside a number: copy or download the file again")
                    }
                    try body(number)
                }
            }
        default: throw mismatch
        }
    }

    private var mismatch: ModelFileError {
        file.error(.malformed, "field \(number) of a \(message) is not of the kind that ONNX gives it")
    }
}

/// How the numbers of a repeated field are written.
enum ProtobufNumbers {
    case varint, fixed32, fixed64

    /// The number of bytes of a number; nil if it differs.
    var byteCount: Int? {
        switch self {
        case .varint: nil
        case .fixed32: 4
        case .fixed64: 8
        }
    }

    /// Reads the number at `position`, and moves `position` behind it. Returns nil if the number does not end inside
    /// the bytes, or has more than the 10 bytes of a 64-bit number.
    func next(in bytes: UnsafeRawBufferPointer, at position: inout Int) -> UInt64? {
        switch self {
        case .varint:
            var result: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 70, by: 7) {
                guard position < bytes.count else { return nil }
                let byte = bytes[position]
                position += 1
                result |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return result }
            }
            return nil
        case .fixed32:
            guard bytes.count - position >= 4 else { return nil }
            defer { position += 4 }
            return UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
        case .fixed64:
            guard bytes.count - position >= 8 else { return nil }
            defer { position += 8 }
            return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        }
    }
}
