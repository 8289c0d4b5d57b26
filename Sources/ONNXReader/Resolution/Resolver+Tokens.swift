import StoredTensors

/// Operators on tokens: maps whose pixels stand in one row, and whose channels may be parted into heads.
extension Resolver {
    /// Operators that treat each element for itself, with parameters that do not depend on its place.
    private static let elementwise: Set = [
        "Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Elu", "Selu", "Gelu", "Mish", "Tanh", "Softplus",
        "Erf", "Swish", "Exp", "Sqrt", "Abs", "Neg", "Pow", "Clip", "QuantizeLinear",
    ]

    /// Returns the outputs of an operator that reads tokens; nil where it reads none, or is one that does not care.
    mutating func tokenOutputs(of call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue]? {
        let type = call.node.operatorType
        guard call.operands.contains(where: { $0?.isTokens ?? false }),
            !["Reshape", "Flatten", "Shape", "Size", "Identity", "Dropout", "Cast", "CastLike"].contains(type)
        else { return nil }
        if type == "InstanceNormalization", case .grouped? = call.operands[0] { return nil }
        switch type {
        case "Transpose":
            let tokens = try tokens(call, 0)
            let order = try call.ints("perm") ?? tokens.axes.indices.reversed()
            guard order.sorted() == Array(tokens.axes.indices) else {
                throw .malformed("permutes axes \(order.shapeText) of a value with \(tokens.axes.count) axes")
            }
            return [value(TokenValue(node: tokens.node, axes: order.map { tokens.axes[$0] }))]
        case "Squeeze", "Unsqueeze": return [value(try tokens(call, 0).reshaped(try newShape(call))!)]
        case "Add", "Sub", "Mul", "Div": return try tokenArithmetic(call)
        case "MatMul": return try tokenProduct(call)
        case "Softmax": return try tokenSoftmax(call)
        case "LayerNormalization", "ReduceMean": return try tokenStatistics(call)
        case "Split", "Gather", "Slice": return try tokenParts(call)
        case _ where Self.elementwise.contains(type): return try elementwise(call)
        default:
            throw .unsupported(
                "reads pixels laid out in one row, as shape \(try call.operand(0).shape.shapeText), in a way that is not "
                    + "known of attention")
        }
    }

    /// Returns a value that is computed from the scene as tokens.
    func tokens(_ call: OperatorCall, _ index: Int) throws(OperatorProblem) -> TokenValue {
        switch try call.operand(index) {
        case .tokens(let tokens): return tokens
        case .map(let map): return TokenValue(map, shape(of: map))
        case .grouped(let map, let shape):
            if let tokens = TokenValue(map, self.shape(of: map)).reshaped(shape) { return tokens }
            throw .unsupported("reads a map in the shape \(shape.shapeText), which mixes pixels and channels")
        case .constant, .stack: return try TokenValue(call.map(index), nodes[0].shape)
        }
    }

    /// Returns tokens as a map where their axes are a map's.
    ///
    /// What appends nodes has to come before the call, and not among its arguments: these are evaluated after the resolver
    /// whose nodes are looked up.
    func value(_ tokens: TokenValue) -> ResolvedValue {
        tokens.map(nodes[tokens.node].shape).map(ResolvedValue.map) ?? .tokens(tokens)
    }

    /// Returns the map itself, its axes in their usual order.
    private func whole(_ tokens: TokenValue) -> ResolvedValue {
        .map(MapValue(node: tokens.node, nodes[tokens.node].shape, roles: MapValue.canonicalRoles))
    }

    /// Returns what an operator on the whole map gives, seen as these tokens.
    private func value(of results: [ResolvedValue], as axes: [[TokenValue.Part]]) throws(OperatorProblem)
        -> [ResolvedValue]
    {
        guard case .map(let map)? = results.first else { throw .unsupported("gives no map of tokens") }
        return [value(TokenValue(node: map.node, axes: axes))]
    }

    private mutating func elementwise(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let tokens = try tokens(call, 0)
        let results = try outputs(of: call.replacing(0, by: whole(tokens)))
        return try value(of: results, as: tokens.axes)
    }

    private func newShape(_ call: OperatorCall) throws(OperatorProblem) -> [Int] {
        let shape = try call.operand(0).shape
        let given = try call.integers("axes", input: 1)
        if call.node.operatorType == "Squeeze" {
            var axes: Set<Int> = []
            for axis in given ?? shape.indices.filter({ shape[$0] == 1 }) {
                axes.insert(try resolvedAxis(axis, rank: shape.count))
            }
            guard axes.allSatisfy({ shape[$0] == 1 }) else { throw .malformed("drops axes that are not of extent 1") }
            return shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
        }
        let rank = shape.count + (given?.count ?? 0)
        guard let given, rank <= TensorLayout.largestRank else { throw .malformed("has no axes, or too many") }
        var axes: Set<Int> = []
        for axis in given { axes.insert(try resolvedAxis(axis, rank: rank)) }
        guard axes.count == given.count else { throw .malformed("adds axes \(given.shapeText)") }
        var rest = shape[...]
        return (0..<rank).map { axes.contains($0) ? 1 : rest.removeFirst() }
    }

    // MARK: - Two operands

    private mutating func tokenArithmetic(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        for (index, other) in [(0, 1), (1, 0)] {
            guard case .constant(let constant)? = call.operands.indices.contains(other) ? call.operands[other] : nil
            else {
                continue
            }
            let tokens = try tokens(call, index)
            guard try broadcastShape(tokens.shape, constant.shape) == tokens.shape else {
                throw .unsupported("stretches a value of shape \(tokens.shape.shapeText) to a constant's")
            }
            let spread = try spread(constant, over: tokens)
            let whole = call.replacing(index, by: whole(tokens)).replacing(other, by: .constant(spread))
            let results = try outputs(of: whole)
            return try value(of: results, as: tokens.axes)
        }
        let (left, right) = (try tokens(call, 0), try tokens(call, 1))
        let rank = max(left.axes.count, right.axes.count)
        func aligned(_ tokens: TokenValue) -> [[TokenValue.Part]] {
            [[TokenValue.Part]](repeating: [], count: rank - tokens.axes.count) + tokens.axes
        }
        var axes: [[TokenValue.Part]] = []
        for (a, b) in zip(aligned(left), aligned(right)) {
            guard a == b || a.isEmpty || b.isEmpty else {
                throw .unsupported(
                    "takes values of shapes \(left.shape.shapeText) and \(right.shape.shapeText), whose pixels and channels "
                        + "lie in different orders")
            }
            axes.append(a.isEmpty ? b : a)
        }
        let (a, b) = (nodes[left.node].shape, nodes[right.node].shape)
        for role in [MapAxis.channels, .height, .width] where a[role] != b[role] {
            guard min(a[role], b[role]) == 1 else {
                throw .unsupported(
                    "takes values of shapes \(left.shape.shapeText) and \(right.shape.shapeText), made of other maps")
            }
        }
        let whole = call.replacing(0, by: whole(left)).replacing(1, by: whole(right))
        let results = try outputs(of: whole)
        return try value(of: results, as: axes)
    }

    /// Returns a constant that goes with tokens as one that goes with their map: (1, channels, height, width), each the
    /// map's extent or 1.
    private func spread(_ constant: FoldedTensor, over tokens: TokenValue) throws(OperatorProblem) -> FoldedTensor {
        let extents = nodes[tokens.node].shape
        let shape = constant.shape.alignedShape(rank: tokens.axes.count)
        let strides = TensorLayout.rowMajorStrides(of: shape)
        // For each part that the constant varies with, the constant's elements from one to the next.
        var steps: [(part: TokenValue.Part, step: Int)] = []
        for (axis, parts) in tokens.axes.enumerated() where shape[axis] > 1 {
            var step = strides[axis]
            for part in parts.reversed() {
                steps.append((part, step))
                step *= part.extent
            }
        }
        let varying = Set(steps.map(\.part.axis))
        let roles = [MapAxis.channels, .height, .width]
        let result = [1] + roles.map { varying.contains($0) ? extents[$0] : 1 }
        guard result.reduce(1, *) <= FoldedTensor.largestSpread else {
            throw .unsupported("takes a constant of shape \(constant.shape.shapeText), larger than is spread")
        }
        return try constant.gathered(shape: result) { [steps] in
            var sources: [Int] = []
            sources.reserveCapacity(result.reduce(1, *))
            for channel in 0..<result[1] {
                for row in 0..<result[2] {
                    for column in 0..<result[3] {
                        sources.append(
                            steps.reduce(0) { sum, each in
                                let place =
                                    each.part.axis == .channels ? channel : each.part.axis == .height ? row : column
                                return sum + place / each.part.stride % each.part.extent * each.step
                            })
                    }
                }
            }
            return sources
        }
    }

    // MARK: - Products

    private mutating func tokenProduct(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let left = try tokens(call, 0)
        let shape = nodes[left.node].shape
        if case .constant(let weights)? = call.operands.last {
            guard left.isChannels(left.axes.count - 1, shape) else {
                throw .unsupported("multiplies along an axis that is not all channels")
            }
            let results = try dense(
                MapValue(node: left.node, shape, roles: [nil, .height, .width, .channels]), weights)
            guard case .map(let map)? = results.first else { throw .unsupported("gives no map of tokens") }
            let part = TokenValue.Part(axis: .channels, extent: nodes[map.node].shape.channels, stride: 1)
            return [value(TokenValue(node: map.node, axes: left.axes.dropLast() + [[part]]))]
        }
        let right = try tokens(call, 1)
        guard left.axes.count == right.axes.count, left.axes.count >= 2 else {
            throw .unsupported("multiplies values of different numbers of axes")
        }
        return [try attention(left, right)]
    }

    /// A product of queries and keys, or of shares and values, head by head.
    mutating func attention(_ left: TokenValue, _ right: TokenValue) throws(OperatorProblem) -> ResolvedValue {
        let (a, b) = (nodes[left.node].shape, nodes[right.node].shape)
        let rank = left.axes.count
        let problem = OperatorProblem.unsupported(
            "multiplies values of shapes \(left.shape.shapeText) and \(right.shape.shapeText) that both depend on the scene, "
                + "and not as attention of each pixel to all others does: attention within windows, or with tokens that "
                + "are no pixels, would need operations of its own in the engine")
        let heads = left.shape.dropLast(2).reduce(1, *)
        let inner = left.shape[rank - 1]
        guard inner == right.shape[rank - 2], heads == right.shape.dropLast(2).reduce(1, *),
            left.axes[rank - 2] == TokenValue.pixels(a)
        else { throw problem }
        /// The axes of a value whose channels are parted into heads, of so many channels each.
        func axes(_ size: Int, before last: [[TokenValue.Part]]) -> [[TokenValue.Part]] {
            left.axes.dropLast(2).map { parts in
                parts.map { TokenValue.Part(axis: .channels, extent: $0.extent, stride: size) }
            } + last
        }
        func channels(_ size: Int) -> [TokenValue.Part] {
            size > 1 ? [TokenValue.Part(axis: .channels, extent: size, stride: 1)] : []
        }
        func isParted(_ tokens: TokenValue, _ size: Int) -> Bool {
            Array(tokens.axes.dropLast(2)) == axes(size, before: [])
        }
        guard left.axes[rank - 1] == channels(inner), isParted(left, inner), a.channels == heads * inner else {
            throw problem
        }
        let operation: ONNXOperation
        var shape = a
        let size: Int
        if right.axes[rank - 2] == channels(inner), right.axes[rank - 1] == TokenValue.pixels(b),
            b.channels == a.channels,
            isParted(right, inner)
        {
            size = b.height * b.width
            operation = .attentionScores(heads: heads)
        } else if right.axes[rank - 2] == TokenValue.pixels(b), inner == b.height * b.width, b.channels % heads == 0,
            right.axes[rank - 1] == channels(b.channels / heads), isParted(right, b.channels / heads)
        {
            size = b.channels / heads
            operation = .attentionMixture(heads: heads)
        } else {
            throw problem
        }
        shape.channels = heads * size
        let node = try append(operation, [left.node, right.node], shape)
        return value(TokenValue(node: node, axes: axes(size, before: [TokenValue.pixels(a), channels(size)])))
    }

    // MARK: - Along one axis

    private mutating func tokenSoftmax(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let tokens = try tokens(call, 0)
        let shape = nodes[tokens.node].shape
        let rank = tokens.axes.count
        let axis = try resolvedAxis(try call.int("axis") ?? (call.opset < 13 ? 1 : -1), rank: rank)
        guard call.opset >= 13 || axis == rank - 1, tokens.axes[axis].count == 1, let part = tokens.axes[axis].first,
            part.axis == .channels, part.stride == 1
        else { throw .unsupported("is taken over pixels, or over several axes of shape \(tokens.shape.shapeText)") }
        let node = try append(.groupedSoftmax(groups: shape.channels / part.extent), [tokens.node], shape)
        return [value(TokenValue(node: node, axes: tokens.axes))]
    }

    /// Layer normalisation, and means over all channels.
    private mutating func tokenStatistics(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let tokens = try tokens(call, 0)
        let shape = nodes[tokens.node].shape
        let rank = tokens.axes.count
        let isMean = call.node.operatorType == "ReduceMean"
        var axes = [try call.int("axis") ?? -1]
        if isMean { axes = try call.integers("axes", input: 1) ?? Array(0..<rank) }
        guard axes.count == 1, tokens.isChannels(try resolvedAxis(axes[0], rank: rank), shape), shape.channels > 1,
            isMean || axes[0] == -1 || axes[0] == rank - 1
        else { throw .unsupported("is computed over other axes of shape \(tokens.shape.shapeText) than the channels") }
        let axis = try resolvedAxis(axes[0], rank: rank)
        guard isMean else {
            let last = MapValue(node: tokens.node, shape, roles: [nil, .height, .width, .channels])
            let results = try outputs(of: call.replacing(0, by: .map(last)))
            return try value(of: results, as: tokens.axes)
        }
        var mean = shape
        mean.channels = 1
        let node = try append(.mean([.channels]), [tokens.node], mean)
        var rest = tokens.axes
        rest[axis] = []
        if try call.int("keepdims") ?? 1 == 0 { rest.remove(at: axis) }
        return [value(TokenValue(node: node, axes: rest))]
    }

    /// Parts of an axis that counts through the channels in the largest steps, such as queries, keys and values.
    private mutating func tokenParts(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let tokens = try tokens(call, 0)
        let extents = tokens.shape
        var results: [ResolvedValue] = []
        switch call.node.operatorType {
        case "Gather":
            let indices = try call.requiredConstant(1)
            let axis = try resolvedAxis(try call.int("axis") ?? 0, rank: extents.count)
            guard indices.count == 1, indices.shape.count <= 1, let index = try indices.integers().first,
                (-extents[axis]..<extents[axis]).contains(index)
            else { throw .unsupported("picks several parts of a value of shape \(extents.shapeText)") }
            var part = try self.part(tokens, axis, index < 0 ? index + extents[axis] : index, 1)
            if indices.shape.isEmpty { part.axes.remove(at: axis) }
            results = [value(part)]
        case "Split":
            let axis = try resolvedAxis(try call.int("axis") ?? 0, rank: extents.count)
            let outputs = max(1, call.node.outputs.count)
            let even = (extents[axis] + outputs - 1) / outputs
            let lengths =
                try call.integers("split", input: 1)
                ?? (0..<outputs).map { max(0, min(even, extents[axis] - $0 * even)) }
            guard lengths.count == outputs, lengths.allSatisfy((1...extents[axis]).contains),
                lengths.reduce(0, +) == extents[axis]
            else { throw .malformed("splits an axis of \(extents[axis]) into \(lengths.shapeText)") }
            var start = 0
            for (output, length) in lengths.enumerated() {
                let part = try self.part(tokens, axis, start, length, output: output)
                results.append(value(part))
                start += length
            }
        default:
            guard let starts = try call.integers("starts", input: 1), let ends = try call.integers("ends", input: 2),
                starts.count == 1, ends.count == 1, try call.constant(4)?.integers() ?? [1] == [1]
            else { throw .unsupported("slices several axes of a value of shape \(extents.shapeText)") }
            let axis = try resolvedAxis(try call.integers("axes", input: 3)?.first ?? 0, rank: extents.count)
            let slice = try AxisSlice(start: starts[0], end: ends[0], step: 1, extent: extents[axis])
            guard slice.count > 0 else { throw .unsupported("leaves nothing of a value") }
            let part = try self.part(tokens, axis, slice.start, slice.count)
            results = [value(part)]
        }
        return results
    }

    private mutating func part(
        _ tokens: TokenValue, _ axis: Int, _ start: Int, _ count: Int, output: Int = 0
    ) throws(OperatorProblem) -> TokenValue {
        var result = tokens
        guard count < tokens.shape[axis] else { return result }
        var shape = nodes[tokens.node].shape
        guard tokens.axes[axis].count == 1, let own = tokens.axes[axis].first, own.axis == .channels,
            own.extent * own.stride == shape.channels
        else {
            throw .unsupported(
                "takes a part of an axis of shape \(tokens.shape.shapeText) that is not made of whole runs of channels")
        }
        func all(_ extent: Int) -> ONNXOperation.Slice { .init(start: 0, count: extent, step: 1) }
        let channels = ONNXOperation.Slice(start: start * own.stride, count: count * own.stride, step: 1)
        let operation = ONNXOperation.slice(channels: channels, rows: all(shape.height), columns: all(shape.width))
        shape.channels = channels.count
        result.node = try append(operation, [tokens.node], shape, output: output)
        result.axes[axis] = count > 1 ? [TokenValue.Part(axis: .channels, extent: count, stride: own.stride)] : []
        return result
    }
}

extension OperatorCall {
    /// Returns the call with another value for one of its inputs.
    func replacing(_ index: Int, by value: ResolvedValue) -> OperatorCall {
        var operands = operands
        operands[index] = value
        return OperatorCall(node: node, opset: opset, operands: operands)
    }
}
