import StoredTensors

/// A value that does not depend on the scene: a weight, or a number that shapes are worked out with.
struct FoldedTensor: Sendable {
    enum Elements: Sendable {
        /// Whole numbers and truth values, as 64 bits.
        case integers([Int])
        case floats([Float])
        /// Large tensors stay where they are until the network is built. `depth` counts what has been put around them.
        case lazy(StoredTensor, depth: Int)
    }

    /// Tensors of more elements than this are not computed with, only moved.
    static let largestCount = 1 << 20
    /// From more elements on, whole numbers are weights like others.
    private static let largestIntegerCount = 1 << 16
    /// From more elements on, floats stay in the file.
    private static let lazyCount = 4096
    private static let largestDepth = 16

    let shape: [Int]
    let elements: Elements

    var count: Int { shape.reduce(1, *) }

    /// True if the elements are whole numbers or truth values.
    var isInteger: Bool { if case .integers = elements { true } else { false } }

    /// - Precondition: as many elements as the shape has.
    init(shape: [Int], _ elements: Elements) {
        self.shape = shape
        self.elements = elements
    }

    /// A vector of whole numbers.
    init(_ vector: [Int]) { self.init(shape: [vector.count], .integers(vector)) }

    /// - Throws: where the tensor's type is none in which weights come, or a number does not fit.
    init(_ tensor: TensorProto) throws(OperatorProblem) {
        guard let type = tensor.type, let constant = tensor.constant else {
            throw OperatorProblem(
                code: .unsupportedType,
                reason: "has elements of type \(ElementType.name(onnx: tensor.typeCode)): "
                    + "export the network with float32 weights")
        }
        shape = tensor.shape
        if type.isInteger && tensor.count <= Self.largestIntegerCount {
            guard let integers = tensor.integers else {
                throw .unsupported("has a number beyond 64 bits with a sign")
            }
            elements = .integers(integers)
        } else if tensor.count <= Self.lazyCount {
            elements = .floats(constant.elements())
        } else {
            elements = .lazy(constant, depth: 0)
        }
    }

    /// For the network: float32.
    var constant: StoredTensor {
        switch elements {
        case .integers(let integers): StoredTensor(shape: shape, elements: integers.map(Float.init))
        case .floats(let floats): StoredTensor(shape: shape, elements: floats)
        case .lazy(let constant, _): constant
        }
    }

    /// - Throws: where the elements are no whole numbers.
    func integers() throws(OperatorProblem) -> [Int] {
        guard case .integers(let integers) = elements else {
            throw .malformed("takes whole numbers, and gets a constant of another type")
        }
        return integers
    }

    /// - Throws: where there are too many to compute with.
    func floats() throws(OperatorProblem) -> [Float] {
        guard count <= Self.largestCount else {
            throw .unsupported(
                "computes with a constant of shape \(shape.shapeText), larger than is folded: export the network with "
                    + "constants folded (do_constant_folding=True, or onnxsim)")
        }
        return constant.elements()
    }

    /// A single number.
    func number() throws(OperatorProblem) -> Float {
        guard count == 1 else { throw .malformed("takes one number, and gets a constant of shape \(shape.shapeText)") }
        return constant.elements()[0]
    }

    /// Elements of this tensor in another order.
    ///
    /// - Parameter sources: for each element of the result, row-major, the index of the element here that it is.
    func gathered(
        shape: [Int], sources: @escaping @Sendable () -> [Int]
    ) throws(OperatorProblem) -> FoldedTensor {
        switch elements {
        case .integers(let integers):
            return FoldedTensor(shape: shape, .integers(sources().map { integers[$0] }))
        case .floats(let floats):
            return FoldedTensor(shape: shape, .floats(sources().map { floats[$0] }))
        case .lazy(let constant, let depth):
            return try lazy(shape: shape, depth: depth) {
                let elements = constant.elements()
                return sources().map { elements[$0] }
            }
        }
    }

    /// The same elements in another shape.
    ///
    /// - Precondition: the shapes have as many elements.
    func reshaped(_ shape: [Int]) throws(OperatorProblem) -> FoldedTensor {
        guard case .lazy(let constant, let depth) = elements else { return FoldedTensor(shape: shape, elements) }
        return try lazy(shape: shape, depth: depth) { constant.elements() }
    }

    private func lazy(
        shape: [Int], depth: Int, _ load: @escaping @Sendable () -> [Float]
    ) throws(OperatorProblem) -> FoldedTensor {
        guard depth < Self.largestDepth else {
            throw .unsupported(
                "moves a constant for more than the \(Self.largestDepth)th time: export the network with "
                    + "constants folded")
        }
        return FoldedTensor(shape: shape, .lazy(StoredTensor(shape: shape, load: load), depth: depth + 1))
    }
}
