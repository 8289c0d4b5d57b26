import Tensors

/// Extent of a map: channels, then pixels.
public struct MapShape: Hashable, Sendable {
    public var channels: Int
    public var height: Int
    public var width: Int

    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }
}

extension Graph {
    /// Channels of every map.
    ///
    /// - Throws: `GraphError` where an operation's inputs do not have the channels that its weights need.
    public func channels() throws(GraphError) -> [Int] {
        var channels: [Int] = []
        for node in nodes {
            let inputs = node.inputs.map { channels[$0.index] }
            channels.append(try Self.channels(of: node, inputs: inputs))
        }
        return channels
    }

    private static func channels(of node: Node, inputs: [Int]) throws(GraphError) -> Int {
        func expect(_ expected: Int) throws(GraphError) {
            guard inputs[0] == expected else {
                throw GraphError(node, "its weights take \(expected) channels, and its input has \(inputs[0])")
            }
        }
        switch node.operation {
        case .input(let channels):
            return channels
        case .convolution(let convolution):
            try expect(convolution.inputChannels)
            return convolution.outputChannels
        case .transposedConvolution(let convolution):
            try expect(convolution.inputChannels)
            return convolution.outputChannels
        case .affine(let affine):
            try expect(affine.scale.count)
            return inputs[0]
        case .relu, .maxPooling, .bilinearUpsampling, .fitToSize, .crop:
            return inputs[0]
        case .concatenation:
            return inputs.reduce(0, +)
        }
    }

    /// Shape of every map for one size of input, as PyTorch computes them; nil where some map would be empty.
    ///
    /// - Returns: the shapes, and whether some window did not divide its input, so that pixels were dropped.
    /// - Throws: `GraphError` where maps that meet have different sizes.
    func shapes(height: Int, width: Int) throws(GraphError) -> (shapes: [MapShape], isRagged: Bool)? {
        let channels = try channels()
        var shapes: [MapShape] = []
        var isRagged = false
        for (index, node) in nodes.enumerated() {
            let inputs = node.inputs.map { shapes[$0.index] }
            var shape = MapShape(channels: channels[index], height: height, width: width)
            if let first = inputs.first {
                shape.height = length(of: node, inputs.map(\.height), .vertical, &isRagged)
                shape.width = length(of: node, inputs.map(\.width), .horizontal, &isRagged)
                if case .concatenation = node.operation,
                    let odd = inputs.first(where: { ($0.height, $0.width) != (first.height, first.width) })
                {
                    throw GraphError(
                        node,
                        "joins maps of \(first.height) x \(first.width) and \(odd.height) x \(odd.width) pixels")
                }
            }
            guard shape.height > 0 && shape.width > 0 else { return nil }
            shapes.append(shape)
        }
        return (shapes, isRagged)
    }

    private func length(of node: Node, _ inputs: [Int], _ axis: Axis, _ isRagged: inout Bool) -> Int {
        let length = inputs[0]
        switch node.operation {
        case .input, .affine, .relu, .concatenation:
            return length
        case .convolution, .maxPooling:
            guard case .window(let extent, let stride, _) = node.operation.mapping(axis) else { return 0 }
            guard length >= extent else { return 0 }
            if (length - extent) % stride != 0 { isRagged = true }
            if case .maxPooling(_, _, ceilMode: true) = node.operation {
                return (length - extent + stride - 1) / stride + 1
            }
            return (length - extent) / stride + 1
        case .transposedConvolution(let convolution):
            let taps = axis == .vertical ? convolution.kernelHeight : convolution.kernelWidth
            return (length - 1) * convolution.stride + taps
        case .bilinearUpsampling(let factor, _):
            return length * factor
        case .fitToSize:
            if (length - inputs[1]) % 2 != 0 { isRagged = true }
            return inputs[1]
        case .crop(let crop):
            return axis == .vertical ? length - crop.top - crop.bottom : length - crop.left - crop.right
        }
    }
}
