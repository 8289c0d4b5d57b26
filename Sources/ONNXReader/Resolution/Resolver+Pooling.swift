import StoredTensors

/// Operators that reduce many numbers to one.
extension Resolver {
    mutating func maxPooling(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let (map, window, pooling) = try pooling(call)
        let shape = window.outputShape(channels: shape(of: map).channels)
        return try append(.maxPooling(pooling), on: map, shape: shape)
    }

    mutating func averagePooling(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let (map, window, pooling) = try pooling(call)
        let shape = window.outputShape(channels: shape(of: map).channels)
        let countsPadding = try call.int("count_include_pad") ?? 0 != 0
        return try append(.averagePooling(pooling, countsPadding: countsPadding), on: map, shape: shape)
    }

    private mutating func pooling(
        _ call: OperatorCall
    ) throws(OperatorProblem) -> (MapValue, Window, ONNXOperation.Pooling) {
        let map = try canonicalMap(call)
        let kernel = try call.extents("kernel_shape", default: nil, in: 1...1 << 16)
        let window = try window(
            call, kernel: kernel, on: shape(of: map), ceilMode: try call.int("ceil_mode") ?? 0 != 0)
        let pooling = ONNXOperation.Pooling(
            kernel: kernel, strides: window.strides, dilations: window.dilations, pads: window.pads,
            ceilMode: window.ceilMode)
        return (map, window, pooling)
    }

    mutating func globalPooling(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try canonicalMap(call)
        var shape = shape(of: map)
        (shape.height, shape.width) = (1, 1)
        let axes = [MapAxis.height, .width]
        let isMean = call.node.operatorType == "GlobalAveragePool"
        return try append(isMean ? .mean(axes) : .maximum(axes), on: map, shape: shape)
    }

    // MARK: - Reductions

    mutating func reduction(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let value = try call.operand(0)
        let keepsAxes = try call.int("keepdims") ?? 1 != 0
        let rank = value.shape.count
        let axes = try call.reducedAxes(rank: rank)
        if axes.isEmpty { return [value] }
        let type = call.node.operatorType
        switch value {
        case .constant(let tensor): return [.constant(try Self.reduced(tensor, type, axes, keepsAxes))]
        case .stack(let maps, let axis) where axes == [axis] && (type == "ReduceSum" || type == "ReduceMean"):
            return [.map(try sum(maps, isMean: type == "ReduceMean").dropping(keepsAxes ? [] : axes))]
        default:
            let map = try call.map(0)
            let reduced = axes.filter { map.shape[$0] > 1 || map.roles[$0] != nil }
            if let sum = try norm(map, over: axes, type) { return [.map(sum.dropping(keepsAxes ? [] : axes))] }
            guard reduced.isEmpty || ["ReduceMean", "ReduceMax", "ReduceSum"].contains(type) else {
                throw .unsupported(
                    "is computed along \(axes.shapeText) of a map, and only means, sums and maxima are: that would need "
                        + "an operation of its own in the engine")
            }
            if reduced.count == 1, type == "ReduceMean", let role = map.roles[reduced[0]], role != .channels,
                axes.count == 1
            {
                return try tokenStatistics(call)
            }
            guard !reduced.isEmpty else { return [.map(map.dropping(keepsAxes ? [] : axes))] }
            return [.map(try self.reduced(map, over: axes, type).dropping(keepsAxes ? [] : axes))]
        }
    }

    /// Appends the sum of magnitudes or squares along axes, which stay with extent 1, or the square root of the latter; nil for
    /// other reductions.
    private mutating func norm(
        _ map: MapValue, over axes: [Int], _ type: String
    ) throws(OperatorProblem) -> MapValue? {
        guard ["ReduceL1", "ReduceL2", "ReduceSumSquare"].contains(type) else { return nil }
        var terms = map
        terms.node =
            try type == "ReduceL1"
            ? append(.activation(.absolute), [map.node], shape(of: map))
            : append(.arithmetic(.init(operator: .multiply)), [map.node, map.node], shape(of: map))
        var sum = try reduced(terms, over: axes, "ReduceSum")
        if type == "ReduceL2" {
            sum.node = try append(.activation(.squareRoot), [sum.node], shape(of: sum))
        }
        return sum
    }

    /// Appends the mean, sum or maximum along axes, which stay with extent 1.
    private mutating func reduced(
        _ map: MapValue, over axes: [Int], _ type: String
    ) throws(OperatorProblem) -> MapValue {
        var shape = shape(of: map)
        let roles = axes.sorted().compactMap { map.roles[$0] }
        let count = roles.map { shape[$0] }.reduce(1, *)
        for role in roles { shape[role] = 1 }
        var node = try append(type == "ReduceMax" ? .maximum(roles) : .mean(roles), [map.node], shape)
        if type == "ReduceSum" {
            let factor = StoredTensor(shape: [1, 1, 1], elements: [Float(count)])
            node = try append(.arithmetic(.init(operator: .multiply, constant: factor)), [node], shape)
        }
        return MapValue(node: node, shape, roles: map.roles)
    }

    private mutating func sum(_ maps: [MapValue], isMean: Bool) throws(OperatorProblem) -> MapValue {
        var sum = maps[0]
        let shape = shape(of: sum)
        for map in maps.dropFirst() {
            sum.node = try append(.arithmetic(.init(operator: .add)), [sum.node, map.node], shape)
        }
        if isMean {
            let count = StoredTensor(shape: [1, 1, 1], elements: [Float(maps.count)])
            sum.node = try append(.arithmetic(.init(operator: .divide, constant: count)), [sum.node], shape)
        }
        return sum
    }

    private static func reduced(
        _ tensor: FoldedTensor, _ type: String, _ axes: [Int], _ keepsAxes: Bool
    ) throws(OperatorProblem) -> FoldedTensor {
        func reduced(_ operation: FoldedTensor.BinaryOperator, _ float: (Float, Float) -> Float)
            throws(OperatorProblem) -> FoldedTensor
        {
            try tensor.reduced(
                axes: axes, keepingAxes: keepsAxes,
                integer: { (a, b) throws(OperatorProblem) in try FoldedTensor.integer(operation, a, b) }, float: float)
        }
        switch type {
        case "ReduceSum": return try reduced(.add, +)
        case "ReduceProd": return try reduced(.multiply, *)
        case "ReduceMax": return try reduced(.maximum, Swift.max)
        case "ReduceMin": return try reduced(.minimum, Swift.min)
        default:
            let sum = try reduced(.add, +)
            let count = sum.count > 0 ? tensor.count / sum.count : 1
            return try sum.combined(
                .divide, FoldedTensor(shape: [], tensor.isInteger ? .integers([count]) : .floats([Float(count)])))
        }
    }
}

extension MapValue {
    /// Returns the value without these axes, which must be of extent 1.
    func dropping(_ axes: [Int]) -> MapValue {
        let kept = shape.indices.filter { !axes.contains($0) }
        return MapValue(node: node, shape: kept.map { shape[$0] }, roles: kept.map { roles[$0] })
    }
}

extension OperatorCall {
    /// Returns the axes of a reduction, in the file's order: all where it names none, or none with `noop_with_empty_axes`.
    func reducedAxes(rank: Int) throws(OperatorProblem) -> [Int] {
        var axes: [Int] = []
        for axis in try integers("axes", input: 1) ?? [] {
            let axis = try resolvedAxis(axis, rank: rank)
            guard !axes.contains(axis) else { throw .malformed("names axis \(axis) twice") }
            axes.append(axis)
        }
        let isNone = try int("noop_with_empty_axes") ?? 0 != 0
        return axes.isEmpty && !isNone ? Array(0..<rank) : axes
    }
}
