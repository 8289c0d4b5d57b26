import StoredTensors

/// Values whose elements have to be moved: windows, class tokens, pixels that become channels.
///
/// Reshapes and transpositions move nothing, as long as each operator finds the axes that it works along in its map. Where
/// it does not, the map is laid out anew.
extension Resolver {
    /// How a value's axes are to count through a new map's.
    struct Layout {
        var axes: [[TokenValue.Part]]
        var extents: ONNXShape

        /// - Parameters:
        ///   - shape: the value's shape in the file.
        ///   - channels: the axes that become the channels, the slowest first. Of all others the last one becomes the
        ///     columns, and the rest become rows.
        init(_ shape: [Int], channels: [Int]) {
            let others = shape.indices.filter { !channels.contains($0) && shape[$0] > 1 }
            axes = Array(repeating: [], count: shape.count)
            extents = .single
            for (role, own) in [(MapAxis.channels, channels), (.height, others.dropLast()), (.width, others.suffix(1))]
            {
                for axis in own.reversed() {
                    axes[axis] = [TokenValue.Part(axis: role, extent: shape[axis], stride: extents[role])]
                    extents[role] *= shape[axis]
                }
            }
        }

        /// The layout of a map whose axes are (1, channels, height, width); nil for any other shape.
        init?(map shape: [Int]) {
            guard shape.count == 4, shape[0] == 1 else { return nil }
            extents = ONNXShape(channels: shape[1], height: shape[2], width: shape[3])
            axes = zip(shape, MapValue.canonicalRoles).map { extent, role in
                role.map { [TokenValue.Part(axis: $0, extent: extent, stride: 1)] } ?? []
            }
        }

        init(axes: [[TokenValue.Part]], extents: ONNXShape) {
            (self.axes, self.extents) = (axes, extents)
        }
    }

    /// Returns a value of the same elements, in their order, with its elements laid out so.
    ///
    /// - Parameter layout: may have other axes than the value, of as many elements.
    mutating func laidOut(_ tokens: TokenValue, as layout: Layout, output: Int = 0) throws(OperatorProblem)
        -> TokenValue
    {
        let result = TokenValue(node: tokens.node, axes: layout.axes)
        if result.axes == tokens.axes, layout.extents == nodes[tokens.node].shape { return tokens }
        guard let digits = tokens.digits(movedTo: result) else {
            throw .unsupported(
                "lays out values of shape \(tokens.shape.shapeText) as \(result.shape.shapeText), which do not divide each "
                    + "other: export the network for an input whose sides are powers of two")
        }
        let node = try append(.rearrangement(digits), [tokens.node], layout.extents)
        return TokenValue(node: node, axes: layout.axes)
    }

    /// Returns a value with one or several of its axes as all channels of its map, in their order.
    mutating func laidOut(_ tokens: TokenValue, channels axes: [Int]) throws(OperatorProblem) -> TokenValue {
        if axes.count == 1, tokens.isChannels(axes[0], nodes[tokens.node].shape) { return tokens }
        return try laidOut(tokens, as: Layout(tokens.shape, channels: axes))
    }

    /// Returns a value of four axes as the map whose batch, channels, height and width they are; nil for any other.
    mutating func laidOutMap(_ tokens: TokenValue) throws(OperatorProblem) -> MapValue? {
        guard let layout = Layout(map: tokens.shape) else { return nil }
        let map = try laidOut(tokens, as: layout)
        return MapValue(node: map.node, nodes[map.node].shape, roles: MapValue.canonicalRoles)
    }

    /// Returns the first input as a map with axes (batch, channels, height, width): a map of other axes is laid out anew.
    mutating func canonicalMap(_ call: OperatorCall) throws(OperatorProblem) -> MapValue {
        let map = try call.map(0)
        if map.isCanonical { return map }
        guard let laidOut = try laidOutMap(TokenValue(map, shape(of: map))) else {
            throw .unsupported(
                "reads a value of shape \(map.shape.shapeText) whose axes are not (batch, channels, height, width)")
        }
        return laidOut
    }

    /// Returns the outputs of an operator on maps that is given tokens; nil where they are no map's.
    mutating func outputsOfMaps(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue]? {
        guard call.operands.contains(where: { $0?.isTokens ?? false }) else { return nil }
        var call = call
        for (index, operand) in call.operands.enumerated() where operand?.isTokens ?? false {
            let tokens = try tokens(call, index)
            guard let map = try laidOutMap(tokens) else { return nil }
            call = call.replacing(index, by: .map(map))
        }
        return try outputs(of: call)
    }

    /// Returns two values, the second laid out as the first, and the first stretched to the second's shape where it has
    /// to be.
    mutating func aligned(
        _ first: TokenValue, _ second: TokenValue
    ) throws(OperatorProblem) -> (TokenValue, TokenValue) {
        let shape = try broadcastShape(first.shape, second.shape)
        var first = first
        if first.shape != shape {
            let stretched = try stretched(first, to: shape)
            first = try laidOut(stretched, as: Layout(shape, channels: [shape.count - 1]))
        }
        let layout = Layout(axes: first.axes, extents: nodes[first.node].shape)
        return (first, try laidOut(try stretched(second, to: shape), as: layout))
    }

    mutating func stretch(_ tokens: TokenValue, to shape: [Int]) throws(OperatorProblem) -> ResolvedValue {
        let result = try broadcastShape(tokens.shape, shape)
        guard result != tokens.shape else { return value(tokens) }
        let stretched = try stretched(tokens, to: result)
        let laidOut = try laidOut(stretched, as: Layout(map: result) ?? Layout(result, channels: [result.count - 1]))
        return value(laidOut)
    }

    /// Returns a value in a shape to which it is broadcast. Only the places of its elements are right, and not the number
    /// of those of its map: it has to be laid out anew.
    func stretched(_ tokens: TokenValue, to shape: [Int]) throws(OperatorProblem) -> TokenValue {
        let isPossible = shape.allSatisfy((1...Self.largestExtent).contains)
        guard isPossible, let count = TensorLayout.count(of: shape), count <= Self.largestCount else {
            throw .unsupported(
                "stretches a value of shape \(tokens.shape.shapeText) to \(shape.shapeText), more than is computed")
        }
        var result = tokens
        result.axes = [[TokenValue.Part]](repeating: [], count: shape.count - tokens.axes.count) + tokens.axes
        for (axis, extent) in shape.enumerated() where extent > 1 && result.axes[axis].isEmpty {
            result.axes[axis] = [TokenValue.Part(axis: .channels, extent: extent, stride: 0)]
        }
        return result
    }

    // MARK: - Products

    /// Any product of matrices that both depend on the scene: the other axes become heads.
    mutating func product(_ left: TokenValue, _ right: TokenValue) throws(OperatorProblem) -> ResolvedValue {
        let rank = left.axes.count
        let (a, b) = (left.shape, right.shape)
        guard rank >= 2, rank == b.count, a[rank - 1] == b[rank - 2], a.dropLast(2) == b.dropLast(2) else {
            throw .unsupported("multiplies values of shapes \(a.shapeText) and \(b.shapeText)")
        }
        let outer = Array(0..<rank - 2)
        let (heads, size) = (a.dropLast(2).reduce(1, *), b[rank - 1])
        let queries = try laidOut(left, as: Layout(a, channels: outer + [rank - 1]))
        let keys = try laidOut(right, as: Layout(b, channels: outer + [rank - 2]))
        var extents = nodes[queries.node].shape
        let (channels, isOverflowing) = heads.multipliedReportingOverflow(by: size)
        guard !isOverflowing else { throw .malformed("gives more values than can be counted") }
        extents.channels = channels
        let node = try append(.attentionScores(heads: heads), [queries.node, keys.node], extents)
        let shape = a.dropLast() + [size]
        return value(TokenValue(node: node, axes: Layout(Array(shape), channels: outer + [rank - 1]).axes))
    }

    // MARK: - Several values

    /// Joins values along any axis, which becomes the channels; some of them may be constants.
    mutating func tokenConcatenation(_ call: OperatorCall, axis: Int) throws(OperatorProblem) -> [ResolvedValue] {
        var shapes: [[Int]] = []
        for index in call.operands.indices { shapes.append(try call.operand(index).shape) }
        let rank = shapes[0].count
        let own = try resolvedAxis(axis, rank: rank)
        var shape = shapes[0]
        shape[own] = 0
        for other in shapes {
            var rest = other
            guard other.count == rank else { throw Self.misfit(shapes[0], other) }
            rest[own] = shape[own]
            guard rest == shape else { throw Self.misfit(shapes[0], other) }
            shape[own] += other[own]
        }
        func layout(_ shape: [Int]) -> Layout {
            (own == 1 ? Layout(map: shape) : nil) ?? Layout(shape, channels: [own])
        }
        var maps: [Int: Int] = [:]
        for index in call.operands.indices where try call.constantOperand(index) == nil {
            let tokens = try tokens(call, index)
            maps[index] = try laidOut(tokens, as: layout(shapes[index])).node
        }
        guard let any = call.operands.indices.compactMap({ maps[$0] }).first else {
            throw .malformed("joins nothing that is computed from the scene")
        }
        var parts: [Int] = []
        for index in call.operands.indices {
            if let constant = try call.constantOperand(index) {
                let order = [own] + (0..<rank).filter { $0 != own }
                let extents = layout(shapes[index]).extents
                let values = try constant.transposed(order).reshaped([extents.channels, extents.height, extents.width])
                parts += try map(of: values, like: any)
            } else {
                parts.append(maps[index]!)
            }
        }
        let whole = layout(shape)
        let node = try append(.concatenation(.channels), parts, whole.extents)
        return [value(TokenValue(node: node, axes: whole.axes))]
    }

    /// Returns maps that together have these values whatever the scene.
    ///
    /// - Parameter node: any map of the same height and width, of which all but the extent is forgotten.
    private mutating func map(of values: FoldedTensor, like node: Int) throws(OperatorProblem) -> [Int] {
        var extents = nodes[node].shape
        let available = extents.channels
        func all(_ extent: Int) -> ONNXOperation.Slice { .init(start: 0, count: extent, step: 1) }
        var maps: [Int] = []
        var start = 0
        while start < values.shape[0] {
            let count = min(available, values.shape[0] - start)
            var slices = values.shape.map { AxisSlice(all: $0) }
            (slices[0].start, slices[0].count) = (start, count)
            let part = try values.sliced(slices).constant
            extents.channels = count
            let some = try append(
                .slice(channels: all(count), rows: all(extents.height), columns: all(extents.width)), [node], extents)
            let zeros = try append(.activation(.clip(0, 0)), [some], extents)
            maps.append(try append(.arithmetic(.init(operator: .add, constant: part)), [zeros], extents))
            start += count
        }
        return maps
    }

    static func misfit(_ first: [Int], _ other: [Int]) -> OperatorProblem {
        .unsupported(
            "joins maps of shapes \(first.shapeText) and \(other.shapeText): choose a size of input that all levels of the "
                + "network divide")
    }
}

extension TokenValue {
    /// The digits of an element's place here and in another value with the same elements in the same order; nil where
    /// one's extents do not divide the other's.
    fileprivate func digits(movedTo other: TokenValue) -> [ONNXOperation.Digit]? {
        var (sources, destinations) = (axes.flatMap { $0 }, other.axes.flatMap { $0 })
        var digits: [ONNXOperation.Digit] = []
        while let source = sources.popLast(), let destination = destinations.popLast() {
            var (divisor, rest) = (source.extent, destination.extent)
            while rest > 0 { (divisor, rest) = (rest, divisor % rest) }
            guard divisor > 1 else { return nil }
            digits.append(
                .init(
                    extent: divisor, source: source.axis, sourceStride: source.stride, destination: destination.axis,
                    destinationStride: destination.stride))
            for (part, isSource) in [(source, true), (destination, false)] where part.extent > divisor {
                let slower = Part(axis: part.axis, extent: part.extent / divisor, stride: part.stride * divisor)
                if isSource { sources.append(slower) } else { destinations.append(slower) }
            }
        }
        return sources.isEmpty && destinations.isEmpty ? digits : nil
    }
}

extension OperatorCall {
    /// Returns an input that is a constant; nil for one that is computed from the scene.
    func constantOperand(_ index: Int) throws(OperatorProblem) -> FoldedTensor? {
        if case .constant(let tensor) = try operand(index) { tensor } else { nil }
    }
}
