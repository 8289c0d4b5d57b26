import StoredTensors

/// Operators that move the elements of constants.
extension FoldedTensor {
    /// Returns for each element of `shape`, in row-major order, the index of the element that is broadcast to it.
    func indices(broadcastTo shape: [Int]) throws(OperatorProblem) -> [Int] {
        try Self.checkCount(shape)
        let own = self.shape.alignedShape(rank: shape.count)
        let strides = TensorLayout.rowMajorStrides(of: own)
        return Self.indices(shape: shape, strides: zip(own, strides).map { $0 == 1 ? 0 : $1 }, offset: 0)
    }

    /// Returns for each element of `shape`, in row-major order, `offset` plus its coordinates times `strides`.
    static func indices(shape: [Int], strides: [Int], offset: Int) -> [Int] {
        // The other extents of an empty shape may be of any size.
        guard !shape.contains(0) else { return [] }
        var indices = [offset]
        for (extent, stride) in zip(shape, strides) {
            indices = indices.flatMap { base in (0..<extent).map { base + $0 * stride } }
        }
        return indices
    }

    /// Checks a number of elements.
    ///
    /// - Throws: an error if there are too many for arithmetic.
    static func checkCount(_ shape: [Int]) throws(OperatorProblem) {
        guard shape.allSatisfy((0...largestCount).contains), let count = TensorLayout.count(of: shape),
            count <= largestCount
        else {
            throw .unsupported("makes a constant of shape \(shape.shapeText), larger than is folded")
        }
    }

    func expanded(to shape: [Int]) throws(OperatorProblem) -> FoldedTensor {
        let shape = try broadcastShape(self.shape, shape)
        let indices = try indices(broadcastTo: shape)
        return try gathered(shape: shape) { indices }
    }

    /// Returns the tensor with its axes in another order.
    ///
    /// - Parameter order: for each axis of the result, the axis of this tensor.
    func transposed(_ order: [Int]) throws(OperatorProblem) -> FoldedTensor {
        guard order.sorted() == Array(shape.indices) else {
            throw .malformed("permutes axes \(order.shapeText) of a value with \(shape.count) axes")
        }
        let strides = TensorLayout.rowMajorStrides(of: shape)
        let shape = order.map { self.shape[$0] }
        return try gathered(shape: shape) {
            Self.indices(shape: shape, strides: order.map { strides[$0] }, offset: 0)
        }
    }

    /// Returns a part of the elements along each axis.
    func sliced(_ slices: [AxisSlice]) throws(OperatorProblem) -> FoldedTensor {
        let strides = TensorLayout.rowMajorStrides(of: shape)
        let offset = zip(slices, strides).map { $0.start * $1 }.reduce(0, +)
        let shape = slices.map(\.count)
        return try gathered(shape: shape) {
            Self.indices(shape: shape, strides: zip(slices, strides).map { $0.step * $1 }, offset: offset)
        }
    }

    /// Resolves `Gather`: returns the parts along `axis` that `indices` name.
    func gathered(_ indices: FoldedTensor, axis: Int) throws(OperatorProblem) -> FoldedTensor {
        let axis = try resolvedAxis(axis, rank: shape.count)
        let extent = shape[axis]
        var picked: [Int] = []
        for index in try indices.integers() {
            guard (-extent..<extent).contains(index) else {
                throw .malformed("picks element \(index) of an axis of \(extent)")
            }
            picked.append(index < 0 ? index + extent : index)
        }
        let result = Array(shape[..<axis]) + indices.shape + Array(shape[(axis + 1)...])
        try Self.checkCount(result)
        let inner = shape[(axis + 1)...].reduce(1, *)
        let outer = shape[..<axis].reduce(1, *)
        return try gathered(shape: result) { [picked] in
            var sources: [Int] = []
            guard !result.contains(0) else { return sources }
            for run in 0..<outer {
                for part in picked {
                    let start = (run * extent + part) * inner
                    sources += start..<start + inner
                }
            }
            return sources
        }
    }

    /// Returns the tensors concatenated along an axis.
    static func concatenated(_ parts: [FoldedTensor], axis: Int) throws(OperatorProblem) -> FoldedTensor {
        guard let first = parts.first else { throw .malformed("joins nothing") }
        let axis = try resolvedAxis(axis, rank: first.shape.count)
        var shape = first.shape
        shape[axis] = 0
        for part in parts {
            var rest = part.shape
            guard rest.count == shape.count else {
                throw .malformed("joins constants of shapes \(first.shape.shapeText) and \(part.shape.shapeText)")
            }
            rest[axis] = first.shape[axis]
            guard rest == first.shape else {
                throw .malformed("joins constants of shapes \(first.shape.shapeText) and \(part.shape.shapeText)")
            }
            let (sum, overflow) = shape[axis].addingReportingOverflow(part.shape[axis])
            guard !overflow else { throw .malformed("joins constants beyond all bounds") }
            shape[axis] = sum
        }
        try checkCount(shape)
        let outer = shape.contains(0) ? 0 : shape[..<axis].reduce(1, *)
        func joined<Element>(_ elements: [[Element]]) -> [Element] {
            (0..<outer).flatMap { o in
                elements.flatMap { part in part[o * (part.count / outer)..<(o + 1) * (part.count / outer)] }
            }
        }
        var integers: [[Int]] = []
        for part in parts {
            if case .integers(let elements) = part.elements { integers.append(elements) }
        }
        guard outer > 0 else { return FoldedTensor(shape: shape, integers.isEmpty ? .floats([]) : .integers([])) }
        if integers.count == parts.count { return FoldedTensor(shape: shape, .integers(joined(integers))) }
        var floats: [[Float]] = []
        for part in parts { floats.append(try part.floats()) }
        return FoldedTensor(shape: shape, .floats(joined(floats)))
    }

    /// Resolves `ReduceProd` and the like: returns one number for each run along `axes`.
    func reduced(
        axes: [Int], keepingAxes: Bool,
        integer: (Int, Int) throws(OperatorProblem) -> Int, float: (Float, Float) -> Float
    ) throws(OperatorProblem) -> FoldedTensor {
        let kept = self.shape.indices.filter { !axes.contains($0) }
        let moved = try transposed(kept + axes.sorted())
        let length = axes.map { self.shape[$0] }.reduce(1, *)
        let shape =
            keepingAxes
            ? self.shape.indices.map { axes.contains($0) ? 1 : self.shape[$0] } : kept.map { self.shape[$0] }
        guard length > 0 else { throw .unsupported("reduces an axis of extent 0") }
        func runs<Element>(_ elements: [Element]) -> [ArraySlice<Element>] {
            stride(from: 0, to: elements.count, by: length).map { elements[$0..<$0 + length] }
        }
        guard case .integers(let integers) = moved.elements else {
            let results = runs(try moved.floats()).map { $0.dropFirst().reduce($0.first ?? 0, float) }
            return FoldedTensor(shape: shape, .floats(results))
        }
        var results: [Int] = []
        for run in runs(integers) {
            var result = run.first ?? 0
            for value in run.dropFirst() { result = try integer(result, value) }
            results.append(result)
        }
        return FoldedTensor(shape: shape, .integers(results))
    }
}

/// The part of one axis that a slice keeps.
struct AxisSlice: Hashable, Sendable {
    /// The first element that is kept; 0 if `count` is 0.
    var start: Int
    var count: Int
    /// The distance from each element to the next; negative if the order is reversed.
    var step = 1

    /// Makes a slice of an axis of `extent` elements. The ends may lie far outside; `step` is not 0. A step beyond the axis
    /// becomes one as long as the axis, which keeps the same element.
    init(start: Int, end: Int, step: Int, extent: Int) throws(OperatorProblem) {
        guard step != 0, step != .min else { throw .malformed("slices with a step of \(step)") }
        func position(_ value: Int) -> Int { value < 0 ? max(value, -extent - 1) + extent : value }
        let (lowest, highest) = step > 0 ? (0, extent) : (-1, extent - 1)
        let first = min(max(position(start), max(lowest, 0)), highest)
        let last = min(max(position(end), lowest), highest)
        let distance = step > 0 ? last - first : first - last
        let length = step > 0 ? step : -step
        count = distance > 0 ? (distance - 1) / length + 1 : 0
        self.start = count > 0 ? first : 0
        self.step = min(max(step, -max(1, extent)), max(1, extent))
    }

    init(all extent: Int) {
        start = 0
        count = extent
    }

    func isAll(of extent: Int) -> Bool { start == 0 && count == extent && (step == 1 || extent == 1) }
}
