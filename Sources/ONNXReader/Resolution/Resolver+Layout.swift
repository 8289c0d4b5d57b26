import StoredTensors

/// Operators that move elements, or only rearrange their axes.
extension Resolver {
    // MARK: - Axes anew

    mutating func reshape(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        guard let target = try call.integers("shape", input: 1) else { throw .malformed("has no shape") }
        let allowsZero = try call.int("allowzero") ?? 0 != 0
        let value = try call.operand(0)
        return [try reshaped(value, to: Self.shape(target, of: value.shape, allowsZero: allowsZero))]
    }

    mutating func flatten(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let value = try call.operand(0)
        let shape = value.shape
        let axis = try call.int("axis") ?? 1
        guard (-shape.count...shape.count).contains(axis) else {
            throw .malformed("names axis \(axis) of a value with \(shape.count) axes")
        }
        let split = axis < 0 ? axis + shape.count : axis
        return [try reshaped(value, to: [shape[..<split].reduce(1, *), shape[split...].reduce(1, *)])]
    }

    /// Returns the shape that `Reshape` means: 0 keeps an extent, and a single -1 takes what is left.
    private static func shape(_ target: [Int], of shape: [Int], allowsZero: Bool) throws(OperatorProblem) -> [Int] {
        let problem = OperatorProblem.malformed("reshapes \(shape.shapeText) to \(target.shapeText)")
        var result: [Int] = []
        for (axis, extent) in target.enumerated() {
            guard -1...TensorProto.largestExtent ~= extent else { throw problem }
            guard extent == 0 && !allowsZero else {
                result.append(extent)
                continue
            }
            guard shape.indices.contains(axis) else { throw problem }
            result.append(shape[axis])
        }
        let count = shape.reduce(1, *)
        let open = result.indices.filter { result[$0] == -1 }
        guard let known = TensorLayout.count(of: result.filter { $0 != -1 }), open.count <= 1 else { throw problem }
        if let axis = open.first {
            guard known > 0, count % known == 0 else { throw problem }
            result[axis] = count / known
        }
        guard TensorLayout.count(of: result) == count else { throw problem }
        return result
    }

    mutating func reshaped(_ value: ResolvedValue, to shape: [Int]) throws(OperatorProblem) -> ResolvedValue {
        switch value {
        case .constant(let tensor): return .constant(try tensor.reshaped(shape))
        case .grouped(let map, _):
            if let map = map.reshaped(shape) { return .map(map) }
        case .map(let map):
            if let map = map.reshaped(shape) { return .map(map) }
            let channels = self.shape(of: map).channels
            if map.isCanonical, shape.count == 3, shape[0] == 1, shape[1] > 0, channels % shape[1] == 0 {
                return .grouped(map, shape: shape)
            }
        case .tokens, .stack: break
        }
        if let tokens = tokens(value) {
            if let reshaped = tokens.reshaped(shape) { return self.value(reshaped) }
            guard shape.count > 0 else { throw .unsupported("makes a single number of a map") }
            let moved = try laidOut(tokens, as: Layout(map: shape) ?? Layout(shape, channels: [shape.count - 1]))
            return self.value(moved)
        }
        throw .unsupported(
            "reshapes a map of shape \(value.shape.shapeText) to \(shape.shapeText): pixels and channels would mix")
    }

    /// Returns a map, or what it was reshaped to, as tokens; nil for other values.
    private func tokens(_ value: ResolvedValue) -> TokenValue? {
        switch value {
        case .tokens(let tokens): return tokens
        case .map(let map): return TokenValue(map, shape(of: map))
        case .grouped(let map, let shape): return TokenValue(map, self.shape(of: map)).reshaped(shape)
        case .constant, .stack: return nil
        }
    }

    mutating func squeeze(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let value = try call.operand(0)
        let shape = value.shape
        var axes: [Int] = []
        for axis in try call.integers("axes", input: 1) ?? shape.indices.filter({ shape[$0] == 1 }) {
            axes.append(try resolvedAxis(axis, rank: shape.count))
        }
        guard axes.allSatisfy({ shape[$0] == 1 }) else {
            throw .malformed("drops axes \(axes.shapeText) of a value of shape \(shape.shapeText)")
        }
        if case .map(let map) = value { return [.map(map.dropping(axes))] }
        return [try reshaped(value, to: shape.indices.filter { !axes.contains($0) }.map { shape[$0] })]
    }

    mutating func unsqueeze(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let value = try call.operand(0)
        guard let given = try call.integers("axes", input: 1) else { throw .malformed("has no axes") }
        let rank = value.shape.count + given.count
        guard rank <= TensorLayout.largestRank else { throw .malformed("makes \(rank) axes") }
        var axes: Set<Int> = []
        for axis in given { axes.insert(try resolvedAxis(axis, rank: rank)) }
        guard axes.count == given.count else { throw .malformed("adds axes \(given.shapeText)") }
        var shape = value.shape[...]
        var extents: [Int] = []
        for axis in 0..<rank { extents.append(axes.contains(axis) ? 1 : shape.removeFirst()) }
        guard case .map(let map) = value else { return [try reshaped(value, to: extents)] }
        var roles = map.roles[...]
        var result: [MapAxis?] = []
        for axis in 0..<rank { result.append(axes.contains(axis) ? nil : roles.removeFirst()) }
        return [.map(MapValue(node: map.node, shape: extents, roles: result))]
    }

    mutating func transpose(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let value = try call.operand(0)
        let order = try call.ints("perm") ?? value.shape.indices.reversed()
        if case .constant(let tensor) = value { return [.constant(try tensor.transposed(order))] }
        let map = try call.map(0)
        guard order.sorted() == Array(map.shape.indices) else {
            throw .malformed("permutes axes \(order.shapeText) of a value with \(map.shape.count) axes")
        }
        return [
            .map(MapValue(node: map.node, shape: order.map { map.shape[$0] }, roles: order.map { map.roles[$0] }))
        ]
    }

    mutating func expand(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let shape = try call.requiredConstant(1).integers()
        let value = try call.operand(0)
        if case .constant(let tensor) = value { return [.constant(try tensor.expanded(to: shape))] }
        guard try broadcastShape(value.shape, shape) != value.shape else { return [value] }
        let tokens = try tokens(call, 0)
        return [try stretch(tokens, to: shape)]
    }

    // MARK: - Parts

    mutating func slice(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let value = try call.operand(0)
        let shape = value.shape
        guard let starts = try call.integers("starts", input: 1), let ends = try call.integers("ends", input: 2) else {
            throw .malformed("has no starts or no ends")
        }
        let axes = try call.integers("axes", input: 3) ?? Array(0..<starts.count)
        let steps = try call.constant(4)?.integers() ?? Array(repeating: 1, count: starts.count)
        guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
            throw .malformed("has \(starts.count) starts, \(ends.count) ends, \(axes.count) axes, \(steps.count) steps")
        }
        var slices = shape.map { AxisSlice(all: $0) }
        for index in starts.indices {
            let axis = try resolvedAxis(axes[index], rank: shape.count)
            slices[axis] = try AxisSlice(
                start: starts[index], end: ends[index], step: steps[index], extent: shape[axis])
        }
        if case .constant(let tensor) = value { return [.constant(try tensor.sliced(slices))] }
        return [.map(try sliced(try call.map(0), slices))]
    }

    private mutating func sliced(
        _ map: MapValue, _ slices: [AxisSlice], output: Int = 0
    ) throws(OperatorProblem) -> MapValue {
        var shape = shape(of: map)
        func whole(_ extent: Int) -> ONNXOperation.Slice { .init(start: 0, count: extent, step: 1) }
        var parts: [MapAxis: ONNXOperation.Slice] = [:]
        for (slice, (extent, role)) in zip(slices, zip(map.shape, map.roles)) {
            guard slice.step > 0 else {
                throw .unsupported("turns an axis of a map round, with a step of \(slice.step)")
            }
            guard let role else {
                guard slice.isAll(of: extent) else { throw .unsupported("leaves nothing of the batch") }
                continue
            }
            parts[role] = .init(start: slice.start, count: slice.count, step: slice.step)
            shape[role] = slice.count
        }
        let input = self.shape(of: map)
        let node = try append(
            .slice(
                channels: parts[.channels] ?? whole(input.channels), rows: parts[.height] ?? whole(input.height),
                columns: parts[.width] ?? whole(input.width)),
            [map.node], shape, output: output)
        return MapValue(node: node, shape, roles: map.roles)
    }

    mutating func split(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let value = try call.operand(0)
        let axis = try resolvedAxis(try call.int("axis") ?? 0, rank: value.shape.count)
        let extent = value.shape[axis]
        let outputs = call.node.outputs.count
        let even = (extent + max(1, outputs) - 1) / max(1, outputs)
        let lengths =
            try call.integers("split", input: 1) ?? (0..<outputs).map { max(0, min(even, extent - $0 * even)) }
        guard lengths.count == outputs, lengths.allSatisfy((0...extent).contains), lengths.reduce(0, +) == extent else {
            throw .malformed("splits an axis of \(extent) into \(lengths.shapeText) for \(outputs) outputs")
        }
        var results: [ResolvedValue] = []
        var start = 0
        for (output, length) in lengths.enumerated() {
            var slices = value.shape.map { AxisSlice(all: $0) }
            (slices[axis].start, slices[axis].count) = (start, length)
            start += length
            if case .constant(let tensor) = value {
                results.append(.constant(try tensor.sliced(slices)))
            } else {
                results.append(.map(try sliced(try call.map(0), slices, output: output)))
            }
        }
        return results
    }

    mutating func gather(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let indices = try call.requiredConstant(1)
        let axis = try call.int("axis") ?? 0
        if case .constant(let tensor) = try call.operand(0) {
            return [.constant(try tensor.gathered(indices, axis: axis))]
        }
        let map = try call.map(0)
        let own = try resolvedAxis(axis, rank: map.shape.count)
        let extent = map.shape[own]
        let picked = try indices.integers().map { $0 < 0 && $0 >= -extent ? $0 + extent : $0 }
        guard let first = picked.first, indices.shape.count <= 1, (0..<extent).contains(first),
            picked == Array(first..<first + picked.count), first + picked.count <= extent
        else { return try selection(call) }
        if indices.shape.isEmpty && map.roles[own] == nil { return [.map(map.dropping([own]))] }
        var slices = map.shape.map { AxisSlice(all: $0) }
        (slices[own].start, slices[own].count) = (first, picked.count)
        let part = try sliced(map, slices)
        return [.map(indices.shape.isEmpty ? part.dropping([own]) : part)]
    }

    // MARK: - Several values

    mutating func concatenation(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        guard let axis = try call.int("axis") else { throw .malformed("has no axis") }
        if let constants = call.constants {
            return [.constant(try FoldedTensor.concatenated(constants, axis: axis))]
        }
        var operands: [ResolvedValue] = []
        for index in call.operands.indices {
            let operand = try call.operand(index)
            // The features that an encoder does not have are maps without channels.
            let own = try resolvedAxis(axis, rank: operand.shape.count)
            guard operand.shape[own] > 0 || operand.isOfScene else { continue }
            operands.append(operand)
        }
        guard operands.count > 1 else { return operands }
        let maps = operands.compactMap { if case .map(let map) = $0 { map } else { nil } }
        guard maps.count == operands.count, try isAlongChannels(maps, axis) else {
            return try tokenConcatenation(
                OperatorCall(node: call.node, opset: call.opset, operands: operands), axis: axis)
        }
        let first = maps[0]
        let own = try resolvedAxis(axis, rank: first.shape.count)
        var extent = 0
        for map in maps {
            var others = map.shape
            guard others.count == first.shape.count else { throw Self.misfit(first.shape, map.shape) }
            others[own] = first.shape[own]
            guard others == first.shape else { throw Self.misfit(first.shape, map.shape) }
            extent += map.shape[own]
        }
        guard let role = first.roles[own] else { return [.stack(maps, axis: own)] }
        var shape = shape(of: first)
        shape[role] = extent
        let node = try append(.concatenation(role), maps.map(\.node), shape)
        return [.map(MapValue(node: node, shape, roles: first.roles))]
    }

    /// True for maps that lie behind each other along the axis, or are stacked along an axis without a meaning.
    private func isAlongChannels(_ maps: [MapValue], _ axis: Int) throws(OperatorProblem) -> Bool {
        let roles = maps[0].roles
        let own = try resolvedAxis(axis, rank: roles.count)
        return (roles[own] == .channels || roles[own] == nil) && maps.allSatisfy { $0.roles == roles }
    }
}
