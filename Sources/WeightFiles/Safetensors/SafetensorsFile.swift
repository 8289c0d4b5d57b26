import FileIO
import StoredTensors

/// The safetensors container: 8 bytes with the header's length, the header in JSON, then the tensors back to back.
///
/// Source: https://github.com/huggingface/safetensors, "Format". As there, a file is refused whose tensors overlap,
/// leave holes, or do not fill it.
enum SafetensorsFile {
    /// The largest header in bytes. The format allows four times as much, which only some hundred thousand tensors
    /// would need, and with which a hostile file could take a gigabyte of memory.
    static let largestHeader = 25_000_000

    /// Returns true if the file looks like safetensors: a brace follows the header's length, whatever that is.
    static func isSafetensors(_ file: FileSlice) -> Bool {
        file.integer(at: 8, as: UInt8.self) == UInt8(ascii: "{")
    }

    /// Reads the tensors of a file.
    ///
    /// - Throws: `truncated`, `malformed`, `unsupportedType`.
    static func read(_ file: FileSlice) throws(ModelFileError) -> StateDict {
        var cursor = ByteCursor(file, subject: "its header")
        let length: UInt64 = try cursor.integer()
        guard length <= largestHeader else {
            throw file.file.error(
                .malformed,
                "its header claims \(length) bytes, more than the \(largestHeader) that are read: "
                    + "copy or download the file again")
        }
        let header = try SafetensorsHeader(cursor.take(length))
        let data = try cursor.take(file.count - cursor.position)
        var tensors: [(name: String, tensor: StoredTensor)] = []
        for tensor in header.tensors {
            tensors.append((tensor.name, try stored(tensor, in: data)))
        }
        try checkCoverage(of: data, by: header.tensors)
        var stateDict = StateDict(tensors: tensors, metadata: header.metadata)
        let names = tensors.map { Array($0.name.utf8) }
        stateDict.isSortedByName = zip(names, names.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
        return stateDict
    }

    private static func stored(
        _ tensor: SafetensorsHeader.Tensor, in data: FileSlice
    ) throws(ModelFileError) -> StoredTensor {
        let name = ModelFileError.quoted(tensor.name)
        guard let type = ElementType(safetensors: tensor.dtype) else {
            throw data.file.error(
                .unsupportedType,
                "tensor \(name) has elements of type \(ModelFileError.quoted(tensor.dtype)): save it as float32")
        }
        guard tensor.begin <= tensor.end else {
            throw data.file.error(.malformed, "tensor \(name) ends before it begins")
        }
        guard let storage = data.slice(at: tensor.begin, count: tensor.end - tensor.begin) else {
            throw data.file.error(
                .truncated,
                "tensor \(name) lies at bytes \(tensor.begin) to \(tensor.end) of \(data.count): "
                    + "copy or download the file again")
        }
        let byteCount = TensorLayout.count(of: tensor.shape)?.multipliedReportingOverflow(by: type.byteCount)
        guard let byteCount, !byteCount.overflow, byteCount.partialValue == storage.count else {
            throw data.file.error(
                .malformed,
                "tensor \(name) has \(storage.count) bytes, which is not what \(tensor.dtype) of shape \(tensor.shape) takes"
            )
        }
        return try StoredTensor(
            name: tensor.name, storage: storage, type: type, shape: tensor.shape,
            strides: TensorLayout.rowMajorStrides(of: tensor.shape), offset: 0)
    }

    /// Checks that every byte of the data belongs to one tensor, so that no two readers can see two different files.
    private static func checkCoverage(
        of data: FileSlice, by tensors: [SafetensorsHeader.Tensor]
    ) throws(ModelFileError) {
        var covered = 0
        for tensor in tensors.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            guard tensor.begin == covered else {
                let defect = tensor.begin < covered ? "overlaps the one before" : "leaves a hole before it"
                throw data.file.error(.malformed, "tensor \(ModelFileError.quoted(tensor.name)) \(defect)")
            }
            covered = tensor.end
        }
        guard covered == data.count else {
            throw data.file.error(
                .malformed,
                "its last \(data.count - covered) bytes belong to no tensor: copy or download the file again")
        }
    }
}
