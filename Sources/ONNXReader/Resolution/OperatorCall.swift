/// A node together with the values that it reads, as the handler of an operator sees it.
struct OperatorCall {
    let node: ONNXNode
    /// The version of the operators.
    let opset: Int
    /// The values that the node reads; nil for an input that is left out.
    let operands: [ResolvedValue?]

    // MARK: - Inputs

    func has(_ index: Int) -> Bool { operands.indices.contains(index) && operands[index] != nil }

    func operand(_ index: Int) throws(OperatorProblem) -> ResolvedValue {
        guard operands.indices.contains(index), let operand = operands[index] else {
            throw .malformed("has no input \(index)")
        }
        return operand
    }

    /// Returns an input that is a map, with any order of axes.
    func map(_ index: Int) throws(OperatorProblem) -> MapValue {
        switch try operand(index) {
        case .map(let map): return map
        case .constant: throw .unsupported("takes a map for its input \(index), and gets a constant")
        case .grouped, .tokens:
            throw .unsupported(
                "reads pixels laid out in one row, as shape \(try operand(index).shape.shapeText), in a way that is not "
                    + "known of attention")
        case .stack: throw .unsupported("reads stacked maps, which only a sum over the stack may")
        }
    }

    /// True if any input is computed from the scene.
    var isOfMap: Bool {
        operands.contains { operand in
            switch operand {
            case .constant?, nil: false
            default: true
            }
        }
    }

    /// Returns an input that is a constant, or nil if it is left out.
    func constant(_ index: Int) throws(OperatorProblem) -> FoldedTensor? {
        guard has(index) else { return nil }
        guard case .constant(let tensor) = try operand(index) else {
            throw .unsupported("takes a constant for its input \(index), and gets what is computed from the scene")
        }
        return tensor
    }

    func requiredConstant(_ index: Int) throws(OperatorProblem) -> FoldedTensor {
        guard let constant = try constant(index) else { throw .malformed("has no input \(index)") }
        return constant
    }

    /// All inputs if every one is a constant, else nil.
    var constants: [FoldedTensor]? {
        let constants = operands.compactMap { operand -> FoldedTensor? in
            if case .constant(let tensor)? = operand { tensor } else { nil }
        }
        return constants.count == operands.count ? constants : nil
    }

    // MARK: - Attributes

    func int(_ name: String) throws(OperatorProblem) -> Int? {
        guard let value = node.attributes[name] else { return nil }
        guard case .int(let int) = value else { throw mistyped(name) }
        return int
    }

    func float(_ name: String) throws(OperatorProblem) -> Float? {
        guard let value = node.attributes[name] else { return nil }
        guard case .float(let float) = value else { throw mistyped(name) }
        return float
    }

    func string(_ name: String) throws(OperatorProblem) -> String? {
        guard let value = node.attributes[name] else { return nil }
        guard case .string(let string) = value else { throw mistyped(name) }
        return string
    }

    func ints(_ name: String) throws(OperatorProblem) -> [Int]? {
        guard let value = node.attributes[name] else { return nil }
        guard case .ints(let ints) = value else { throw mistyped(name) }
        return ints
    }

    func floats(_ name: String) throws(OperatorProblem) -> [Float]? {
        guard let value = node.attributes[name] else { return nil }
        guard case .floats(let floats) = value else { throw mistyped(name) }
        return floats
    }

    /// Returns whole numbers that are an attribute up to one opset, and an input from the next one on.
    func integers(_ name: String, input index: Int) throws(OperatorProblem) -> [Int]? {
        if let ints = try ints(name) { return ints }
        return try constant(index)?.integers()
    }

    /// Returns a number that is an attribute up to one opset, and an input from the next one on.
    func number(_ name: String, input index: Int) throws(OperatorProblem) -> Float? {
        if let float = try float(name) { return float }
        return try constant(index)?.number()
    }

    /// Returns numbers of a window along height and width, each in `range`.
    func extents(
        _ name: String, default extents: Extents?, in range: ClosedRange<Int>
    ) throws(OperatorProblem) -> Extents {
        guard let ints = try ints(name), !ints.isEmpty else {
            guard let extents else { throw .malformed("has no attribute \(name)") }
            return extents
        }
        guard ints.count == 2 else {
            throw .unsupported("has \(name) \(ints.shapeText) for \(ints.count) axes, and maps have two of pixels")
        }
        guard ints.allSatisfy(range.contains) else { throw .malformed("has \(name) \(ints.shapeText)") }
        return Extents(height: ints[0], width: ints[1])
    }

    private func mistyped(_ name: String) -> OperatorProblem {
        .malformed("has an attribute \(name) of the wrong type")
    }
}
