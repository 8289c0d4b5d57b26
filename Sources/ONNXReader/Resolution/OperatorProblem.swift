import StoredTensors

/// The reason why a node cannot be understood, as words that follow the node's name.
struct OperatorProblem: Error {
    let code: ModelFileError.Code
    let reason: String

    /// Returns the problem of a node that contradicts the operator's specification.
    static func malformed(_ reason: String) -> OperatorProblem { OperatorProblem(code: .malformed, reason: reason) }

    /// Returns the problem of a sound node that asks for something that Overtile does not compute.
    static func unsupported(_ reason: String) -> OperatorProblem {
        OperatorProblem(code: .unsupportedNetwork, reason: reason)
    }
}

extension [Int] {
    /// A shape for messages: "(1, 64, 128, 128)".
    var shapeText: String {
        "(" + prefix(8).map(String.init).joined(separator: ", ") + (count > 8 ? ", ..." : "") + ")"
    }
}

/// Returns the index of an axis, of a value with `rank` axes. Negative axes count from the end.
func resolvedAxis(_ axis: Int, rank: Int) throws(OperatorProblem) -> Int {
    guard (-rank..<rank).contains(axis) else {
        throw .malformed("names axis \(axis) of a value with \(rank) axes")
    }
    return axis < 0 ? axis + rank : axis
}

/// Returns the shape of two shapes broadcast together: they are aligned at the last axis, and extents of 1 are
/// stretched.
///
/// Source: https://onnx.ai/onnx/repo-docs/Broadcasting.html.
func broadcastShape(_ left: [Int], _ right: [Int]) throws(OperatorProblem) -> [Int] {
    let rank = max(left.count, right.count)
    let (a, b) = (left.alignedShape(rank: rank), right.alignedShape(rank: rank))
    var shape: [Int] = []
    for (x, y) in zip(a, b) {
        guard x == y || x == 1 || y == 1 else {
            throw .malformed(
                "takes values of shapes \(left.shapeText) and \(right.shapeText), which do not fit together")
        }
        shape.append(x == 1 ? y : x)
    }
    return shape
}

extension [Int] {
    /// Returns the shape with axes of extent 1 in front of it, `rank` axes in all.
    func alignedShape(rank: Int) -> [Int] { [Int](repeating: 1, count: Swift.max(0, rank - count)) + self }
}
