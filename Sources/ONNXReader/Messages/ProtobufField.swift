import FileIO
import StoredTensors

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
    /// The message that it is a field of, for errors: "NodeProto".
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

    /// Bytes of a number; nil where that differs.
    var byteCount: Int? {
        switch self {
        case .varint: nil
        case .fixed32: 4
        case .fixed64: 8
        }
    }

    /// The number at `position`, which moves behind it; nil where it does not end inside the bytes, or has more than
    /// the 10 bytes of a 64-bit number.
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
