import FileIO
import StoredTensors

/// The header of a safetensors file: the type, shape and place of each tensor.
///
/// Only the JSON that the format allows is read: an object of objects, strings and arrays of counts. So nothing nests
/// deeply, and a name that occurs twice is noticed, which a general JSON parser would hide. Source:
/// https://github.com/huggingface/safetensors, "Format".
struct SafetensorsHeader {
    struct Tensor {
        let name: String
        let dtype: String
        let shape: [Int]
        /// The range of the tensor's bytes, counted from the end of the header.
        let begin: Int
        let end: Int
    }

    private static let largestMetadata = 10_000

    /// The tensors, in the order of the header.
    private(set) var tensors: [Tensor] = []
    /// The entries of the object `__metadata__`.
    private(set) var metadata: [String: String] = [:]

    /// Reads a header.
    ///
    /// - Parameter slice: the JSON, and nothing else.
    /// - Throws: `malformed`.
    init(_ slice: FileSlice) throws(ModelFileError) {
        var json = JSONCursor(slice)
        var names: Set<String> = []
        try json.members { (name, json) throws(ModelFileError) in
            guard names.insert(name).inserted else {
                throw slice.file.error(.malformed, "its header names \(ModelFileError.quoted(name)) twice")
            }
            if name == "__metadata__" {
                metadata = try Self.metadata(&json)
            } else {
                guard tensors.count < StateDict.largestCount else {
                    throw slice.file.error(.malformed, "its header names more than \(StateDict.largestCount) tensors")
                }
                tensors.append(try Self.tensor(name, &json))
            }
        }
        try json.end()
    }

    private static func metadata(_ json: inout JSONCursor) throws(ModelFileError) -> [String: String] {
        var metadata: [String: String] = [:]
        let file = json.file
        try json.members { (key, json) throws(ModelFileError) in
            guard metadata.count < largestMetadata else {
                throw file.error(.malformed, "its header has more than \(largestMetadata) entries of metadata")
            }
            metadata[key] = try json.string()
        }
        return metadata
    }

    private static func tensor(_ name: String, _ json: inout JSONCursor) throws(ModelFileError) -> Tensor {
        var dtype: String?
        var shape: [Int]?
        var offsets: [Int]?
        let file = json.file
        try json.members { (key, json) throws(ModelFileError) in
            switch key {
            case "dtype" where dtype == nil: dtype = try json.string()
            case "shape" where shape == nil: shape = try json.counts(atMost: TensorLayout.largestRank)
            case "data_offsets" where offsets == nil: offsets = try json.counts(atMost: 2)
            default:
                let member = ModelFileError.quoted(key)
                throw file.error(
                    .malformed, "tensor \(ModelFileError.quoted(name)) has an unknown or repeated member \(member)")
            }
        }
        guard let dtype, let shape, let offsets, offsets.count == 2 else {
            throw file.error(
                .malformed, "tensor \(ModelFileError.quoted(name)) lacks its dtype, its shape or its two data_offsets")
        }
        return Tensor(name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
    }
}

extension ElementType {
    /// Returns nil for types that are not read.
    ///
    /// - Parameter dtype: the type as a safetensors header spells it: `F32`, `BF16`, `I64`.
    init?(safetensors dtype: String) {
        switch dtype {
        case "F64": self = .float64
        case "F32": self = .float32
        case "F16": self = .float16
        case "BF16": self = .bfloat16
        case "I64": self = .int64
        case "I32": self = .int32
        case "I16": self = .int16
        case "I8": self = .int8
        case "U64": self = .uint64
        case "U32": self = .uint32
        case "U16": self = .uint16
        case "U8": self = .uint8
        case "BOOL": self = .bool
        default: return nil
        }
    }
}
