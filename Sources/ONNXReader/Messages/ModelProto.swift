import StoredTensors

/// An ONNX file's outermost message.
///
/// All messages here are named as in `onnx.proto`, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, and hold
/// what is needed to read a network. Other fields are skipped.
struct ModelProto: Sendable {
    /// The version of the file format.
    var irVersion = 0
    /// The operator sets from which the graph's operators come. The domain of ONNX's own operators is empty.
    var opsets: [(domain: String, version: Int)] = []
    /// The program that wrote the file, and its version: "pytorch", "2.4.0".
    var producerName = ""
    var producerVersion = ""
    var graph: GraphProto?
    /// The entries in the file's order. A key may occur twice.
    var metadata: [(key: String, value: String)] = []
}

/// A graph of operations, constants, inputs and outputs, in which each value has a name.
struct GraphProto: Sendable {
    var nodes: [NodeProto] = []
    /// The constants, including the weights.
    var initializers: [TensorProto] = []
    /// The inputs. Files from before 2019 also list initializers here.
    var inputs: [ValueInfoProto] = []
    var outputs: [ValueInfoProto] = []
    /// The exporter's types and shapes of intermediate values. They are not needed, because shapes are inferred again.
    var valueInfo: [ValueInfoProto] = []
}

/// One operation of a graph.
struct NodeProto: Sendable {
    /// The name of the node, which may be empty and need not be unique.
    var name = ""
    /// The operator, such as "Conv".
    var operatorType = ""
    /// The domain of the operator: empty or "ai.onnx" for ONNX's own.
    var domain = ""
    /// The names of the input values. An empty name stands for an input that is left out.
    var inputs: [String] = []
    /// The names of the output values. An empty name stands for an output that no node needs.
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
        /// A graph, such as a branch of an `If` or the body of a `Loop`.
        case graph(GraphProto)
        case floats([Float])
        case ints([Int])
        case strings([String])
        /// A kind of value that no supported operator needs, such as "a sparse tensor".
        case other(String)
    }

    var name: String
    var value: Value
}

/// The name, element type and shape of a graph's input or output.
struct ValueInfoProto: Sendable {
    var name = ""
    /// The element type as in `TensorProto`; nil if the file does not tell.
    var typeCode: Int?
    /// The shape; nil if the file does not even tell the number of axes.
    var shape: [ONNXExtent]?
    /// False for a sequence, a map, an optional value.
    var isTensor = true
}

/// The extent of one axis of a value, as a file declares it.
package enum ONNXExtent: Hashable, Sendable, CustomStringConvertible {
    case fixed(Int)
    /// Any extent, with a name from the exporter that may be empty.
    case symbolic(String)

    /// The extent for messages: a number, a name, or "?".
    package var description: String {
        switch self {
        case .fixed(let extent): "\(extent)"
        case .symbolic(let name): name.isEmpty ? "?" : ModelFileError.plain(name)
        }
    }
}
