import StoredTensors

/// Operators with weights.
extension Resolver {
    private static let windowRange = 1...1 << 16

    // MARK: - Convolutions

    mutating func convolution(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try canonicalMap(call)
        let shape = shape(of: map)
        let weights = try kernel(call)
        let groups = try groups(call)
        guard shape.channels == weights.shape[1] * groups, weights.shape[0] % groups == 0 else {
            throw .malformed(
                "has weights of shape \(weights.shape.shapeText) in \(groups) groups, and its input "
                    + "\(shape.channels) channels")
        }
        let window = try window(call, kernel: kernelExtents(weights), on: shape)
        let convolution = ONNXOperation.Convolution(
            weights: weights.constant, bias: try bias(call, channels: weights.shape[0]), strides: window.strides,
            dilations: window.dilations, pads: window.pads, groups: groups)
        return try append(.convolution(convolution), on: map, shape: window.outputShape(channels: weights.shape[0]))
    }

    mutating func transposedConvolution(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try canonicalMap(call)
        let shape = shape(of: map)
        let weights = try kernel(call)
        let groups = try groups(call)
        guard shape.channels == weights.shape[0], shape.channels % groups == 0 else {
            throw .malformed(
                "has weights of shape \(weights.shape.shapeText) in \(groups) groups, and its input "
                    + "\(shape.channels) channels")
        }
        let kernel = kernelExtents(weights)
        let one = Extents(height: 1, width: 1)
        let strides = try call.extents("strides", default: one, in: Self.windowRange)
        let dilations = try call.extents("dilations", default: one, in: Self.windowRange)
        let more = try call.extents("output_padding", default: Extents(height: 0, width: 0), in: 0...1 << 16)
        var wanted: Extents?
        if call.node.attributes["output_shape"] != nil {
            wanted = try call.extents("output_shape", default: nil, in: 1...Self.largestExtent)
        }
        let rows = try TransposedLength(
            call, strides.height, input: shape.height, reach: (kernel.height - 1) * dilations.height + 1,
            more: more.height, wanted: wanted?.height, axis: 0)
        let columns = try TransposedLength(
            call, strides.width, input: shape.width, reach: (kernel.width - 1) * dilations.width + 1, more: more.width,
            wanted: wanted?.width, axis: 1)
        let (channels, overflow) = weights.shape[1].multipliedReportingOverflow(by: groups)
        guard !overflow else { throw .malformed("has weights of shape \(weights.shape.shapeText)") }
        let convolution = ONNXOperation.Convolution(
            weights: weights.constant, bias: try bias(call, channels: channels), strides: strides, dilations: dilations,
            pads: Pads(top: rows.before, left: columns.before, bottom: rows.after, right: columns.after),
            groups: groups)
        return try append(
            .transposedConvolution(convolution, outputPadding: more), on: map,
            shape: ONNXShape(channels: channels, height: rows.length, width: columns.length))
    }

    /// Returns the weights, which must have four axes, none of them empty.
    private func kernel(_ call: OperatorCall) throws(OperatorProblem) -> FoldedTensor {
        let weights = try call.requiredConstant(1)
        guard weights.shape.count == 4 else {
            throw .unsupported(
                "has weights of shape \(weights.shape.shapeText), and maps have two axes of pixels, for which weights "
                    + "have four"
            )
        }
        guard weights.shape.allSatisfy((1...Self.largestExtent).contains) else {
            throw .malformed("has weights of shape \(weights.shape.shapeText)")
        }
        if let declared = try call.ints("kernel_shape"), declared != Array(weights.shape[2...]) {
            throw .malformed(
                "declares a kernel of \(declared.shapeText), and has weights of shape \(weights.shape.shapeText)")
        }
        return weights
    }

    private func kernelExtents(_ weights: FoldedTensor) -> Extents {
        Extents(height: weights.shape[2], width: weights.shape[3])
    }

    private func groups(_ call: OperatorCall) throws(OperatorProblem) -> Int {
        let groups = try call.int("group") ?? 1
        guard (1...Self.largestExtent).contains(groups) else { throw .malformed("has \(groups) groups") }
        return groups
    }

    private func bias(_ call: OperatorCall, channels: Int) throws(OperatorProblem) -> StoredTensor? {
        guard let bias = try call.constant(2) else { return nil }
        guard bias.shape == [channels] else {
            throw .malformed("has a bias of shape \(bias.shape.shapeText) for \(channels) channels")
        }
        return bias.constant
    }

    // MARK: - Products with matrices

    mutating func gemm(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try call.map(0)
        guard map.shape.count == 2, try call.int("transA") ?? 0 == 0 else {
            throw .unsupported(
                "multiplies a value of shape \(map.shape.shapeText), transposed or of more than two axes")
        }
        var weights = try call.requiredConstant(1)
        guard weights.shape.count == 2 else { throw .malformed("has weights of shape \(weights.shape.shapeText)") }
        if try call.int("transB") ?? 0 == 0 { weights = try weights.transposed([1, 0]) }
        let (alpha, beta) = (try call.float("alpha") ?? 1, try call.float("beta") ?? 1)
        let count = weights.shape[0]
        var bias: StoredTensor?
        if let summand = try call.constant(2) {
            guard summand.count == count || summand.count == 1 else {
                throw .malformed("has a bias of shape \(summand.shape.shapeText) for \(count) channels")
            }
            let elements = try summand.floats()
            bias = StoredTensor(shape: [count]) { (0..<count).map { elements[$0 % elements.count] * beta } }
        }
        return try dense(map, weights, factor: alpha, bias: bias)
    }

    mutating func matrixProduct(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        if case .map(let left) = try call.operand(0), case .map(let right) = try call.operand(1) {
            return [try attention(TokenValue(left, shape(of: left)), TokenValue(right, shape(of: right)))]
        }
        if case .constant(let left) = try call.operand(0), case .constant(let right) = try call.operand(1) {
            let products = left.count.multipliedReportingOverflow(by: right.shape.last ?? 1)
            // Sixteen of them take about the time of any other number.
            try charge(work: products.overflow ? .max / 2 : products.partialValue / 16)
            return [.constant(try left.multiplied(right))]
        }
        guard case .constant(let weights) = try call.operand(1), case .map(let map) = try call.operand(0) else {
            throw .unsupported(
                "multiplies values that both depend on the scene: attention over pixels is not a convolutional network")
        }
        guard map.roles.last == .channels || (map.shape.last == 1 && shape(of: map).channels == 1) else {
            return try tokenProduct(call)
        }
        return try dense(map, weights)
    }

    /// Multiplies the channels, which must be the last axis, by weights of (out channels, in channels). Done for each
    /// pixel, this is a 1 x 1 convolution.
    mutating func dense(_ map: MapValue, _ weights: FoldedTensor) throws(OperatorProblem) -> [ResolvedValue] {
        guard weights.shape.count == 2 else {
            throw .unsupported("multiplies with weights of shape \(weights.shape.shapeText)")
        }
        return try dense(map, try weights.transposed([1, 0]), factor: 1, bias: nil)
    }

    private mutating func dense(
        _ map: MapValue, _ weights: FoldedTensor, factor: Float, bias: StoredTensor?
    ) throws(OperatorProblem) -> [ResolvedValue] {
        var shape = shape(of: map)
        guard map.roles.last == .channels || (map.shape.last == 1 && shape.channels == 1) else {
            throw .unsupported(
                "multiplies along an axis of a value of shape \(map.shape.shapeText) that is not its channels: "
                    + "a network of fully connected pixels is not convolutional")
        }
        guard weights.shape[1] == shape.channels, (1...Self.largestExtent).contains(weights.shape[0]) else {
            throw .malformed(
                "has weights for \(weights.shape[1]) channels, and its input has \(shape.channels)")
        }
        let kernel = try weights.reshaped(weights.shape + [1, 1]).constant
        let scaled =
            factor == 1 ? kernel : StoredTensor(shape: kernel.shape) { kernel.elements().map { $0 * factor } }
        shape.channels = weights.shape[0]
        var roles = map.roles
        roles[roles.count - 1] = .channels
        let node = try append(.convolution(.init(weights: scaled, bias: bias)), [map.node], shape)
        return [.map(MapValue(node: node, shape, roles: roles))]
    }

    // MARK: - Normalisations

    mutating func batchNormalization(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try call.map(0)
        let channels = shape(of: map).channels
        guard map.roles.count >= 2, map.roles[1] == .channels || (map.roles[1] == nil && channels == 1) else {
            throw .unsupported("normalises a value of shape \(map.shape.shapeText) whose axis 1 is not the channels")
        }
        guard try call.int("training_mode") ?? 0 == 0 else {
            throw .unsupported("is in training mode: export the network after model.eval()")
        }
        var parameters: [StoredTensor] = []
        for index in 1...4 {
            let parameter = try call.requiredConstant(index)
            guard parameter.shape == [channels] else {
                throw .malformed("has parameters of shape \(parameter.shape.shapeText) for \(channels) channels")
            }
            parameters.append(parameter.constant)
        }
        let normalization = ONNXOperation.BatchNormalization(
            scale: parameters[0], bias: parameters[1], mean: parameters[2], variance: parameters[3],
            epsilon: try call.float("epsilon") ?? 1e-5)
        return try append(.batchNormalization(normalization), on: map)
    }

    mutating func instanceNormalization(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        if case .grouped(var map, let shape) = try call.operand(0) {
            map = try normalised(map, groups: shape[1], call)
            return [.grouped(map, shape: shape)]
        }
        let map = try canonicalMap(call)
        return [.map(try normalised(map, groups: shape(of: map).channels, call))]
    }

    mutating func groupNormalization(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try canonicalMap(call)
        let groups = try call.int("num_groups") ?? 0
        guard groups > 0, shape(of: map).channels % groups == 0 else {
            throw .malformed("makes \(groups) groups of \(shape(of: map).channels) channels")
        }
        return [.map(try normalised(map, groups: groups, call))]
    }

    private mutating func normalised(
        _ map: MapValue, groups: Int, _ call: OperatorCall
    ) throws(OperatorProblem) -> MapValue {
        let shape = shape(of: map)
        let affine = ONNXOperation.Affine(
            scale: try perChannel(call.requiredConstant(1), shape.channels),
            shift: try perChannel(call.requiredConstant(2), shape.channels))
        let epsilon = try call.float("epsilon") ?? 1e-5
        var result = map
        result.node = try append(
            .groupNormalization(groups: groups, affine, epsilon: epsilon), [map.node], shape)
        return result
    }

    /// Returns one number for each channel, from as many numbers or from one for each group of channels.
    private func perChannel(_ tensor: FoldedTensor, _ channels: Int) throws(OperatorProblem) -> StoredTensor {
        guard tensor.shape.count == 1, tensor.count > 0, channels % tensor.count == 0 else {
            throw .malformed("has parameters of shape \(tensor.shape.shapeText) for \(channels) channels")
        }
        guard tensor.count != channels else { return tensor.constant }
        let (elements, length) = (try tensor.floats(), channels / tensor.count)
        return StoredTensor(shape: [channels]) { (0..<channels).map { elements[$0 / length] } }
    }
}

/// The extent of a transposed convolution's output along one axis.
private struct TransposedLength {
    let length: Int
    /// The elements that are cropped at the beginning.
    let before: Int
    /// The elements that are cropped at the end.
    let after: Int

    /// - Parameters:
    ///   - reach: the extent of the kernel with its dilation.
    ///   - more: the `output_padding`.
    ///   - wanted: the length of the output, if the file gives it instead of the padding.
    init(
        _ call: OperatorCall, _ stride: Int, input: Int, reach: Int, more: Int, wanted: Int?, axis: Int
    ) throws(OperatorProblem) {
        let whole = stride * (input - 1) + more + reach
        let mode = try call.string("auto_pad") ?? "NOTSET"
        let isSame = mode == "SAME_UPPER" || mode == "SAME_LOWER"
        guard isSame || mode == "NOTSET" || mode == "VALID" || mode.isEmpty else {
            throw .malformed("has auto_pad \(ModelFileError.quoted(mode))")
        }
        if let wanted = wanted ?? (isSame ? input * stride : nil) {
            let total = whole - wanted
            guard total >= 0 else { throw .unsupported("gives \(wanted) pixels, more than its kernel reaches") }
            before = mode == "SAME_UPPER" ? total / 2 : total - total / 2
            after = total - before
        } else if mode == "VALID" {
            (before, after) = (0, 0)
        } else {
            let pads = try call.pads()
            (before, after) = axis == 0 ? (pads.top, pads.bottom) : (pads.left, pads.right)
        }
        length = whole - before - after
    }
}
