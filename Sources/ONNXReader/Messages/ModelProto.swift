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
    /// In the file's order; a key may come twice.
    var metadata: [(key: String, value: String)] = []
}
