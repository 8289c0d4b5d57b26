import Glibc
import StoredTensors

/// Arithmetic on constants, with ONNX's rules: broadcasting, whole numbers rounded towards zero.
///
/// Source: https://onnx.ai/onnx/operators.
extension FoldedTensor {
    enum BinaryOperator: String {
        case add = "Add"
        case subtract = "Sub"
        case multiply = "Mul"
        case divide = "Div"
        case minimum = "Min"
        case maximum = "Max"
        case power = "Pow"
        case equal = "Equal"
        case less = "Less"
        case lessOrEqual = "LessOrEqual"
        case greater = "Greater"
        case greaterOrEqual = "GreaterOrEqual"
        case and = "And"
        case or = "Or"
    }

    /// Combines two tensors element by element.
    ///
    /// - Parameter other: the right operand.
    func combined(_ operation: BinaryOperator, _ other: FoldedTensor) throws(OperatorProblem) -> FoldedTensor {
        switch (elements, other.elements) {
        case (.integers, .integers):
            try zipped(other, whole: { (a, b) throws(OperatorProblem) in try Self.integer(operation, a, b) })
        default:
            try zipped(other, operation)
        }
    }

    /// Combines two whole numbers.
    ///
    /// - Throws: an error for a division by 0, and for results beyond 64 bits.
    static func integer(
        _ operation: BinaryOperator, _ a: Int, _ b: Int
    ) throws(OperatorProblem) -> Int {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide: result = b == 0 ? (0, true) : a.dividedReportingOverflow(by: b)
        case .minimum: result = (min(a, b), false)
        case .maximum: result = (max(a, b), false)
        case .power: result = try power(a, b)
        case .equal: result = (a == b ? 1 : 0, false)
        case .less: result = (a < b ? 1 : 0, false)
        case .lessOrEqual: result = (a <= b ? 1 : 0, false)
        case .greater: result = (a > b ? 1 : 0, false)
        case .greaterOrEqual: result = (a >= b ? 1 : 0, false)
        case .and: result = (a != 0 && b != 0 ? 1 : 0, false)
        case .or: result = (a != 0 || b != 0 ? 1 : 0, false)
        }
        guard !result.overflow else { throw .malformed("divides by 0, or leaves the range of 64-bit numbers") }
        return result.partialValue
    }

    private static func power(_ a: Int, _ b: Int) throws(OperatorProblem) -> (partialValue: Int, overflow: Bool) {
        guard 0...64 ~= b else { throw .unsupported("raises a whole number to the power \(b)") }
        var result = (partialValue: 1, overflow: false)
        for _ in 0..<b where !result.overflow { result = result.partialValue.multipliedReportingOverflow(by: a) }
        return result
    }

    private func zipped(_ other: FoldedTensor, _ operation: BinaryOperator) throws(OperatorProblem) -> FoldedTensor {
        let (shape, left, right) = try aligned(other)
        let (a, b) = (try self.floats(), try other.floats())
        let pairs = zip(left, right)
        func numbers(_ body: (Float, Float) -> Float) -> FoldedTensor {
            FoldedTensor(shape: shape, .floats(pairs.map { body(a[$0], b[$1]) }))
        }
        func truths(_ body: (Float, Float) -> Bool) -> FoldedTensor {
            FoldedTensor(shape: shape, .integers(pairs.map { body(a[$0], b[$1]) ? 1 : 0 }))
        }
        switch operation {
        case .add: return numbers(+)
        case .subtract: return numbers(-)
        case .multiply: return numbers(*)
        case .divide: return numbers(/)
        case .minimum: return numbers(Swift.min)
        case .maximum: return numbers(Swift.max)
        case .equal: return truths(==)
        case .less: return truths(<)
        case .lessOrEqual: return truths(<=)
        case .greater: return truths(>)
        case .greaterOrEqual: return truths(>=)
        case .power where b.allSatisfy { $0 == 2 }: return numbers { x, _ in x * x }
        case .power where b.allSatisfy { $0 == 0.5 }: return numbers { x, _ in x.squareRoot() }
        case .power: return numbers { powf($0, $1) }
        case .and, .or: throw .unsupported("is not folded for numbers that are not whole")
        }
    }

    private func zipped(
        _ other: FoldedTensor, whole body: (Int, Int) throws(OperatorProblem) -> Int
    ) throws(OperatorProblem) -> FoldedTensor {
        let (shape, left, right) = try aligned(other)
        let (a, b) = (try integers(), try other.integers())
        var results: [Int] = []
        for (i, j) in zip(left, right) { results.append(try body(a[i], b[j])) }
        return FoldedTensor(shape: shape, .integers(results))
    }

    /// Returns the shape of both tensors broadcast together, and the elements of each in its order.
    private func aligned(
        _ other: FoldedTensor
    ) throws(OperatorProblem) -> (shape: [Int], left: [Int], right: [Int]) {
        let shape = try broadcastShape(self.shape, other.shape)
        return (shape, try indices(broadcastTo: shape), try other.indices(broadcastTo: shape))
    }

    /// Resolves `MatMul`: a product of this tensor, (…, rows, inner), and a matrix, (inner, columns), not both of whole numbers.
    func multiplied(_ matrix: FoldedTensor) throws(OperatorProblem) -> FoldedTensor {
        guard let inner = shape.last, matrix.shape.count == 2, matrix.shape[0] == inner, !isInteger || !matrix.isInteger
        else {
            throw .unsupported(
                "multiplies constants of shapes \(shape.shapeText) and \(matrix.shape.shapeText): export the network with "
                    + "constants folded")
        }
        let columns = matrix.shape[1]
        let result = Array(shape.dropLast()) + [columns]
        try Self.checkCount(result)
        let (left, right) = (try floats(), try matrix.floats())
        var elements = [Float](repeating: 0, count: result.reduce(1, *))
        for row in 0..<(inner > 0 && columns > 0 ? left.count / inner : 0) {
            for place in 0..<inner {
                let factor = left[row * inner + place]
                for column in 0..<columns {
                    elements[row * columns + column] += factor * right[place * columns + column]
                }
            }
        }
        return FoldedTensor(shape: result, .floats(elements))
    }

    /// Resolves `Mod`, whose result has the sign of the divisor, or with `fmod` that of the dividend.
    func remainder(_ other: FoldedTensor, isFmod: Bool) throws(OperatorProblem) -> FoldedTensor {
        let whole = { (a: Int, b: Int) throws(OperatorProblem) -> Int in
            guard b != 0, !(a == .min && b == -1) else { throw .malformed("divides by 0") }
            let remainder = a % b
            return !isFmod && remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
        }
        return try zipped(other, whole: whole)
    }

    /// Resolves `Where`: returns elements of `first` where this tensor is not 0, and else of `second`.
    func chosen(_ first: FoldedTensor, _ second: FoldedTensor) throws(OperatorProblem) -> FoldedTensor {
        let shape = try broadcastShape(try broadcastShape(self.shape, first.shape), second.shape)
        let conditions = try integers()
        let (c, a, b) = (
            try indices(broadcastTo: shape), try first.indices(broadcastTo: shape),
            try second.indices(broadcastTo: shape)
        )
        if case (.integers(let x), .integers(let y)) = (first.elements, second.elements) {
            return FoldedTensor(shape: shape, .integers(c.indices.map { conditions[c[$0]] != 0 ? x[a[$0]] : y[b[$0]] }))
        }
        let (x, y) = (try first.floats(), try second.floats())
        return FoldedTensor(shape: shape, .floats(c.indices.map { conditions[c[$0]] != 0 ? x[a[$0]] : y[b[$0]] }))
    }

    /// Returns the tensor with each element changed. Whole numbers stay as they are if `integer` is nil.
    func mapped(
        float: (Float) -> Float, integer: ((Int) throws(OperatorProblem) -> Int)? = nil
    ) throws(OperatorProblem) -> FoldedTensor {
        guard case .integers(let integers) = elements else {
            return FoldedTensor(shape: shape, .floats(try floats().map(float)))
        }
        guard let integer else { return self }
        var results: [Int] = []
        for value in integers { results.append(try integer(value)) }
        return FoldedTensor(shape: shape, .integers(results))
    }

    /// Resolves `Cast`, which rounds towards zero to whole numbers. Types of fewer bits are not wrapped, because shapes
    /// do not need that.
    func cast(to type: ElementType) throws(OperatorProblem) -> FoldedTensor {
        guard type.isInteger else {
            guard case .integers(let integers) = elements else { return self }
            return FoldedTensor(shape: shape, .floats(integers.map(Float.init)))
        }
        var integers: [Int] = []
        if case .integers(let same) = elements {
            integers = same
        } else {
            for value in try floats() {
                guard let integer = Int(exactly: value.rounded(type == .bool ? .awayFromZero : .towardZero)) else {
                    throw .malformed("makes a whole number of \(value)")
                }
                integers.append(integer)
            }
        }
        if type == .bool { integers = integers.map { $0 == 0 ? 0 : 1 } }
        return FoldedTensor(shape: shape, .integers(integers))
    }
}
