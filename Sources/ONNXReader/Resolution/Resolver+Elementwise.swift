import StoredTensors

/// Operators that work element by element, on one operand or two.
extension Resolver {
    mutating func activation(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try call.map(0)
        let activation: ONNXOperation.Activation
        switch call.node.operatorType {
        case "Relu": activation = .relu
        case "LeakyRelu": activation = .leakyRelu(slope: try call.float("alpha") ?? 0.01)
        case "PRelu": activation = .prelu(slopes: try slopes(call, for: map))
        case "Sigmoid": activation = .sigmoid
        case "HardSigmoid":
            activation = .hardSigmoid(alpha: try call.float("alpha") ?? 0.2, beta: try call.float("beta") ?? 0.5)
        default: activation = .hardSwish
        }
        return try append(.activation(activation), on: map)
    }

    /// Returns one slope, or one for each channel.
    private func slopes(_ call: OperatorCall, for map: MapValue) throws(OperatorProblem) -> StoredTensor {
        let slopes = try operand(try call.requiredConstant(1), of: map).constant
        guard slopes.shape[1] == 1, slopes.shape[2] == 1,
            slopes.shape[0] == 1 || slopes.shape[0] == shape(of: map).channels
        else { throw .unsupported("has slopes of shape \(slopes.shape.shapeText), not one for each channel") }
        return StoredTensor(shape: [slopes.shape[0]]) { slopes.elements() }
    }

    mutating func clip(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let lowest = try call.number("min", input: 1) ?? -.infinity
        let highest = try call.number("max", input: 2) ?? .infinity
        if case .constant(let tensor) = try call.operand(0) {
            let clipped = try tensor.mapped(float: { min(max($0, lowest), highest) }) { (value) in
                // Bounds outside the range of Int do not limit anything.
                let low = Int(exactly: lowest.rounded()) ?? .min
                return min(max(value, low), Int(exactly: highest.rounded()) ?? .max)
            }
            return [.constant(clipped)]
        }
        return try append(.activation(.clip(lowest, highest)), on: try call.map(0))
    }

    /// Resolves `Softmax`. Before opset 13, all axes from `axis` on count as one, and the default is 1. Since then it
    /// is one axis, and the default is the last one.
    mutating func softmax(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try call.map(0)
        let rank = map.shape.count
        let axis = try resolvedAxis(try call.int("axis") ?? (call.opset < 13 ? 1 : -1), rank: rank)
        let axes = (call.opset < 13 ? axis..<rank : axis..<axis + 1).filter { map.shape[$0] > 1 }
        guard axes.count <= 1 || !map.isCanonical else {
            throw .unsupported("is taken over several axes of shape \(map.shape.shapeText): classes are one axis")
        }
        // Rows and columns of a map, and not of tokens, are no classes.
        guard axes.count <= 1, let role = map.roles[axes.first ?? axis], role == .channels || map.isCanonical else {
            return try tokenSoftmax(call)
        }
        return try append(.softmax(role), on: map)
    }

    // MARK: - Two operands

    mutating func arithmetic(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        guard let operation = ONNXOperation.Arithmetic.Operator(rawValue: call.node.operatorType),
            let folded = FoldedTensor.BinaryOperator(rawValue: call.node.operatorType)
        else { throw .malformed("is no arithmetic") }
        switch (try call.operand(0), try call.operand(1)) {
        case (.constant(let left), .constant(let right)): return [.constant(try left.combined(folded, right))]
        case (.constant(let left), _):
            return try arithmetic(operation, try call.map(1), left, isConstantFirst: true)
        case (_, .constant(let right)):
            return try arithmetic(operation, try call.map(0), right, isConstantFirst: false)
        default:
            if let outputs = try arithmetic(operation, try call.map(0), try call.map(1)) { return outputs }
            return try tokenArithmetic(call)
        }
    }

    mutating func arithmetic(
        _ operation: ONNXOperation.Arithmetic.Operator, _ map: MapValue, _ constant: FoldedTensor, isConstantFirst: Bool
    ) throws(OperatorProblem) -> [ResolvedValue] {
        let operand = try operand(constant, of: map)
        var shape = shape(of: map)
        let extents = try broadcastShape([shape.channels, shape.height, shape.width], operand.shape)
        (shape.channels, shape.height, shape.width) = (extents[0], extents[1], extents[2])
        let node = try append(
            .arithmetic(.init(operator: operation, constant: operand.constant, isConstantFirst: isConstantFirst)),
            [map.node], shape)
        let roles = [MapAxis?](repeating: nil, count: max(0, constant.shape.count - map.roles.count)) + map.roles
        return [.map(MapValue(node: node, shape, roles: roles))]
    }

    /// Returns a constant as (channels, height, width) that is the other operand of a map with any axes.
    private func operand(_ constant: FoldedTensor, of map: MapValue) throws(OperatorProblem) -> FoldedTensor {
        let rank = max(constant.shape.count, map.shape.count)
        let aligned = constant.shape.alignedShape(rank: rank)
        let roles = [MapAxis?](repeating: nil, count: rank - map.roles.count) + map.roles
        var order: [Int] = []
        for role in [MapAxis.channels, .height, .width] {
            if let axis = roles.firstIndex(of: role) { order.append(axis) }
        }
        guard aligned.indices.allSatisfy({ aligned[$0] == 1 || order.contains($0) }) else {
            throw .unsupported(
                "takes a map of shape \(map.shape.shapeText) and a constant of shape \(constant.shape.shapeText)")
        }
        let rest = aligned.indices.filter { axis in !order.contains(axis) }
        var shape: [Int] = []
        for role in [MapAxis.channels, .height, .width] {
            shape.append(roles.firstIndex(of: role).map { aligned[$0] } ?? 1)
        }
        return try constant.reshaped(aligned).transposed(rest + order).reshaped(shape)
    }

    /// Returns nil where the axes of the two lie in different orders.
    private mutating func arithmetic(
        _ operation: ONNXOperation.Arithmetic.Operator, _ left: MapValue, _ right: MapValue
    ) throws(OperatorProblem) -> [ResolvedValue]? {
        let extents = try broadcastShape(left.shape, right.shape)
        let rank = extents.count
        func aligned(_ map: MapValue) -> [MapAxis?] {
            [MapAxis?](repeating: nil, count: rank - map.roles.count) + map.roles
        }
        let (a, b) = (left.shape.alignedShape(rank: rank), right.shape.alignedShape(rank: rank))
        var roles: [MapAxis?] = []
        for (index, (x, y)) in zip(aligned(left), aligned(right)).enumerated() {
            switch (a[index], b[index]) {
            case (1, 1): roles.append(x == y ? x : nil)
            case (1, _): roles.append(y)
            case (_, 1): roles.append(x)
            default:
                guard x == y else { return nil }
                roles.append(x)
            }
        }
        var shape = ONNXShape.single
        for role in [MapAxis.channels, .height, .width] {
            guard roles.count(where: { $0 == role }) <= 1 else { return nil }
            shape[role] = max(self.shape(of: left)[role], self.shape(of: right)[role])
            guard roles.contains(role) || shape[role] == 1 else { return nil }
        }
        let node = try append(.arithmetic(.init(operator: operation)), [left.node, right.node], shape)
        return [.map(MapValue(node: node, shape: extents, roles: roles))]
    }
}

extension OperatorCall {
    /// Returns the first input, for operators that change nothing at inference.
    func unchanged() throws(OperatorProblem) -> ResolvedValue {
        // Dropout's third input is the training mode. If it is left out, the mode is inference.
        if node.operatorType == "Dropout", let training = try constant(2), try training.number() != 0 {
            throw .unsupported("is in training mode: export the network after model.eval()")
        }
        return try operand(0)
    }

    /// Resolves `Cast`. Maps stay float32, whatever kind of float the file asks for.
    func cast() throws(OperatorProblem) -> ResolvedValue {
        var type = ElementType.float32
        if node.operatorType == "Cast" {
            guard let code = try int("to") else { throw .malformed("has no attribute to") }
            guard let element = ElementType(onnx: code) else {
                throw .unsupported("makes elements of type \(ElementType.name(onnx: code))")
            }
            type = element
        } else if case .constant(let like) = try operand(1), like.isInteger {
            type = .int64
        }
        let value = try operand(0)
        if case .constant(let tensor) = value { return .constant(try tensor.cast(to: type)) }
        guard !type.isInteger else {
            throw .unsupported("makes \(type.rawValue) of a map: export the network so that it gives float scores")
        }
        return value
    }
}
