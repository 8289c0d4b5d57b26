import NetworkGraph
import StoredTensors

/// Convolutions, pooling and what changes a map's size.
extension TranslatedNetwork {
    // MARK: - Convolutions

    mutating func value(
        of convolution: ONNXOperation.Convolution, _ node: ONNXNetwork.Node
    ) throws -> Graph.Value {
        let (stride, dilation) = try equalExtents(convolution, node)
        var source = input(of: node)
        if convolution.pads != Pads(all: 0) {
            source = append(zeros: Borders(convolution.pads), around: source, node)
        }
        let layer = Convolution(
            weights: convolution.weights.constant, bias: convolution.bias?.constant, stride: stride, dilation: dilation,
            groups: convolution.groups)
        return append(.convolution(layer), [source], node)
    }

    mutating func value(
        of convolution: ONNXOperation.Convolution, outputPadding: Extents, _ node: ONNXNetwork.Node
    ) throws -> Graph.Value {
        let (stride, dilation) = try equalExtents(convolution, node)
        // Rows that output padding adds beyond all taps have the bias alone, as if there were more taps, of zero.
        let behind = Extents(
            height: max(0, outputPadding.height - convolution.pads.bottom),
            width: max(0, outputPadding.width - convolution.pads.right))
        guard let weights = Self.dense(convolution, dilation: dilation, behind: behind) else {
            throw UntranslatableNode(
                node, "has more than \(Self.largestDenseCount) weights once its gaps are filled with zeros")
        }
        let layer = TransposedConvolution(weights: weights, bias: convolution.bias?.constant, stride: stride)
        let value = append(.transposedConvolution(layer), [input(of: node)], node)
        let pads = convolution.pads
        let cut = Borders(
            top: pads.top, left: pads.left, bottom: max(0, pads.bottom - outputPadding.height),
            right: max(0, pads.right - outputPadding.width))
        return cut == Borders(all: 0) ? value : append(.crop(cut), [value], node)
    }

    private func equalExtents(
        _ convolution: ONNXOperation.Convolution, _ node: ONNXNetwork.Node
    ) throws -> (stride: Int, dilation: Int) {
        let (strides, dilations) = (convolution.strides, convolution.dilations)
        guard strides.height == strides.width, dilations.height == dilations.width else {
            throw UntranslatableNode(node, "has strides or dilations that differ between height and width")
        }
        return (strides.height, dilations.height)
    }

    /// The most weights that a transposed convolution may have once it is dense: 256 MiB of them.
    private static let largestDenseCount = 1 << 26

    /// Weights of a transposed convolution of one group, with a tap for each row and column that it spans.
    ///
    /// - Returns: (in channels, out channels, kernel height, kernel width); nil if they would be too many.
    private static func dense(
        _ convolution: ONNXOperation.Convolution, dilation: Int, behind: Extents
    ) -> ConstantTensor? {
        let (weights, groups) = (convolution.weights, convolution.groups)
        let (ic, og, kh, kw) = (weights.shape[0], weights.shape[1], weights.shape[2], weights.shape[3])
        guard groups > 1 || dilation > 1 || behind != Extents(height: 0, width: 0) else { return weights.constant }
        let height = (kh - 1) * dilation + 1 + behind.height
        let width = (kw - 1) * dilation + 1 + behind.width
        let oc = og * groups
        guard let count = TensorLayout.count(of: [ic, oc, height, width]), count <= largestDenseCount else {
            return nil
        }
        return ConstantTensor(shape: [ic, oc, height, width]) {
            let elements = weights.elements()
            var dense = Array(repeating: Float(0), count: ic * oc * height * width)
            for i in 0..<ic {
                let first = i / (ic / groups) * og
                for o in 0..<og {
                    for ky in 0..<kh {
                        for kx in 0..<kw {
                            dense[((i * oc + first + o) * height + ky * dilation) * width + kx * dilation] =
                                elements[((i * og + o) * kh + ky) * kw + kx]
                        }
                    }
                }
            }
            return dense
        }
    }

    // MARK: - Pooling

    func maximum(of pooling: ONNXOperation.Pooling, _ node: ONNXNetwork.Node) -> Operation {
        .pooling(self.pooling(.maximum, pooling, node))
    }

    func mean(
        of pooling: ONNXOperation.Pooling, countsPadding: Bool, _ node: ONNXNetwork.Node
    ) throws -> Operation {
        let input = shape(ofInput: node)
        let isWhole =
            pooling.pads == Pads(all: 0) && pooling.kernel == Extents(height: input.height, width: input.width)
        // What an export for one size makes of a global mean.
        if isWhole && node.shape.height == 1 && node.shape.width == 1 { return .globalMean }
        let windows = self.pooling(.average(countsPadding: countsPadding), pooling, node)
        let overhangs =
            windows.vertical.after > pooling.pads.bottom || windows.horizontal.after > pooling.pads.right
        guard !overhangs || !countsPadding else {
            throw UntranslatableNode(node, "averages windows that reach beyond the map and its padding")
        }
        return .pooling(windows)
    }

    /// Windows that reach beyond the padding (`ceil_mode`) get more padding.
    private func pooling(
        _ kind: Pooling.Kind, _ pooling: ONNXOperation.Pooling, _ node: ONNXNetwork.Node
    ) -> Pooling {
        func window(
            _ taps: Int, _ stride: Int, _ dilation: Int, _ before: Int, _ after: Int, _ input: Int, _ output: Int
        ) -> Pooling.Window {
            let reached = (output - 1) * stride + (taps - 1) * dilation + 1
            return Pooling.Window(
                taps: taps, stride: stride, dilation: dilation, before: before,
                after: max(after, reached - input - before))
        }
        let (kernel, strides, dilations, pads) = (pooling.kernel, pooling.strides, pooling.dilations, pooling.pads)
        let (input, output) = (shape(ofInput: node), node.shape)
        return Pooling(
            kind,
            vertical: window(
                kernel.height, strides.height, dilations.height, pads.top, pads.bottom, input.height, output.height),
            horizontal: window(
                kernel.width, strides.width, dilations.width, pads.left, pads.right, input.width, output.width))
    }

    /// One value for several: of all channels, of all pixels, or of both.
    mutating func value(
        of operations: (channels: Operation, pixels: Operation), over axes: Set<MapAxis>, _ input: Graph.Value,
        _ node: ONNXNetwork.Node
    ) throws -> Graph.Value {
        let shape = shape(ofInput: node)
        let takesRows = axes.contains(.height) || shape.height == 1
        let takesColumns = axes.contains(.width) || shape.width == 1
        guard (takesRows && takesColumns) || axes.isDisjoint(with: [.height, .width]) else {
            throw UntranslatableNode(node, "is taken along one of height and width alone")
        }
        var value = input
        if axes.contains(.channels) { value = append(operations.channels, [value], node) }
        if !axes.isDisjoint(with: [.height, .width]) { value = append(operations.pixels, [value], node) }
        return value
    }

    // MARK: - Sizes

    /// The largest whole factor whose samples are worked out one by one; beyond it lie only maps of a pixel or two.
    private static let largestFactor = 1024

    func operation(of resize: ONNXOperation.Resize, _ node: ONNXNetwork.Node) -> Operation {
        let (input, output) = (shape(ofInput: node), node.shape)
        func length(_ input: Int, _ output: Int, _ scale: Float) -> Resize.Length {
            if output.isMultiple(of: input), Float(output / input) == scale, output / input <= Self.largestFactor {
                return .times(output / input)
            }
            if input.isMultiple(of: output), 1 / Float(input / output) == scale {
                return .divided(by: input / output)
            }
            return .fixed(output, scale: scale)
        }
        let vertical = length(input.height, output.height, resize.verticalScale)
        let horizontal = length(input.width, output.width, resize.horizontalScale)
        let isOnePixel = output.height == 1 || output.width == 1
        let coordinates = resize.coordinates.coordinates(ofOnePixel: isOnePixel)
        return .resize(Resize(resize.mode.mode, coordinates, vertical: vertical, horizontal: horizontal))
    }

    mutating func value(
        of pad: ONNXOperation.Pad, _ input: Graph.Value, _ node: ONNXNetwork.Node
    ) -> Graph.Value {
        let amounts = Borders(pad.amounts)
        if pad.mode == .constant(0) { return append(zeros: amounts, around: input, node) }
        let cut = amounts.negated.clampedAtZero
        let value = cut == Borders(all: 0) ? input : append(.crop(cut), [input], node)
        return append(.padding(Padding(pad.mode.mode, amounts: amounts.clampedAtZero)), [value], node)
    }

    mutating func value(
        ofSlice channels: ONNXOperation.Slice, _ rows: ONNXOperation.Slice, _ columns: ONNXOperation.Slice,
        _ input: Graph.Value, _ node: ONNXNetwork.Node
    ) -> Graph.Value {
        let shape = shape(ofInput: node)
        var value = input
        if channels.count < shape.channels {
            value = append(
                .channelSlice(start: channels.start, count: channels.count, step: channels.step), [value], node)
            if rows.count == shape.height && columns.count == shape.width { return value }
        }
        // With a step: whole steps, of each of which the first pixel is kept.
        let crop = Borders(
            top: rows.start, left: columns.start, bottom: shape.height - rows.start - rows.count * rows.step,
            right: shape.width - columns.start - columns.count * columns.step)
        value = append(zeros: crop.negated, around: value, node)
        guard rows.step > 1 || columns.step > 1 else { return value }
        return append(
            .resize(
                Resize(
                    .nearest(.floor), .asymmetric, vertical: .divided(by: rows.step),
                    horizontal: .divided(by: columns.step))), [value], node)
    }
}

extension Borders {
    init(_ pads: Pads) {
        self.init(top: pads.top, left: pads.left, bottom: pads.bottom, right: pads.right)
    }
}

extension ONNXOperation.Resize.Coordinates {
    fileprivate func coordinates(ofOnePixel isOnePixel: Bool) -> Resize.Coordinates {
        switch self {
        case .halfPixel: .halfPixel
        case .pytorchHalfPixel: isOnePixel ? .asymmetric : .halfPixel
        case .halfPixelSymmetric: .halfPixelAboutMiddle
        case .alignCorners: .alignCorners
        case .asymmetric: .asymmetric
        case .tensorFlowHalfPixel: .halfPixelOfOutput
        }
    }
}

extension MapShape {
    init(_ shape: ONNXShape) {
        self.init(channels: shape.channels, height: shape.height, width: shape.width)
    }
}

extension Rearrangement.Digit {
    init(_ digit: ONNXOperation.Digit) {
        self.init(
            extent: digit.extent, from: Rearrangement.Axis(digit.source), by: digit.sourceStride,
            to: Rearrangement.Axis(digit.destination), by: digit.destinationStride)
    }
}

extension Rearrangement.Axis {
    fileprivate init(_ axis: MapAxis) {
        switch axis {
        case .channels: self = .channels
        case .height: self = .rows
        case .width: self = .columns
        }
    }
}

extension ONNXOperation.Resize.Mode {
    fileprivate var mode: Resize.Mode {
        switch self {
        case .linear: .linear
        case .cubic(let a): .cubic(a: a)
        case .nearest(.halfDown): .nearest(.halfDown)
        case .nearest(.halfUp): .nearest(.halfUp)
        case .nearest(.floor): .nearest(.floor)
        case .nearest(.ceil): .nearest(.ceil)
        }
    }
}

extension ONNXOperation.Pad.Mode {
    fileprivate var mode: Padding.Mode {
        switch self {
        case .constant(let value): .constant(value)
        case .reflect: .reflect
        case .edge: .edge
        }
    }
}
