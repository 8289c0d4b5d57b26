import InferenceEngine

/// The numbers that training changes: parameters, their gradients, and the running statistics of batch norms.
///
/// All tensors of a kind lie in one row of floats, in the order in which the network has them.
package final class ParameterStore: @unchecked Sendable {
    // @unchecked: a training step's operations write to places of their own, and the steps come one after the other.

    /// A tensor's place among the parameters, or among the statistics.
    package struct Entry: Hashable, Sendable {
        /// The tensor's name in the state dict: "down_path.0.block.0.weight".
        package let name: String
        /// The extent of each axis.
        package let shape: [Int]
        /// Where its first element is.
        package let offset: Int
        /// True if training leaves it as it is.
        package var isFrozen = false

        /// The number of elements.
        package var count: Int { shape.reduce(1, *) }
        /// The places of its elements.
        package var range: Range<Int> { offset..<offset + count }
    }

    /// The parameters, which the optimizer changes.
    package internal(set) var parameters: [Entry]
    /// The running statistics, which the forward pass changes.
    package let statistics: [Entry]
    /// The number of batches that the running statistics have seen.
    package internal(set) var batchesTracked = 0

    private let (valueBuffer, gradientBuffer, statisticBuffer): (AlignedBuffer, AlignedBuffer, AlignedBuffer)

    init(parameters: [Entry], statistics: [Entry]) {
        func buffer(_ entries: [Entry]) -> AlignedBuffer {
            let buffer = AlignedBuffer(byteCount: (entries.last?.range.upperBound ?? 0) * MemoryLayout<Float>.stride)
            buffer.bytes.initializeMemory(as: UInt8.self, repeating: 0)
            return buffer
        }
        self.parameters = parameters
        self.statistics = statistics
        (valueBuffer, gradientBuffer, statisticBuffer) = (buffer(parameters), buffer(parameters), buffer(statistics))
    }

    /// The elements of all parameters.
    package var values: UnsafeMutableBufferPointer<Float> { valueBuffer.bytes.bindMemory(to: Float.self) }
    /// The gradients of all parameters, in the same places.
    package var gradients: UnsafeMutableBufferPointer<Float> { gradientBuffer.bytes.bindMemory(to: Float.self) }
    /// The elements of all running statistics.
    package var statisticValues: UnsafeMutableBufferPointer<Float> { statisticBuffer.bytes.bindMemory(to: Float.self) }

    /// The parameter of that name.
    package func parameter(_ name: String) -> Entry? { parameters.first { $0.name == name } }
}
