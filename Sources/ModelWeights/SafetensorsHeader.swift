/// The header of a safetensors file: what each tensor is and where it lies.
///
/// Only the JSON that the format allows is read: an object of objects, strings and arrays of counts. So nothing nests,
/// and a name that comes twice is seen, which a general JSON parser would hide.
/// Source: https://github.com/huggingface/safetensors, "Format".
struct SafetensorsHeader {
    struct Tensor {
        let name: String
        let dtype: String
        let shape: [Int]
        /// Bytes from the end of the header on.
        let begin: Int
        let end: Int
    }

    private static let largestMetadata = 10_000

    /// In the order of the header.
    private(set) var tensors: [Tensor] = []
    /// The object `__metadata__`.
    private(set) var metadata: [String: String] = [:]

    /// - Parameter slice: the JSON, and nothing else.
    /// - Throws: `malformed`.
    init(_ slice: FileSlice) throws(WeightsError) {
        var json = JSONCursor(slice)
        var names: Set<String> = []
        try json.members { (name, json) throws(WeightsError) in
            guard names.insert(name).inserted else {
                throw slice.file.error(.malformed, "its header names \(WeightsError.quoted(name)) twice")
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

    private static func metadata(_ json: inout JSONCursor) throws(WeightsError) -> [String: String] {
        var metadata: [String: String] = [:]
        let file = json.file
        try json.members { (key, json) throws(WeightsError) in
            guard metadata.count < largestMetadata else {
                throw file.error(.malformed, "its header has more than \(largestMetadata) entries of metadata")
            }
            metadata[key] = try json.string()
        }
        return metadata
    }

    private static func tensor(_ name: String, _ json: inout JSONCursor) throws(WeightsError) -> Tensor {
        var dtype: String?
        var shape: [Int]?
        var offsets: [Int]?
        let file = json.file
        try json.members { (key, json) throws(WeightsError) in
            switch key {
            case "dtype" where dtype == nil: dtype = try json.string()
            case "shape" where shape == nil: shape = try json.counts(atMost: TensorLayout.largestRank)
            case "data_offsets" where offsets == nil: offsets = try json.counts(atMost: 2)
            default:
                let member = WeightsError.quoted(key)
                throw file.error(
                    .malformed, "tensor \(WeightsError.quoted(name)) has an unknown or repeated member \(member)")
            }
        }
        guard let dtype, let shape, let offsets, offsets.count == 2 else {
            throw file.error(
                .malformed, "tensor \(WeightsError.quoted(name)) lacks its dtype, its shape or its two data_offsets")
        }
        return Tensor(name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
    }
}
