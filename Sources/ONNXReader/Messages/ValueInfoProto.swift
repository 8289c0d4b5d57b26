import StoredTensors

/// Name, element type and shape of a graph's input or output.
struct ValueInfoProto: Sendable {
    var name = ""
    /// As in `TensorProto`; nil where the file does not tell.
    var typeCode: Int?
    /// nil where not even the number of axes is told.
    var shape: [ONNXExtent]?
    /// False for a sequence, a map, an optional value.
    var isTensor = true
}

/// Extent of one axis of a value, as a file declares it.
package enum ONNXExtent: Hashable, Sendable, CustomStringConvertible {
    case fixed(Int)
    /// Any extent; the name is the exporter's, and may be empty.
    case symbolic(String)

    package var description: String {
        switch self {
        case .fixed(let extent): "\(extent)"
        case .symbolic(let name): name.isEmpty ? "?" : ModelFileError.plain(name)
        }
    }
}
