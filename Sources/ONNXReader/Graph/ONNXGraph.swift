import FileIO
package import StoredTensors

/// An ONNX graph in which every value has an index, every node comes after what it reads, and no node is without use.
package struct ONNXGraph: Sendable {
    /// The one input that is no constant: a map of (batch, channels, height, width).
    package struct Input: Sendable {
        /// The input's name in the file.
        package let name: String
        /// Extents in the file's order of axes.
        package let shape: [ONNXExtent]
        /// The file's order is (batch, height, width, channels).
        package let isChannelsLast: Bool

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
    /// The version of the operators.
    package let opset: Int

    let nodes: [ONNXNode]
    /// Initializers by the value's index.
    let constants: [Int: TensorProto]
    let inputIndex: Int
    let outputIndex: Int
    /// Names of all values.
    let names: [String]
    let file: MappedFile
}

extension ONNXGraph {
    /// The number of elements of all weights.
    package var parameterCount: Int { weights.map(\.tensor.count).reduce(0, +) }

    /// The weights under their names: initializers of floating point, in the file's order. Others are amounts and shapes.
    package var weights: [(name: String, tensor: StoredTensor)] {
        constants.sorted { $0.key < $1.key }.map(\.value).filter { $0.type.map { !$0.isInteger } ?? false }
            .compactMap { weight in weight.constant.map { (weight.name, $0) } }
    }
}

/// An operation of an ONNX graph whose inputs and outputs are values by index.
struct ONNXNode: Sendable {
    /// The node's name in the file; it may be empty.
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

    /// Returns true if a domain is that of ONNX's own operators.
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
