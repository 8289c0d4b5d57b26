import StoredTensors

/// Operators that pick, repeat or fill elements along an axis, at places that the file gives.
///
/// Where the elements do not lie side by side, picking them is a product with a matrix of zeros and ones: a 1 x 1 convolution
/// of the value whose channels they are.
extension Resolver {
    /// The most places that `GatherND` names.
    private static let mostPlaces = 1 << 16

    /// Returns a value with other elements along one axis.
    ///
    /// - Parameters:
    ///   - places: for each new element the place of the old one; nil for one that has the value `fill`.
    mutating func selecting(
        _ places: [Int?], from tokens: TokenValue, axis: Int, fill: Float = 0
    ) throws(OperatorProblem) -> TokenValue {
        let extent = tokens.shape[axis]
        guard places.allSatisfy({ $0.map { (0..<extent).contains($0) } ?? true }) else {
            throw .malformed("picks an element beyond an axis of \(extent)")
        }
        if places.count == extent, places.indices.allSatisfy({ places[$0] == $0 }) { return tokens }
        try chargeSelection(of: places.count, from: extent)
        var result = try laidOut(tokens, channels: [axis])
        var shape = nodes[result.node].shape
        let weights = StoredTensor(shape: [places.count, extent, 1, 1]) {
            var elements = [Float](repeating: 0, count: places.count * extent)
            for (row, place) in places.enumerated() { if let place { elements[row * extent + place] = 1 } }
            return elements
        }
        let bias = StoredTensor(shape: [places.count]) { places.map { $0 == nil ? fill : 0 } }
        shape.channels = places.count
        result.node = try append(
            .convolution(.init(weights: weights, bias: fill == 0 ? nil : bias)), [result.node], shape)
        result.axes[axis] =
            places.count > 1 ? [TokenValue.Part(axis: .channels, extent: places.count, stride: 1)] : []
        return result
    }

    /// Resolves `Gather` for any list of places.
    mutating func selection(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let tokens = try tokens(call, 0)
        let axis = try resolvedAxis(try call.int("axis") ?? 0, rank: tokens.axes.count)
        let indices = try call.requiredConstant(1)
        let extent = tokens.shape[axis]
        let places = try indices.integers().map { $0 < 0 ? $0 + extent : $0 }
        let selected = try selecting(places, from: tokens, axis: axis)
        let shape = selected.shape
        let result = Array(shape[..<axis]) + indices.shape + Array(shape[(axis + 1)...])
        return [try reshaped(value(selected), to: result)]
    }

    /// Resolves `GatherND` where the places along one axis do not depend on those along another, as in adaptive pooling.
    mutating func gatherND(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let indices = try call.requiredConstant(1)
        let outer = Array(indices.shape.dropLast())
        var tokens = try tokens(call, 0)
        guard let length = indices.shape.last, length > 0, length <= tokens.axes.count, !outer.contains(0),
            indices.count <= Self.mostPlaces
        else {
            throw .malformed("picks by places of shape \(indices.shape.shapeText) from shape \(tokens.shape.shapeText)")
        }
        let result = outer + tokens.shape.dropFirst(length)
        let places = try indices.integers()
        let steps = TensorLayout.rowMajorStrides(of: outer)
        func changes(_ axis: Int, along other: Int) -> Bool {
            (0..<outer.reduce(1, *)).contains { place in
                let first = place - place / steps[other] % outer[other] * steps[other]
                return places[place * length + axis] != places[first * length + axis]
            }
        }
        var start = 0
        for axis in 0..<length {
            let changing = outer.indices.filter { outer[$0] > 1 && changes(axis, along: $0) }
            let end = axis == length - 1 ? outer.count : (changing.last ?? start - 1) + 1
            guard try call.int("batch_dims") ?? 0 == 0, changing.allSatisfy((start..<max(start, end)).contains) else {
                throw .unsupported(
                    "picks elements along several axes together: that would need an operation of its own in the engine")
            }
            let extent = tokens.shape[axis]
            let range = start..<end
            let own = FoldedTensor.indices(
                shape: Array(outer[range]), strides: Array(steps[range]), offset: 0)
            let picked = own.map { index in
                let place = places[index * length + axis]
                return place < 0 ? place + extent : place
            }
            tokens = try selecting(picked, from: tokens, axis: axis)
            start = end
        }
        return [try reshaped(value(tokens), to: result)]
    }

    /// Resolves `Pad` with a constant along any axis.
    ///
    /// - Parameter amounts: for each axis the elements before and behind it.
    mutating func padded(
        _ call: OperatorCall, by amounts: [(before: Int, after: Int)]
    ) throws(OperatorProblem) -> [ResolvedValue] {
        guard try call.string("mode") ?? "constant" == "constant" else {
            throw .unsupported("mirrors or repeats the channels or the batch: only height and width can be")
        }
        var tokens = try tokens(call, 0)
        let fill = try call.number("value", input: 2) ?? 0
        guard fill.isFinite || amounts.count(where: { $0 != (0, 0) }) == 1 else {
            throw .unsupported("pads several axes with \(fill): only a finite number can be")
        }
        for (axis, amount) in amounts.enumerated() where amount != (0, 0) {
            let extent = tokens.shape[axis]
            // Before anything of that size is made.
            try checkSelection(of: extent + amount.before + amount.after, from: extent)
            let places = (-amount.before..<max(-amount.before, extent + amount.after)).map { place in
                (0..<extent).contains(place) ? place : nil
            }
            tokens = try selecting(places, from: tokens, axis: axis, fill: fill)
        }
        return [value(tokens)]
    }

    /// Resolves `Where` with a condition that does not depend on the scene: each side times one or zero, and their sum.
    mutating func choice(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let condition = try call.requiredConstant(0)
        let truths = try condition.integers().map { $0 != 0 }
        if let only = truths.first, truths.allSatisfy({ $0 == only }) {
            let chosen = try call.operand(only ? 1 : 2)
            let (left, right) = (try call.operand(1).shape, try call.operand(2).shape)
            let shape = try broadcastShape(condition.shape, try broadcastShape(left, right))
            if chosen.isOfScene, chosen.shape == shape { return [chosen] }
        }
        let (zero, one) = (FoldedTensor(shape: [], .floats([0])), FoldedTensor(shape: [], .floats([1])))
        let sides: [(index: Int, (FoldedTensor) throws(OperatorProblem) -> FoldedTensor)] = [
            (1, { (side) throws(OperatorProblem) in try condition.chosen(side, zero) }),
            (2, { (side) throws(OperatorProblem) in try condition.chosen(zero, side) }),
        ]
        var terms: [ResolvedValue] = []
        for (index, masked) in sides {
            let side = try call.operand(index)
            if case .constant(let tensor) = side {
                let part = try masked(tensor)
                try charge(part)
                terms.append(.constant(part))
            } else {
                let mask = try masked(one)
                try charge(mask)
                terms += try outputs(of: call.becoming("Mul", [side, .constant(mask)]))
            }
        }
        return try outputs(of: call.becoming("Add", terms))
    }

    /// Returns a call whose operands are no stacks: stacked maps are joined to one map whose channels they are.
    ///
    /// A sum over the stack needs no such map, nor does what looks at the shape alone.
    mutating func joiningStacks(_ call: OperatorCall) throws(OperatorProblem) -> OperatorCall {
        let others: Set = ["ReduceSum", "ReduceMean", "Shape", "Size", "Identity", "Dropout", "Cast", "CastLike"]
        guard !others.contains(call.node.operatorType) else { return call }
        var call = call
        for (index, operand) in call.operands.enumerated() {
            guard case .stack(let maps, let axis)? = operand else { continue }
            let tokens = try joined(maps, along: axis)
            call = call.replacing(index, by: .tokens(tokens))
        }
        return call
    }

    /// Returns stacked maps as one map whose channels they are.
    private mutating func joined(_ maps: [MapValue], along axis: Int) throws(OperatorProblem) -> TokenValue {
        var shape = shape(of: maps[0])
        let channels = shape.channels
        shape.channels *= maps.count
        let node = try append(.concatenation(.channels), maps.map(\.node), shape)
        var axes = TokenValue(maps[0], self.shape(of: maps[0])).axes
        axes[axis] = [TokenValue.Part(axis: .channels, extent: maps.count, stride: channels)]
        return TokenValue(node: node, axes: axes)
    }
}

extension OperatorCall {
    /// Returns a call of another operator, in the place of this one.
    func becoming(_ type: String, _ operands: [ResolvedValue]) -> OperatorCall {
        OperatorCall(node: node.becoming(type), opset: opset, operands: operands)
    }
}
