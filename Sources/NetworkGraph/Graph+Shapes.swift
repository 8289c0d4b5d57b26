/// The extent of a map: its channels, then its pixels.
package struct MapShape: Hashable, Sendable {
    /// Bands of an input, classes of an output, features between them.
    package var channels: Int
    /// Rows of pixels.
    package var height: Int
    /// Columns of pixels.
    package var width: Int

    /// The extent of so many channels and pixels.
    package init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }
}

extension Graph {
    /// The channels of every map, in the nodes' order.
    ///
    /// - Throws: `GraphError` where an operation's inputs do not have the channels that its weights need.
    package func channels() throws(GraphError) -> [Int] {
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
        case .pooling, .resize, .crop, .padding, .fitToSize, .globalMean, .globalMaximum, .softmax:
            return inputs[0]
        case .groupedSoftmax(let groups):
            guard groups > 0, inputs[0] % groups == 0 else {
                throw GraphError(node, "\(inputs[0]) channels cannot be parted into \(groups) groups")
            }
            return inputs[0]
        case .channelNormalization(let affine, _):
            try expect(affine.scale.count)
            return inputs[0]
        case .pixelArithmetic(_, let constant, _):
            if constant.shape[0] != 1 { try expect(constant.shape[0]) }
            return inputs[0]
        case .depthToSpace(let block, _):
            guard block > 0, inputs[0] % (block * block) == 0 else {
                throw GraphError(node, "\(inputs[0]) channels do not make squares of \(block) x \(block) pixels")
            }
            return inputs[0] / (block * block)
        case .spaceToDepth(let block):
            return inputs[0] * block * block
        case .attentionScores(let heads, let keys):
            guard inputs[0] == inputs[1], inputs[0] % heads == 0 else {
                throw GraphError(node, "takes maps of \(inputs[0]) and \(inputs[1]) channels for \(heads) heads")
            }
            return heads * keys
        case .attentionMixture(let heads):
            guard inputs[1] % heads == 0, inputs[0] % heads == 0 else {
                throw GraphError(node, "takes maps of \(inputs[0]) and \(inputs[1]) channels for \(heads) heads")
            }
            return inputs[1]
        case .rearrangement(let rearrangement):
            try expect(rearrangement.input.channels)
            guard rearrangement.isWithinInput else {
                throw GraphError(node, "takes elements that its input does not have")
            }
            return rearrangement.output.channels
        case .activation(let activation):
            if case .parametricReLU(let slopes) = activation { try expect(slopes.count) }
            return inputs[0]
        case .arithmetic:
            guard inputs[0] == inputs[1] || inputs.contains(1) else {
                throw GraphError(node, "takes maps of \(inputs[0]) and \(inputs[1]) channels")
            }
            return max(inputs[0], inputs[1])
        case .channelMean, .channelMaximum:
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

    /// The shape of every map for one size of input, as PyTorch computes them; nil where some map would be empty.
    ///
    /// - Returns: the shapes in the nodes' order, and true if some window did not divide its input, so that pixels were
    ///   dropped.
    /// - Throws: `GraphError` where maps that meet have different sizes.
    package func shapes(height: Int, width: Int) throws(GraphError) -> (shapes: [MapShape], isRagged: Bool)? {
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
        case .attentionScores(_, let keys): return inputs[1].height * inputs[1].width == keys ? nil : inputs[1]
        case .attentionMixture(let heads):
            return heads * inputs[1].height * inputs[1].width == first.channels ? nil : inputs[1]
        case .rearrangement(let rearrangement): return first == rearrangement.input ? nil : rearrangement.input
        case .pixelArithmetic(_, let constant, _):
            let odd = MapShape(channels: constant.shape[0], height: constant.shape[1], width: constant.shape[2])
            return [1, first.height].contains(odd.height) && [1, first.width].contains(odd.width) ? nil : odd
        default: return nil
        }
    }

    private func length(of node: Node, _ inputs: [Int], _ axis: Axis, _ isRagged: inout Bool) -> Int {
        let length = inputs[0]
        switch node.operation {
        case .input, .affine, .activation, .concatenation, .channelMean, .channelMaximum, .softmax, .groupedSoftmax,
            .channelSlice, .groupNormalization, .channelNormalization, .pixelArithmetic, .attentionScores,
            .attentionMixture:
            return length
        case .rearrangement(let rearrangement):
            return axis == .vertical ? rearrangement.output.height : rearrangement.output.width
        case .depthToSpace(let block, _):
            return length * block
        case .spaceToDepth(let block):
            if length % block != 0 { isRagged = true }
            return length / block
        case .arithmetic:
            return max(length, inputs[1])
        case .globalMean, .globalMaximum:
            return 1
        case .convolution:
            guard case .window(let extent, let stride, _) = node.operation.mapping(axis), length >= extent else {
                return 0
            }
            if Self.droppedPixels(length, extent, stride) > zerosBehind(node.inputs[0], axis) { isRagged = true }
            return (length - extent) / stride + 1
        case .transposedConvolution(let convolution):
            let taps = axis == .vertical ? convolution.kernelHeight : convolution.kernelWidth
            return (length - 1) * convolution.stride + taps
        case .pooling(let pooling):
            let window = pooling.window(axis)
            let dropped = Self.droppedPixels(length + window.before + window.after, window.extent, window.stride)
            if dropped > window.after + zerosBehind(node.inputs[0], axis) { isRagged = true }
            return pooling.length(of: length, axis)
        case .resize(let resize):
            if case .divided(let divisor) = resize.length(axis), length % divisor != 0 { isRagged = true }
            return resize.length(axis).output(of: length)
        case .crop(let borders):
            return length - borders.before(axis) - borders.after(axis)
        case .padding(let padding):
            return length + padding.amounts.before(axis) + padding.amounts.after(axis)
        case .fitToSize:
            if (length - inputs[1]) % 2 != 0 { isRagged = true }
            return inputs[1]
        }
    }

    /// Pixels at the end of a map that no window reaches, not counting those that windows skip everywhere.
    private static func droppedPixels(_ length: Int, _ extent: Int, _ stride: Int) -> Int {
        extent < stride ? length % stride : (length - extent) % stride
    }

    /// Zeros at a map's end that padding has added: nothing is lost where windows do not reach them.
    private func zerosBehind(_ map: Value, _ axis: Axis) -> Int {
        guard let borders = self[map].operation.movedBorders else { return 0 }
        return max(0, -borders.after(axis))
    }
}
