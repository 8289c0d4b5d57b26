import FileIO
import StoredTensors

/// A tensor as a pickle describes it; whether it fits its storage is not yet known.
struct TorchTensor {
    let storage: TorchStorage
    /// In elements.
    let offset: Int
    let shape: [Int]
    /// In elements.
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
