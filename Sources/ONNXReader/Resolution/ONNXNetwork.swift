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

/// An axis of a map.
package enum MapAxis: Hashable, Sendable {
    case channels, height, width
}

/// Something along each axis of a map's pixels.
package struct Extents: Hashable, Sendable {
    package var height: Int
    package var width: Int

    package init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}

/// Pixels along each side of a map.
package struct Pads: Hashable, Sendable {
    package var top: Int
    package var left: Int
    package var bottom: Int
    package var right: Int

    package init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// The same on every side.
    package init(all pixels: Int) { self.init(top: pixels, left: pixels, bottom: pixels, right: pixels) }
}
