/// A tensor of float32 whose elements lie elsewhere (in a mapped model file, say) until they are asked for.
///
/// Elements are row-major: the last axis of `shape` moves fastest.
package struct ConstantTensor: Sendable {
    /// The extent of each axis; empty for a scalar.
    package let shape: [Int]
    private let load: @Sendable () -> [Float]

    /// A tensor whose elements are loaded when they are asked for.
    ///
    /// - Parameter load: gives the elements in row-major order; called each time they are needed.
    package init(shape: [Int], load: @escaping @Sendable () -> [Float]) {
        self.shape = shape
        self.load = load
    }

    /// A tensor of elements in memory.
    ///
    /// - Parameter elements: row-major, as many as the shape has.
    package init(shape: [Int], elements: [Float]) {
        precondition(elements.count == shape.reduce(1, *), "a tensor of shape \(shape) has \(elements.count) elements")
        self.init(shape: shape) { elements }
    }

    /// The number of elements.
    package var count: Int { shape.reduce(1, *) }

    /// A fresh copy of the elements, row-major, as float32.
    package func elements() -> [Float] {
        let elements = load()
        precondition(elements.count == count, "a tensor of shape \(shape) loaded \(elements.count) elements")
        return elements
    }
}
