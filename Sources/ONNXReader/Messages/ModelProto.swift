import StoredTensors

/// An ONNX file's outermost message.
///
/// All messages here are named as in `onnx.proto`, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, and hold
/// what a network's reader needs of them; other fields are passed over.
struct ModelProto: Sendable {
    /// Version of the file format.
    var irVersion = 0
    /// Operator sets that the graph's operators come from; the domain of ONNX's own is empty.
    var opsets: [(domain: String, version: Int)] = []
    /// Who wrote the file: "pytorch", "2.4.0".
    var producerName = ""
    var producerVersion = ""
    var graph: GraphProto?
    /// The entries in the file's order; a key may come twice.
    var metadata: [(key: String, value: String)] = []
}

/// Operations, constants, inputs and outputs; each value has a name.
struct GraphProto: Sendable {
    var nodes: [NodeProto] = []
    /// Constants, weights among them.
    var initializers: [TensorProto] = []
    /// In files from before 2019 initializers are listed here too.
    var inputs: [ValueInfoProto] = []
    var outputs: [ValueInfoProto] = []
    /// What the exporter knew of values in between; not needed, as shapes are worked out anew.
    var valueInfo: [ValueInfoProto] = []
}

/// One operation of a graph.
struct NodeProto: Sendable {
    /// May be empty, and need not be unique.
    var name = ""
    /// "Conv"
    var operatorType = ""
    /// Empty, or "ai.onnx", for ONNX's own operators.
    var domain = ""
    /// Names of values; an empty name stands for an input that is left out.
    var inputs: [String] = []
    /// An empty name stands for an output that nobody needs.
    var outputs: [String] = []
    var attributes: [AttributeProto] = []
}

/// A named constant of a node.
struct AttributeProto: Sendable {
    enum Value: Sendable {
        case float(Float)
        case int(Int)
        case string(String)
        case tensor(TensorProto)
        /// A branch of an `If`, the body of a `Loop`.
        case graph(GraphProto)
        case floats([Float])
        case ints([Int])
        case strings([String])
        /// What no operator that is read needs: "a sparse tensor".
        case other(String)
    }

    var name: String
    var value: Value
}

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

    /// The extent for messages: a number, a name, or "?".
    package var description: String {
        switch self {
        case .fixed(let extent): "\(extent)"
        case .symbolic(let name): name.isEmpty ? "?" : ModelFileError.plain(name)
        }
    }
}
