import FileIO
import StoredTensors

/// A tensor as a pickle describes it. It has not been checked against its storage yet.
struct TorchTensor {
    let storage: TorchStorage
    /// The index of its first element in the storage.
    let offset: Int
    let shape: [Int]
    /// The distance between neighbours along each axis, in elements.
    let strides: [Int]
    /// The name of a PyTorch dtype that overrides the storage's: `uint16`.
    let dtype: Substring?

    /// Returns the tensor in the mapped file.
    ///
    /// - Parameters:
    ///   - name: the name of the tensor, for errors.
    ///   - record: all bytes of the storage in the file.
    /// - Throws: `unsupportedType`; `malformed` if the record is shorter than the pickle says, or the tensor does not
    ///   fit into it.
    func stored(name: String, in record: FileSlice, isBigEndian: Bool) throws(ModelFileError) -> StoredTensor {
        let type = storage.isSupported ? dtype.map { ElementType(rawValue: String($0)) } ?? storage.elementType : nil
        guard let type, let unit = storage.unit else {
            let typeName = dtype.map { "torch.\($0)" } ?? storage.typeName
            throw record.file.error(
                .unsupportedType,
                "tensor \(ModelFileError.quoted(name)) has elements of type \(ModelFileError.quoted(typeName)): "
                    + "save it as float32")
        }
        let (start, startOverflow) = storage.viewOffset.multipliedReportingOverflow(by: unit)
        let (length, lengthOverflow) = storage.count.multipliedReportingOverflow(by: unit)
        guard !startOverflow, !lengthOverflow, let bytes = record.slice(at: start, count: length) else {
            throw record.file.error(
                .malformed,
                "tensor \(ModelFileError.quoted(name)) has a storage of \(storage.count) elements of \(unit) bytes, "
                    + "but the file holds \(record.count) bytes of it: copy or download the file again")
        }
        return try StoredTensor(
            name: name, storage: bytes, type: type, isBigEndian: isBigEndian, shape: shape, strides: strides,
            offset: offset)
    }
}

/// A PyTorch storage as a pickle refers to it. Its bytes lie elsewhere in the file, under `key`, and several tensors
/// may share it.
final class TorchStorage: Sendable {
    /// The name of the entry in the zip archive, or the key in the list of a file from before torch 1.6.
    let key: String
    /// The storage's class as the pickle names it: `torch.FloatStorage`.
    let typeName: String
    /// The type of the elements; nil for an untyped storage, whose tensors have types of their own.
    let elementType: ElementType?
    /// True if `typeName` is a type that is read.
    let isSupported: Bool
    /// The number of elements, or of bytes for an untyped storage.
    let count: Int
    /// The index of the first element. It differs from 0 only for views of storages in files from before torch 1.6.
    let viewOffset: Int

    init(
        key: String, typeName: String, elementType: ElementType?, isSupported: Bool, count: Int, viewOffset: Int
    ) {
        self.key = key
        self.typeName = typeName
        self.elementType = elementType
        self.isSupported = isSupported
        self.count = count
        self.viewOffset = viewOffset
    }

    /// The size in bytes of the elements that `count` and `viewOffset` count; nil if the type is not known.
    var unit: Int? {
        if let elementType { return elementType.byteCount }
        return isSupported ? 1 : Self.otherUnits[String(typeName.split(separator: ".").last ?? "")]
    }

    /// The sizes of types that are not read but may have to be skipped, because a checkpoint holds more than the state
    /// dict.
    private static let otherUnits = [
        "ComplexHalfStorage": 4, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1,
        "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    ]
}

extension ElementType {
    /// Returns nil for types that are not read.
    ///
    /// - Parameter name: the name of a PyTorch storage class without its module: `FloatStorage`.
    init?(torchStorage name: Substring) {
        switch name {
        case "DoubleStorage": self = .float64
        case "FloatStorage": self = .float32
        case "HalfStorage": self = .float16
        case "BFloat16Storage": self = .bfloat16
        case "LongStorage": self = .int64
        case "IntStorage": self = .int32
        case "ShortStorage": self = .int16
        case "CharStorage": self = .int8
        case "ByteStorage": self = .uint8
        case "BoolStorage": self = .bool
        default: return nil
        }
    }
}
