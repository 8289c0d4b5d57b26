import FileIO
import StoredTensors

/// A tensor as a pickle describes it; whether it fits its storage is not yet known.
struct TorchTensor {
    let storage: TorchStorage
    /// Its first element in the storage, counted in elements.
    let offset: Int
    let shape: [Int]
    /// The distance between neighbours along each axis, in elements.
    let strides: [Int]
    /// The name of a PyTorch dtype that overrides the storage's: `uint16`.
    let dtype: Substring?

    /// The tensor in the mapped file.
    ///
    /// - Parameters:
    ///   - name: of the tensor, for errors.
    ///   - record: all bytes of the storage's record in the file.
    /// - Throws: `unsupportedType`; `malformed` where the record is shorter than the pickle says, or the tensor does
    ///   not fit it.
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

/// A storage of PyTorch as a pickle refers to it: the bytes lie elsewhere in the file, under `key`. Tensors share it.
final class TorchStorage: Sendable {
    /// The entry of the zip archive, or the key in the list of a file from before torch 1.6.
    let key: String
    /// The storage's class as the pickle names it: `torch.FloatStorage`.
    let typeName: String
    /// Nil for an untyped storage, whose tensors bring their own type.
    let elementType: ElementType?
    /// True if `typeName` is one of those that are read.
    let isSupported: Bool
    /// The number of elements; of bytes for an untyped storage.
    let count: Int
    /// First element: not 0 only for views on storages, in files from before torch 1.6.
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

    /// Bytes per element that `count` and `viewOffset` are in; nil where the type is not known at all.
    var unit: Int? {
        if let elementType { return elementType.byteCount }
        return isSupported ? 1 : Self.otherUnits[String(typeName.split(separator: ".").last ?? "")]
    }

    /// Types that are not read but may have to be stepped over: a checkpoint holds more than the state dict.
    private static let otherUnits = [
        "ComplexHalfStorage": 4, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1,
        "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    ]
}

extension ElementType {
    /// - Parameter name: a storage class of PyTorch without its module: `FloatStorage`.
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
