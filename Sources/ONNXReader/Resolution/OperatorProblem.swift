import StoredTensors

/// Why a node cannot be understood, to be said after the node's name.
struct OperatorProblem: Error {
    let code: ModelFileError.Code
    let reason: String

    /// The node contradicts the operator's specification.
    static func malformed(_ reason: String) -> OperatorProblem { OperatorProblem(code: .malformed, reason: reason) }

    /// The node is sound and asks for what Overtile does not compute.
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

/// An axis as operators name it, of a value with `rank` axes: negative ones count from the end.
func resolvedAxis(_ axis: Int, rank: Int) throws(OperatorProblem) -> Int {
    guard (-rank..<rank).contains(axis) else {
        throw .malformed("names axis \(axis) of a value with \(rank) axes")
    }
    return axis < 0 ? axis + rank : axis
}

/// The shape that two broadcast together have: aligned at the last axis, extents of 1 stretched.
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
    /// The shape with axes of extent 1 in front of it, up to `rank` axes.
    func alignedShape(rank: Int) -> [Int] { [Int](repeating: 1, count: Swift.max(0, rank - count)) + self }
}
