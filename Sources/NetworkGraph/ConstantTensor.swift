/// A tensor of float32 whose elements lie elsewhere (a mapped weights file, say) until they are asked for.
///
/// Elements are row-major: the last axis of `shape` moves fastest.
public struct ConstantTensor: Sendable {
    /// Extent of each axis; empty for a scalar.
    public let shape: [Int]
    private let load: @Sendable () -> [Float]

    /// - Parameter load: gives the elements in row-major order; called each time they are needed.
    public init(shape: [Int], load: @escaping @Sendable () -> [Float]) {
        self.shape = shape
        self.load = load
    }

    public init(shape: [Int], elements: [Float]) {
        precondition(elements.count == shape.reduce(1, *), "a tensor of shape \(shape) has \(elements.count) elements")
        self.init(shape: shape) { elements }
    }

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// A fresh copy of the elements, row-major, as float32.
    public func elements() -> [Float] {
        let elements = load()
        precondition(elements.count == count, "a tensor of shape \(shape) loaded \(elements.count) elements")
        return elements
    }
}
