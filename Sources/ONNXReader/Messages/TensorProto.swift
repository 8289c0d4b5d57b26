import FileIO
import StoredTensors

/// A constant of a graph, whose elements stay in the file until they are asked for.
struct TensorProto: Sendable {
    /// The place where the elements lie.
    enum Elements: Sendable {
        /// A run of little-endian elements without gaps.
        case storage(FileSlice, StoredTensor)
        /// Numbers of a field in the tensor's message, whose bytes do not have the size of the elements.
        case numbers(message: FileSlice, field: Int, kind: ProtobufNumbers)
        /// No place, because the type is not read.
        case unreadable
    }

    /// The largest extent of one axis. No tensor that has elements comes near it, and sums of extents stay far from overflow.
    static let largestExtent = 1 << 40

    var name = ""
    /// The extents. Each is 0 or more, and their product does not overflow.
    var shape: [Int] = []
    /// The `TensorProto.DataType`.
    var typeCode = 0
    var elements = Elements.unreadable

    var count: Int { shape.reduce(1, *) }

    /// The element type; nil for types that weights do not have.
    var type: ElementType? { ElementType(onnx: typeCode) }

    /// The tensor as float32; nil for types that weights do not have.
    var constant: StoredTensor? {
        switch elements {
        case .storage(_, let stored): return stored
        case .numbers(let message, let field, let kind):
            guard let type else { return nil }
            return StoredTensor(shape: shape, type: type) {
                Self.numbers(in: message, field: field, kind: kind).map { type.float(onnxBits: $0) }
            }
        case .unreadable: return nil
        }
    }

    /// The elements as exact whole numbers; nil if the type is another one, or a number does not fit.
    var integers: [Int]? {
        guard let type, type.isInteger else { return nil }
        let numbers: [UInt64]
        switch elements {
        case .storage(let slice, _):
            numbers = slice.withUnsafeBytes { bytes in
                stride(from: 0, to: bytes.count, by: type.byteCount).map { start in
                    (0..<type.byteCount).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
                }
            }
        case .numbers(let message, let field, let kind):
            numbers = Self.numbers(in: message, field: field, kind: kind)
        case .unreadable: return nil
        }
        let integers = numbers.compactMap { type.integer(onnxBits: $0) }
        return integers.count == numbers.count ? integers : nil
    }

    /// Returns all numbers of a repeated field, up to the first damaged one. The reader has made sure that there is
    /// none.
    private static func numbers(in message: FileSlice, field number: Int, kind: ProtobufNumbers) -> [UInt64] {
        var numbers: [UInt64] = []
        var cursor = ProtobufCursor(message, message: "TensorProto")
        while let field = try? cursor.next() {
            guard field.number == number else { continue }
            try? field.forEachNumber(kind) { (bits) throws(ModelFileError) in numbers.append(bits) }
        }
        return numbers
    }
}

extension ElementType {
    /// Returns nil for types that weights do not have.
    ///
    /// - Parameter code: a `TensorProto.DataType`.
    init?(onnx code: Int) {
        switch code {
        case 1: self = .float32
        case 2: self = .uint8
        case 3: self = .int8
        case 4: self = .uint16
        case 5: self = .int16
        case 6: self = .int32
        case 7: self = .int64
        case 9: self = .bool
        case 10: self = .float16
        case 11: self = .float64
        case 12: self = .uint32
        case 13: self = .uint64
        case 16: self = .bfloat16
        default: return nil
        }
    }

    /// Returns the name of a `TensorProto.DataType`, for messages.
    static func name(onnx code: Int) -> String {
        if let type = ElementType(onnx: code) { return type.rawValue }
        switch code {
        case 0: return "undefined"
        case 8: return "string"
        case 14: return "complex64"
        case 15: return "complex128"
        case 17...20, 24: return "float8"
        case 21, 22: return "int4"
        case 23: return "float4"
        default: return "number \(code)"
        }
    }

    /// The field of a `TensorProto` that holds elements of this type if they are not in `raw_data`, and the form in
    /// which it does.
    var onnxField: (number: Int, kind: ProtobufNumbers) {
        switch self {
        case .float32: (4, .fixed32)
        case .int32, .int16, .int8, .uint16, .uint8, .bool, .float16, .bfloat16: (5, .varint)
        case .int64: (7, .varint)
        case .float64: (10, .fixed64)
        case .uint32, .uint64: (11, .varint)
        }
    }

    /// Returns an element from a number in that field, where 16-bit floats are written as their bits.
    func float(onnxBits bits: UInt64) -> Float {
        switch self {
        case .float32: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        case .float64: Float(Double(bitPattern: bits))
        case .float16: Float(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)))
        case .bfloat16: Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: bits)) << 16)
        case .int64: Float(Int64(bitPattern: bits))
        case .int32: Float(Int32(truncatingIfNeeded: bits))
        case .int16: Float(Int16(truncatingIfNeeded: bits))
        case .int8: Float(Int8(truncatingIfNeeded: bits))
        case .uint64: Float(bits)
        case .uint32: Float(UInt32(truncatingIfNeeded: bits))
        case .uint16: Float(UInt16(truncatingIfNeeded: bits))
        case .uint8: Float(UInt8(truncatingIfNeeded: bits))
        case .bool: bits == 0 ? 0 : 1
        }
    }

    /// Returns a whole number from a number in that field, or nil outside the range of `Int`.
    func integer(onnxBits bits: UInt64) -> Int? {
        switch self {
        case .float32, .float64, .float16, .bfloat16: nil
        case .int64: Int(bitPattern: UInt(bits))
        case .int32: Int(Int32(truncatingIfNeeded: bits))
        case .int16: Int(Int16(truncatingIfNeeded: bits))
        case .int8: Int(Int8(truncatingIfNeeded: bits))
        case .uint64: Int(exactly: bits)
        case .uint32: Int(UInt32(truncatingIfNeeded: bits))
        case .uint16: Int(UInt16(truncatingIfNeeded: bits))
        case .uint8: Int(UInt8(truncatingIfNeeded: bits))
        case .bool: bits == 0 ? 0 : 1
        }
    }
}
