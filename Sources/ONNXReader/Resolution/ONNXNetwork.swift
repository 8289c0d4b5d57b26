/// An ONNX graph resolved for one size of input. It consists only of operations on maps, each with its shape.
package struct ONNXNetwork: Sendable {
    /// One operation, with its place in the file.
    package struct Node: Sendable {
        /// The operation.
        package var operation: ONNXOperation
        /// Positions of the nodes whose maps it reads.
        package var inputs: [Int]
        /// The shape of the map that it computes.
        package var shape: ONNXShape
        /// The operator in the file, such as "Conv".
        package var operatorType: String
        /// The node's name in the file, or else the name of its output.
        package var name: String
        /// The name in the file of the value that it computes.
        package var valueName: String
    }

    /// The nodes, each after those that it reads. The first is the input.
    package var nodes: [Node]
    /// The position of the node whose map is the network's output.
    package var output: Int

    /// The shape of the input: bands, and the size for which the network was resolved.
    package var input: ONNXShape { nodes[0].shape }
    /// The shape of the network's output.
    package var outputShape: ONNXShape { nodes[output].shape }
    /// True if the file itself fixes the height, so that no other is possible.
    package var isHeightFixed: Bool
    /// True if the file itself fixes the width.
    package var isWidthFixed: Bool
}

/// The extents of a map.
package struct ONNXShape: Hashable, Sendable {
    /// The number of channels.
    package var channels: Int
    /// The number of rows.
    package var height: Int
    /// The number of columns.
    package var width: Int
}

/// An axis of a map.
package enum MapAxis: Hashable, Sendable {
    case channels, height, width
}

/// A number for each of the two axes of pixels: a kernel's extents, strides.
package struct Extents: Hashable, Sendable {
    /// The number along the height: of rows.
    package var height: Int
    /// The number along the width: of columns.
    package var width: Int

    /// Makes a pair of numbers.
    package init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}

/// The number of pixels that are added at each side of a map. Negative numbers crop.
package struct Pads: Hashable, Sendable {
    /// Rows above the map.
    package var top: Int
    /// Columns to the left of it.
    package var left: Int
    /// Rows below it.
    package var bottom: Int
    /// Columns to the right of it.
    package var right: Int

    /// Makes padding with a number for each side.
    package init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// Makes padding with the same number on every side.
    package init(all pixels: Int) { self.init(top: pixels, left: pixels, bottom: pixels, right: pixels) }
}
