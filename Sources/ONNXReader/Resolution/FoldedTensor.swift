import StoredTensors

/// A value that does not depend on the scene: a weight, or a number from which shapes are computed.
struct FoldedTensor: Sendable {
    enum Elements: Sendable {
        /// Whole numbers and truth values, as 64-bit integers.
        case integers([Int])
        case floats([Float])
        /// A large tensor, which stays in its file until the network is built. `depth` counts the operations that wrap
        /// it.
        case lazy(StoredTensor, depth: Int)
    }

    /// The most elements of a tensor in arithmetic. Larger tensors can only be moved.
    static let largestCount = 1 << 20
    /// The most elements of a constant that is spread over the pixels of tokens.
    static let largestSpread = 1 << 24
    /// The most elements of a tensor of whole numbers. Larger ones are treated as weights.
    private static let largestIntegerCount = 1 << 16
    /// The number of floats from which a tensor stays in the file.
    private static let lazyCount = 4096
    static let largestDepth = 16

    let shape: [Int]
    let elements: Elements
    /// The type of the elements in the file; nil for what was computed.
    private(set) var type: ElementType?

    var count: Int { shape.reduce(1, *) }

    /// True if the elements are whole numbers or truth values.
    var isInteger: Bool { if case .integers = elements { true } else { false } }

    /// - Precondition: as many elements as the shape has.
    init(shape: [Int], _ elements: Elements) {
        self.shape = shape
        self.elements = elements
    }

    /// Makes a vector of whole numbers.
    init(_ vector: [Int]) { self.init(shape: [vector.count], .integers(vector)) }

    /// Reads a tensor of the file.
    ///
    /// - Throws: an error if the type is none that weights have, or a number does not fit.
    init(_ tensor: TensorProto) throws(OperatorProblem) {
        guard let type = tensor.type, let constant = tensor.constant else {
            throw OperatorProblem(
                code: .unsupportedType,
                reason: "has elements of type \(ElementType.name(onnx: tensor.typeCode)): "
                    + "export the network with float32 weights")
        }
        shape = tensor.shape
        self.type = type
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

    /// The value for the network, in float32.
    var constant: StoredTensor {
        switch elements {
        case .integers(let integers): StoredTensor(shape: shape, elements: integers.map(Float.init))
        case .floats(let floats): StoredTensor(shape: shape, elements: floats)
        case .lazy(let constant, _): constant
        }
    }

    /// Returns the elements as whole numbers.
    ///
    /// - Throws: an error if they are none.
    func integers() throws(OperatorProblem) -> [Int] {
        guard case .integers(let integers) = elements else {
            throw .malformed("takes whole numbers, and gets a constant of another type")
        }
        return integers
    }

    /// Returns the elements as floats.
    ///
    /// - Throws: an error if there are too many for arithmetic.
    func floats() throws(OperatorProblem) -> [Float] {
        guard count <= Self.largestCount else {
            throw .unsupported(
                "computes with a constant of shape \(shape.shapeText), larger than is folded: export the network with "
                    + "constants folded (do_constant_folding=True, or onnxsim)")
        }
        return constant.elements()
    }

    /// Returns the single number of this tensor.
    func number() throws(OperatorProblem) -> Float {
        guard count == 1 else { throw .malformed("takes one number, and gets a constant of shape \(shape.shapeText)") }
        return constant.elements()[0]
    }

    /// Returns elements of this tensor in another order.
    ///
    /// - Parameter sources: for each element of the result, in row-major order, the index of its source in this tensor.
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

    /// Returns the same elements in another shape.
    ///
    /// - Precondition: both shapes have the same number of elements.
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
