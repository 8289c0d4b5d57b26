/// An ONNX graph worked out for one size of input: nothing but operations on maps, each with its shape.
package struct ONNXNetwork: Sendable {
    package struct Node: Sendable {
        package var operation: ONNXOperation
        /// Positions of the nodes whose maps it reads.
        package var inputs: [Int]
        /// Of the map that it gives.
        package var shape: ONNXShape
        /// The operator in the file: "Conv".
        package var operatorType: String
        /// The node's name in the file; where it has none, that of its output.
        package var name: String
        /// Name in the file of the value that it gives.
        package var valueName: String
    }

    /// Each after the nodes that it reads. The first is the input.
    package var nodes: [Node]
    /// Position of the node whose map is the network's output.
    package var output: Int

    /// The input: bands, and the size for which the network was worked out.
    package var input: ONNXShape { nodes[0].shape }
    package var outputShape: ONNXShape { nodes[output].shape }
    /// The file itself fixes the height, the width: other sizes cannot be had.
    package var isHeightFixed: Bool
    package var isWidthFixed: Bool
}

/// The extents of a map.
package struct ONNXShape: Hashable, Sendable {
    package var channels: Int
    package var height: Int
    package var width: Int
}
