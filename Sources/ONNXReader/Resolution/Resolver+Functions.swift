import StoredTensors

/// Functions of each element that need more than comparisons, quantisation, and operators that move pixels.
extension Resolver {
    mutating func function(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        switch call.node.operatorType {
        case "Pow": return try power(call)
        case "Min", "Max": return try bound(call)
        case "Neg": return try product(try call.map(0), by: -1)
        case "Selu":
            let alpha = try call.float("alpha") ?? 1.6732632
            let elu = try append(.activation(.elu(alpha: alpha)), on: try call.map(0))
            guard case .map(let map)? = elu.first else { return elu }
            return try product(map, by: try call.float("gamma") ?? 1.050701)
        default: return try append(.activation(try activation(of: call)), on: try call.map(0))
        }
    }

    private func activation(of call: OperatorCall) throws(OperatorProblem) -> ONNXOperation.Activation {
        switch call.node.operatorType {
        case "Elu": return .elu(alpha: try call.float("alpha") ?? 1)
        case "Gelu":
            let approximation = try call.string("approximate") ?? "none"
            guard ["none", "tanh"].contains(approximation) else {
                throw .malformed("has approximate \(ModelFileError.quoted(approximation))")
            }
            return .gelu(isApproximate: approximation == "tanh")
        case "Mish": return .mish
        case "Tanh": return .tanh
        case "Softplus": return .softplus
        case "Erf": return .erf
        case "Exp": return .exponential
        case "Sqrt": return .squareRoot
        case "Abs": return .absolute
        case "Swish":
            guard try call.float("alpha") ?? 1 == 1 else { throw .unsupported("has another alpha than 1") }
            return .swish
        default: throw .malformed("is no function")
        }
    }

    private mutating func product(_ map: MapValue, by factor: Float) throws(OperatorProblem) -> [ResolvedValue] {
        let constant = StoredTensor(shape: [1, 1, 1], elements: [factor])
        return try append(.arithmetic(.init(operator: .multiply, constant: constant)), on: map)
    }

    private mutating func power(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try call.map(0)
        let exponent = try call.requiredConstant(1).number()
        switch exponent {
        case 1: return [.map(map)]
        case 2:
            let square = ONNXOperation.arithmetic(.init(operator: .multiply))
            let node = try append(square, [map.node, map.node], shape(of: map))
            return [.map(MapValue(node: node, shape: map.shape, roles: map.roles))]
        case 0.5: return try append(.activation(.squareRoot), on: map)
        case let exponent where exponent > 0 && exponent.isFinite:
            return try append(.activation(.power(exponent)), on: map)
        default: throw .unsupported("raises a map to the power \(exponent)")
        }
    }

    /// Resolves `Min` and `Max` of a map and a number.
    private mutating func bound(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        guard call.operands.count == 2 else { throw .unsupported("compares \(call.operands.count) values") }
        let isFirst = if case .constant? = call.operands[0] { true } else { false }
        let map = try call.map(isFirst ? 1 : 0)
        let number = try call.requiredConstant(isFirst ? 0 : 1).number()
        let isMinimum = call.node.operatorType == "Min"
        return try append(.activation(isMinimum ? .clip(-.infinity, number) : .clip(number, .infinity)), on: map)
    }

    // MARK: - Quantisation

    /// Resolves `QuantizeLinear` of a map, whose whole numbers stay float32.
    mutating func quantization(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try call.map(0)
        let scale = try call.requiredConstant(1)
        let zero = try call.constant(2)
        guard scale.count == 1, zero?.count ?? 1 == 1 else {
            throw .unsupported("quantises each channel of a map in its own way: export the network in float32")
        }
        let code = try call.int("output_dtype") ?? 0
        let type = zero?.type ?? (code == 0 ? .uint8 : ElementType(onnx: code))
        guard let type, let range = type.quantizedRange else {
            throw .unsupported("makes whole numbers that are not of 8 or 16 bits: export the network in float32")
        }
        let factor = try scale.number()
        guard factor > 0, factor.isFinite else { throw .malformed("has a scale of \(factor)") }
        let activation = ONNXOperation.Activation.quantized(
            scale: factor, zero: try zero?.number() ?? 0, lowest: range.lowerBound, highest: range.upperBound)
        return try append(.activation(activation), on: map)
    }

    /// Resolves `DequantizeLinear`: `(x - zero) * scale`, for one scale or for one of each slice along an axis.
    mutating func dequantization(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let value = try call.operand(0)
        let (scale, zero) = (try call.requiredConstant(1), try call.constant(2))
        let rank = value.shape.count
        guard scale.shape.count <= 1, zero.map({ $0.count == scale.count }) ?? true,
            try call.int("block_size") ?? 0 == 0
        else { throw .unsupported("has scales for blocks: export the network in float32") }
        var shape = [Int](repeating: 1, count: max(rank, 1))
        if scale.count > 1 {
            let axis = try resolvedAxis(try call.int("axis") ?? 1, rank: rank)
            guard scale.count == value.shape[axis] else {
                throw .malformed("has \(scale.count) scales for an axis of \(value.shape[axis])")
            }
            shape[axis] = scale.count
        }
        let factors = try scale.reshaped(shape)
        let zeros = try zero?.cast(to: .float32).reshaped(shape)
        if case .constant(let tensor) = value {
            return [.constant(try tensor.dequantized(factors, zeros))]
        }
        var map = try call.map(0)
        if let zeros, try zeros.floats().contains(where: { $0 != 0 }) {
            guard case .map(let shifted)? = try arithmetic(.subtract, map, zeros, isConstantFirst: false).first else {
                throw .malformed("has zero points of shape \(zeros.shape.shapeText)")
            }
            map = shifted
        }
        return try arithmetic(.multiply, map, factors, isConstantFirst: false)
    }

    // MARK: - Pixels and channels

    mutating func depthToSpace(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try canonicalMap(call)
        var shape = shape(of: map)
        let block = try blockSize(call)
        guard shape.channels % (block * block) == 0 else {
            throw .malformed("makes squares of \(block) x \(block) pixels of \(shape.channels) channels")
        }
        let mode = try call.string("mode") ?? "DCR"
        guard ["DCR", "CRD"].contains(mode) else { throw .malformed("has mode \(ModelFileError.quoted(mode))") }
        shape.channels /= block * block
        (shape.height, shape.width) = (shape.height * block, shape.width * block)
        return try append(.depthToSpace(block: block, isChannelFirst: mode == "CRD"), on: map, shape: shape)
    }

    mutating func spaceToDepth(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try canonicalMap(call)
        var shape = shape(of: map)
        let block = try blockSize(call)
        guard shape.height % block == 0, shape.width % block == 0 else {
            throw .unsupported(
                "makes channels of squares of \(block) x \(block) pixels, which do not divide \(shape.height) x "
                    + "\(shape.width)")
        }
        shape.channels *= block * block
        (shape.height, shape.width) = (shape.height / block, shape.width / block)
        return try append(.spaceToDepth(block: block), on: map, shape: shape)
    }

    private func blockSize(_ call: OperatorCall) throws(OperatorProblem) -> Int {
        guard let block = try call.int("blocksize"), (1...1 << 10).contains(block) else {
            throw .malformed("has no blocksize, or one that cannot be")
        }
        return block
    }

    // MARK: - Layer normalisation

    /// Resolves `LayerNormalization` over the channels, wherever these stand.
    mutating func layerNormalization(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try call.map(0)
        let rank = map.shape.count
        let axis = try resolvedAxis(try call.int("axis") ?? -1, rank: rank)
        let channels = shape(of: map).channels
        let isOfChannels = map.roles[axis] == .channels || (channels == 1 && map.shape[axis] == 1)
        if axis == rank - 1, !isOfChannels { return try tokenStatistics(call) }
        guard axis == rank - 1 else {
            throw .unsupported(
                "normalises a value of shape \(map.shape.shapeText) over other axes than its channels")
        }
        let scale = try call.requiredConstant(1)
        let shift = try call.constant(2)
        guard scale.count == channels, shift?.count ?? channels == channels else {
            throw .malformed("has parameters of shape \(scale.shape.shapeText) for \(channels) channels")
        }
        let zeros = StoredTensor(shape: [channels]) { [Float](repeating: 0, count: channels) }
        let affine = ONNXOperation.Affine(
            scale: try scale.reshaped([channels]).constant, shift: try shift?.reshaped([channels]).constant ?? zeros)
        return try append(.channelNormalization(affine, epsilon: try call.float("epsilon") ?? 1e-5), on: map)
    }
}

extension ElementType {
    /// The numbers that a quantised value can have; nil for types to which nothing is quantised.
    fileprivate var quantizedRange: ClosedRange<Float>? {
        switch self {
        case .uint8: 0...255
        case .int8: -128...127
        case .uint16: 0...65535
        case .int16: -32768...32767
        default: nil
        }
    }
}

extension FoldedTensor {
    /// Returns `(x - zero) * scale`; both operands have as many axes as this tensor, all of extent 1 but one at most.
    fileprivate func dequantized(_ scale: FoldedTensor, _ zero: FoldedTensor?) throws(OperatorProblem) -> FoldedTensor {
        let (factors, zeros) = (try scale.floats(), try zero?.floats() ?? [0])
        let axis = scale.shape.firstIndex { $0 > 1 }
        let inner = axis.map { shape[($0 + 1)...].reduce(1, *) } ?? 1
        let depth = if case .lazy(_, let depth) = elements { depth + 1 } else { 1 }
        guard depth <= Self.largestDepth else { throw .unsupported("is one of too many that compute with a constant") }
        let own = constant
        let result = StoredTensor(shape: shape) {
            var values = own.elements()
            for index in values.indices {
                let slice = axis == nil ? 0 : index / inner % factors.count
                values[index] = (values[index] - zeros[zeros.count > 1 ? slice : 0]) * factors[slice]
            }
            return values
        }
        return FoldedTensor(shape: shape, .lazy(result, depth: depth))
    }
}
