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
