/// An operation of an ONNX graph whose inputs and outputs are values by index.
struct ONNXNode: Sendable {
    /// As in the file; may be empty.
    let name: String
    /// "Conv"
    let operatorType: String
    let domain: String
    let attributes: [String: AttributeProto.Value]
    /// Index of each input's value; nil where it is left out.
    let inputs: [Int?]
    /// Index of each output's value; nil where nobody needs it.
    let outputs: [Int?]
    /// The graphs of an `If`, by attribute.
    var branches: [String: ONNXBranch] = [:]
    /// The node for messages: "Conv node '/encoder/conv1/Conv'".
    let label: String

    /// Whether these are ONNX's own operators.
    static func isStandard(domain: String) -> Bool { domain.isEmpty || domain == "ai.onnx" }

    /// Values that must be there before this node: its inputs, and what its branches read of the graph around them.
    var needs: [Int] {
        inputs.compactMap { $0 } + branches.values.flatMap { $0.nodes.flatMap(\.needs) + $0.outputs }
    }
}

/// A graph inside an `If`; its values are numbered together with those of the graph around it.
struct ONNXBranch: Sendable {
    let nodes: [ONNXNode]
    let outputs: [Int]
}
