import Glibc

/// Operators whose outputs do not depend on the scene.
extension OperatorCall {
    func shapeOrSize() throws(OperatorProblem) -> FoldedTensor {
        let shape = try operand(0).shape
        guard node.operatorType == "Shape" else {
            return FoldedTensor(shape: [], .integers([shape.reduce(1, *)]))
        }
        func position(_ axis: Int) -> Int { min(max(axis < 0 ? axis + shape.count : axis, 0), shape.count) }
        guard let (start, end) = Optional((try int("start") ?? 0, try int("end") ?? shape.count)), start != .min,
            end != .min
        else { throw .malformed("has no start") }
        let range = position(start)..<max(position(start), position(end))
        return FoldedTensor(Array(shape[range]))
    }

    /// Folds an operator on two constants, or on any number of them for `Min` and `Max`.
    func folded(_ operation: FoldedTensor.BinaryOperator) throws(OperatorProblem) -> FoldedTensor {
        guard let constants else { throw notFolded }
        guard var result = constants.first else { throw .malformed("has no inputs") }
        let isVariadic = operation == .minimum || operation == .maximum
        guard isVariadic || constants.count == 2 else { throw .malformed("has \(constants.count) inputs") }
        for other in constants.dropFirst() { result = try result.combined(operation, other) }
        return result
    }

    func foldedUnary() throws(OperatorProblem) -> FoldedTensor {
        guard let tensor = constants?.first else { throw notFolded }
        switch node.operatorType {
        case "Floor": return try tensor.mapped(float: { $0.rounded(.down) })
        case "Ceil": return try tensor.mapped(float: { $0.rounded(.up) })
        case "Round": return try tensor.mapped(float: { $0.rounded(.toNearestOrEven) })
        case "Sqrt": return try tensor.mapped(float: { $0.squareRoot() })
        case "Relu": return try tensor.mapped(float: { max(0, $0) }, integer: { max(0, $0) })
        case "Sigmoid": return try tensor.mapped(float: { 1 / (1 + expf(-$0)) })
        case "Reciprocal": return try tensor.mapped(float: { 1 / $0 })
        case "Abs":
            return try tensor.mapped(
                float: { abs($0) },
                integer: { (value) throws(OperatorProblem) in
                    try value < 0 ? FoldedTensor.integer(.subtract, 0, value) : value
                })
        case "Not": return try tensor.mapped(float: { $0 == 0 ? 1 : 0 }, integer: { $0 == 0 ? 1 : 0 })
        default:
            return try tensor.mapped(
                float: { -$0 },
                integer: { (value) throws(OperatorProblem) in try FoldedTensor.integer(.subtract, 0, value) })
        }
    }

    func modOrWhere() throws(OperatorProblem) -> FoldedTensor {
        guard let constants else { throw notFolded }
        guard constants.count == (node.operatorType == "Mod" ? 2 : 3) else {
            throw .malformed("has \(constants.count) inputs")
        }
        if node.operatorType == "Where" { return try constants[0].chosen(constants[1], constants[2]) }
        return try constants[0].remainder(constants[1], isFmod: try int("fmod") ?? 0 != 0)
    }

    func constantNode() throws(OperatorProblem) -> FoldedTensor {
        for (name, value) in node.attributes {
            switch (name, value) {
            case ("value", .tensor(let tensor)): return try FoldedTensor(tensor)
            case ("value_int", .int(let int)): return FoldedTensor(shape: [], .integers([int]))
            case ("value_ints", .ints(let ints)): return FoldedTensor(ints)
            case ("value_float", .float(let float)): return FoldedTensor(shape: [], .floats([float]))
            case ("value_floats", .floats(let floats)): return FoldedTensor(shape: [floats.count], .floats(floats))
            default: continue
            }
        }
        throw .unsupported("holds no dense tensor of numbers")
    }

    func constantOfShape() throws(OperatorProblem) -> FoldedTensor {
        let shape = try requiredConstant(0).integers()
        try FoldedTensor.checkCount(shape)
        var value = FoldedTensor(shape: [1], .floats([0]))
        if case .tensor(let tensor)? = node.attributes["value"] { value = try FoldedTensor(tensor) }
        guard value.count == 1 else { throw .malformed("has \(value.count) values") }
        let zeros = [Int](repeating: 0, count: shape.reduce(1, *))
        return try value.gathered(shape: shape) { zeros }
    }

    func range() throws(OperatorProblem) -> FoldedTensor {
        guard let constants, constants.count == 3 else { throw notFolded }
        guard constants.allSatisfy({ $0.count == 1 }) else { throw .malformed("takes three single numbers") }
        let numbers = try constants.map { (tensor) throws(OperatorProblem) in Double(try tensor.number()) }
        let length = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
        guard length.isFinite, length <= Double(FoldedTensor.largestCount) else {
            throw .unsupported("makes a constant larger than is folded")
        }
        // In this order: a whole number holds no length of -1e300.
        let count = Int(max(0, length))
        if constants.allSatisfy(\.isInteger) {
            let (start, step) = (try constants[0].integers()[0], try constants[2].integers()[0])
            var values: [Int] = []
            for index in 0..<count {
                let distance = try FoldedTensor.integer(.multiply, index, step)
                values.append(try FoldedTensor.integer(.add, start, distance))
            }
            return FoldedTensor(values)
        }
        let floats = (0..<count).map { Float(numbers[0] + Double($0) * numbers[2]) }
        return FoldedTensor(shape: [count], .floats(floats))
    }

    private var notFolded: OperatorProblem {
        .unsupported(
            "is computed from the scene: that would need an operation of its own in the engine, and only shapes and "
                + "weights are computed with it")
    }
}
