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
        case "LayerNormalization", "ReduceMean", "ReduceSum": return try tokenStatistics(call)
        case "Split", "Gather", "Slice": return try tokenParts(call)
        case _ where Self.elementwise.contains(type): return try elementwise(call)
        case "Concat", "Expand", "GatherND", "Where", "Pad": return nil
        default:
            if let outputs = try outputsOfMaps(call) { return outputs }
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

    /// Returns the outputs of a call in which maps have taken the place of tokens: of all of them, or it would come here again.
    private mutating func outputs(ofWhole call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        guard !call.operands.contains(where: { $0?.isTokens ?? false }) else {
            throw .unsupported("reads pixels laid out in one row where its parameters belong")
        }
        return try outputs(of: call)
    }

    private mutating func elementwise(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let tokens = try tokens(call, 0)
        let results = try outputs(ofWhole: call.replacing(0, by: whole(tokens)))
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

    mutating func tokenArithmetic(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        for (index, other) in [(0, 1), (1, 0)] {
            guard case .constant(let constant)? = call.operands.indices.contains(other) ? call.operands[other] : nil
            else {
                continue
            }
            var tokens = try tokens(call, index)
            let result = try broadcastShape(tokens.shape, constant.shape)
            if result != tokens.shape {
                let stretched = try stretched(tokens, to: result)
                tokens = try laidOut(stretched, as: Layout(result, channels: [result.count - 1]))
            }
            let spread = try spread(constant, over: tokens)
            let whole = call.replacing(index, by: whole(tokens)).replacing(other, by: .constant(spread))
            let results = try outputs(ofWhole: whole)
            return try value(of: results, as: tokens.axes)
        }
        var (left, right) = (try tokens(call, 0), try tokens(call, 1))
        var axes = commonAxes(left, right)
        if axes == nil {
            // A map's own order is kept, so that what comes after finds a map.
            if left.isMap(nodes[left.node].shape) || !right.isMap(nodes[right.node].shape) {
                (left, right) = try aligned(left, right)
            } else {
                (right, left) = try aligned(right, left)
            }
            axes = left.axes
        }
        let whole = call.replacing(0, by: whole(left)).replacing(1, by: whole(right))
        let results = try outputs(ofWhole: whole)
        return try value(of: results, as: axes!)
    }

    /// The axes of what two values give that lie in one order; nil where they do not.
    private func commonAxes(_ left: TokenValue, _ right: TokenValue) -> [[TokenValue.Part]]? {
        let rank = max(left.axes.count, right.axes.count)
        func aligned(_ tokens: TokenValue) -> [[TokenValue.Part]] {
            [[TokenValue.Part]](repeating: [], count: rank - tokens.axes.count) + tokens.axes
        }
        var axes: [[TokenValue.Part]] = []
        for (a, b) in zip(aligned(left), aligned(right)) {
            guard a == b || a.isEmpty || b.isEmpty else { return nil }
            axes.append(a.isEmpty ? b : a)
        }
        let (a, b) = (nodes[left.node].shape, nodes[right.node].shape)
        let isFitting = [MapAxis.channels, .height, .width].allSatisfy { a[$0] == b[$0] || min(a[$0], b[$0]) == 1 }
        var extents = ONNXShape.single
        for role in [MapAxis.channels, .height, .width] { extents[role] = max(a[role], b[role]) }
        // Two values whose parts lie side by side, as of a row and a column, may meet in a map that is larger than both.
        let count = axes.flatMap { $0 }.map(\.extent).reduce(1, *)
        return isFitting && count == extents.channels * extents.height * extents.width ? axes : nil
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

    mutating func tokenProduct(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        var left = try tokens(call, 0)
        if case .constant(let weights)? = call.operands.last {
            guard !left.axes.isEmpty else { throw .malformed("multiplies a value without axes") }
            left = try laidOut(left, channels: [left.axes.count - 1])
            let shape = nodes[left.node].shape
            let results = try dense(
                MapValue(node: left.node, shape, roles: [nil, .height, .width, .channels]), weights)
            guard case .map(let map)? = results.first else { throw .unsupported("gives no map of tokens") }
            let part = TokenValue.Part(axis: .channels, extent: nodes[map.node].shape.channels, stride: 1)
            return [value(TokenValue(node: map.node, axes: left.axes.dropLast() + [[part]]))]
        }
        let right = try tokens(call, 1)
        return [try attention(left, right)]
    }

    /// A product of queries and keys, or of shares and values, head by head.
    mutating func attention(_ left: TokenValue, _ right: TokenValue) throws(OperatorProblem) -> ResolvedValue {
        let (a, b) = (nodes[left.node].shape, nodes[right.node].shape)
        let rank = left.axes.count
        guard rank == right.axes.count, rank >= 2 else {
            throw .unsupported(
                "multiplies values of shapes \(left.shape.shapeText) and \(right.shape.shapeText), of different numbers of "
                    + "axes")
        }
        let heads = left.shape.dropLast(2).reduce(1, *)
        let inner = left.shape[rank - 1]
        guard inner == right.shape[rank - 2], heads == right.shape.dropLast(2).reduce(1, *),
            left.axes[rank - 2] == TokenValue.pixels(a)
        else { return try product(left, right) }
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
            return try product(left, right)
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
            return try product(left, right)
        }
        shape.channels = heads * size
        let node = try append(operation, [left.node, right.node], shape)
        return value(TokenValue(node: node, axes: axes(size, before: [TokenValue.pixels(a), channels(size)])))
    }

    // MARK: - Along one axis

    mutating func tokenSoftmax(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        var tokens = try tokens(call, 0)
        let rank = tokens.axes.count
        let axis = try resolvedAxis(try call.int("axis") ?? (call.opset < 13 ? 1 : -1), rank: rank)
        var groups: Int?
        if call.opset >= 13 || axis == rank - 1, tokens.axes[axis].count == 1, let part = tokens.axes[axis].first,
            part.axis == .channels, part.stride == 1
        {
            groups = nodes[tokens.node].shape.channels / part.extent
        } else {
            tokens = try laidOut(tokens, channels: call.opset >= 13 ? [axis] : Array(axis..<rank))
        }
        let shape = nodes[tokens.node].shape
        let node = try append(.groupedSoftmax(groups: groups ?? 1), [tokens.node], shape)
        return [value(TokenValue(node: node, axes: tokens.axes))]
    }

    /// Layer normalisation, and means and sums along some axes.
    mutating func tokenStatistics(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        var tokens = try tokens(call, 0)
        let rank = tokens.axes.count
        let isReduction = call.node.operatorType != "LayerNormalization"
        var axes = [rank - 1]
        if isReduction {
            axes = try call.reducedAxes(rank: rank).sorted()
        } else if try resolvedAxis(try call.int("axis") ?? -1, rank: rank) != rank - 1 {
            throw .unsupported("is computed over several axes of shape \(tokens.shape.shapeText)")
        }
        tokens = try laidOut(tokens, channels: axes)
        let shape = nodes[tokens.node].shape
        guard isReduction else {
            let last = MapValue(node: tokens.node, shape, roles: [nil, .height, .width, .channels])
            let results = try outputs(ofWhole: call.replacing(0, by: .map(last)))
            return try value(of: results, as: tokens.axes)
        }
        var mean = shape
        mean.channels = 1
        var node = try append(.mean([.channels]), [tokens.node], mean)
        if call.node.operatorType == "ReduceSum" {
            let factor = StoredTensor(shape: [1, 1, 1], elements: [Float(shape.channels)])
            node = try append(.arithmetic(.init(operator: .multiply, constant: factor)), [node], mean)
        }
        var rest = tokens.axes
        for axis in axes { rest[axis] = [] }
        if try call.int("keepdims") ?? 1 == 0 { for axis in axes.reversed() { rest.remove(at: axis) } }
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
            else { return try selection(call) }
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
                starts.count == ends.count
            else { throw .malformed("has no starts, or not as many ends") }
            let steps = try call.constant(4)?.integers() ?? starts.map { _ in 1 }
            let axes = try call.integers("axes", input: 3) ?? Array(starts.indices)
            guard axes.count == starts.count, steps.count == starts.count else { throw .malformed("has too few axes") }
            var part = tokens
            for index in starts.indices {
                let axis = try resolvedAxis(axes[index], rank: extents.count)
                let slice = try AxisSlice(
                    start: starts[index], end: ends[index], step: steps[index], extent: part.shape[axis])
                guard slice.count > 0, slice.step > 0 else {
                    throw .unsupported("leaves nothing of a value, or turns it round")
                }
                part = try self.part(part, axis, slice.start, slice.count, step: slice.step)
            }
            results = [value(part)]
        }
        return results
    }

    private mutating func part(
        _ tokens: TokenValue, _ axis: Int, _ start: Int, _ count: Int, step: Int = 1, output: Int = 0
    ) throws(OperatorProblem) -> TokenValue {
        var result = tokens
        guard count < tokens.shape[axis] else { return result }
        func isOfWholeRuns(_ part: TokenValue.Part) -> Bool {
            part.axis == .channels && part.extent * part.stride == nodes[result.node].shape.channels
                && (part.stride == 1 || step == 1)
        }
        if result.axes[axis].count != 1 || !isOfWholeRuns(result.axes[axis][0]) {
            result = try laidOut(result, channels: [axis])
        }
        let own = result.axes[axis][0]
        var shape = nodes[result.node].shape
        func all(_ extent: Int) -> ONNXOperation.Slice { .init(start: 0, count: extent, step: 1) }
        let channels = ONNXOperation.Slice(start: start * own.stride, count: count * own.stride, step: step)
        let operation = ONNXOperation.slice(channels: channels, rows: all(shape.height), columns: all(shape.width))
        shape.channels = channels.count
        result.node = try append(operation, [result.node], shape, output: output)
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
