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
        case .groupNormalization(let groups, let affine, _):
            try expect(affine.scale.count)
            guard inputs[0] % groups == 0 else {
                throw GraphError(node, "\(inputs[0]) channels cannot be parted into \(groups) groups")
            }
            return inputs[0]
        case .relu, .maxPooling, .bilinearUpsampling, .fitToSize, .crop, .pooling, .resize, .padding, .globalMean,
            .softmax:
            return inputs[0]
        case .activation(let activation):
            if case .parametricReLU(let slopes) = activation { try expect(slopes.count) }
            return inputs[0]
        case .arithmetic:
            guard inputs[0] == inputs[1] || inputs.contains(1) else {
                throw GraphError(node, "takes maps of \(inputs[0]) and \(inputs[1]) channels")
            }
            return max(inputs[0], inputs[1])
        case .channelMean:
            return 1
        case .channelSlice(let start, let count, let step):
            guard start >= 0, count > 0, step > 0, start + (count - 1) * step < inputs[0] else {
                throw GraphError(node, "takes channels that its input of \(inputs[0]) channels does not have")
            }
            return count
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
                if let odd = misfit(inputs, at: node) {
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

    /// An input that does not go with the first.
    private func misfit(_ inputs: [MapShape], at node: Node) -> MapShape? {
        let first = inputs[0]
        switch node.operation {
        case .concatenation: return inputs.first { ($0.height, $0.width) != (first.height, first.width) }
        case .arithmetic:
            let other = inputs[1]
            let fits = zip([first.height, first.width], [other.height, other.width]).allSatisfy {
                $0 == $1 || min($0, $1) == 1
            }
            return fits ? nil : other
        default: return nil
        }
    }

    private func length(of node: Node, _ inputs: [Int], _ axis: Axis, _ isRagged: inout Bool) -> Int {
        let length = inputs[0]
        switch node.operation {
        case .input, .affine, .relu, .concatenation, .activation, .channelMean, .softmax, .channelSlice,
            .groupNormalization:
            return length
        case .arithmetic:
            return max(length, inputs[1])
        case .globalMean:
            return 1
        case .convolution, .maxPooling:
            guard case .window(let extent, let stride, _) = node.operation.mapping(axis) else { return 0 }
            guard length >= extent else { return 0 }
            if Self.droppedPixels(length, extent, stride) > zerosBehind(node.inputs[0], axis) { isRagged = true }
            if case .maxPooling(_, _, ceilMode: true) = node.operation {
                return (length - extent + stride - 1) / stride + 1
            }
            return (length - extent) / stride + 1
        case .transposedConvolution(let convolution):
            let taps = axis == .vertical ? convolution.kernelHeight : convolution.kernelWidth
            return (length - 1) * convolution.stride + taps
        case .bilinearUpsampling(let factor, _):
            return length * factor
        case .pooling(let pooling):
            let window = pooling.window(axis)
            let padded = length + window.before + window.after
            guard padded >= window.extent else { return 0 }
            if Self.droppedPixels(padded, window.extent, window.stride) > window.after { isRagged = true }
            return (padded - window.extent) / window.stride + 1
        case .resize(let resize):
            if case .divided(let divisor) = resize.length(axis), length % divisor != 0 { isRagged = true }
            return resize.length(axis).output(of: length)
        case .padding(let padding):
            let amounts = padding.amounts
            return length + (axis == .vertical ? amounts.top + amounts.bottom : amounts.left + amounts.right)
        case .fitToSize:
            if (length - inputs[1]) % 2 != 0 { isRagged = true }
            return inputs[1]
        case .crop(let crop):
            return axis == .vertical ? length - crop.top - crop.bottom : length - crop.left - crop.right
        }
    }

    /// Pixels at the end of a map that no window reaches, not counting those that windows skip everywhere.
    private static func droppedPixels(_ length: Int, _ extent: Int, _ stride: Int) -> Int {
        extent < stride ? length % stride : (length - extent) % stride
    }

    /// Zeros at a map's end that padding has added: nothing is lost where windows do not reach them.
    private func zerosBehind(_ map: Value, _ axis: Axis) -> Int {
        guard case .crop(let borders) = self[map].operation else { return 0 }
        return max(0, axis == .vertical ? -borders.bottom : -borders.right)
    }
}
