import FileIO
package import StoredTensors

/// An ONNX graph in which every value has an index, every node comes after those that it reads, and every node is
/// needed.
package struct ONNXGraph: Sendable {
    /// The one input that is not a constant: a map of (batch, channels, height, width).
    package struct Input: Sendable {
        /// The input's name in the file.
        package let name: String
        /// The extents in the file's order of axes.
        package let shape: [ONNXExtent]
        /// True if the file's order is (batch, height, width, channels).
        package let isChannelsLast: Bool
        /// The type of the pixels where it is one of whole numbers, such as "uint8"; nil for floats.
        package let integerType: String?

        /// The number of bands.
        package var channels: ONNXExtent { shape[isChannelsLast ? 3 : 1] }
        /// The number of rows.
        package var height: ONNXExtent { shape[isChannelsLast ? 1 : 2] }
        /// The number of columns.
        package var width: ONNXExtent { shape[isChannelsLast ? 2 : 3] }
    }

    /// The input.
    package let input: Input
    /// The name of the output that the network is run for.
    package let outputName: String
    /// The names of the graph's other outputs.
    package let otherOutputs: [String]
    /// The version of the operators.
    package let opset: Int

    let nodes: [ONNXNode]
    /// The initializers by the index of their value.
    let constants: [Int: TensorProto]
    let inputIndex: Int
    let outputIndex: Int
    /// The axis along which the file takes the best of the output, which is left out here; nil if it does not.
    let classAxis: Int?
    /// The names of all values.
    let names: [String]
    let file: MappedFile
}

extension ONNXGraph {
    /// The number of elements of all weights.
    package var parameterCount: Int { weights.map(\.tensor.count).reduce(0, +) }

    /// The weights with their names: the initializers of floating point, in the file's order. Other initializers are
    /// amounts and shapes.
    package var weights: [(name: String, tensor: StoredTensor)] {
        constants.sorted { $0.key < $1.key }.map(\.value).filter { $0.type.map { !$0.isInteger } ?? false }
            .compactMap { weight in weight.constant.map { (weight.name, $0) } }
    }
}

/// An operation of an ONNX graph whose inputs and outputs are values by index.
struct ONNXNode: Sendable {
    /// The node's name in the file; it may be empty.
    let name: String
    /// The operator, such as "Conv".
    private(set) var operatorType: String
    let domain: String
    private(set) var attributes: [String: AttributeProto.Value]
    /// The index of each input's value; nil if it is left out.
    let inputs: [Int?]
    /// The index of each output's value; nil if no node needs it.
    let outputs: [Int?]
    /// The graphs of an `If`, by the name of their attribute.
    var branches: [String: ONNXBranch] = [:]
    /// The node for messages: "Conv node '/encoder/conv1/Conv'".
    let label: String

    /// Returns the node as one of another operator of ONNX's own, without attributes: what an operator is made of.
    func becoming(_ type: String) -> ONNXNode {
        var node = self
        (node.operatorType, node.attributes) = (type, [:])
        return node
    }

    /// Returns true if a domain is that of ONNX's own operators.
    static func isStandard(domain: String) -> Bool { domain.isEmpty || domain == "ai.onnx" }

    /// The values that must exist before this node: its inputs, and what its branches read from the graph around them.
    var needs: [Int] {
        inputs.compactMap { $0 } + branches.values.flatMap { $0.nodes.flatMap(\.needs) + $0.outputs }
    }
}

/// A graph inside an `If`. Its values are numbered together with those of the graph around it.
struct ONNXBranch: Sendable {
    let nodes: [ONNXNode]
    let outputs: [Int]
}
