import Synchronization

/// Weights in the orders that kernels want them. Compilations of one network that are given the same `PackedWeights` share
/// what they hold, whatever the size of their tiles.
package final class PackedWeights: Sendable {
    private struct Key: Hashable {
        /// Position of the operation in the network's graph.
        var node: Int
        var order: String
    }

    private struct State {
        var shared: [Key: AlignedBuffer] = [:]
        var byteCount = 0
    }

    private let state = Mutex(State())

    /// Holds nothing yet.
    package init() {}

    /// Bytes of everything held.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    /// An operation's weights in one order, packed by the first who asks.
    ///
    /// - Parameters:
    ///   - order: names the order; kernels that ask for the same one read the same elements.
    ///   - pack: gives the elements.
    func buffer(node: Int, order: String, _ pack: () -> AlignedBuffer) -> AlignedBuffer {
        let key = Key(node: node, order: order)
        if let buffer = state.withLock({ $0.shared[key] }) { return buffer }
        let buffer = pack()
        return state.withLock { state in
            if let earlier = state.shared[key] { return earlier }
            state.shared[key] = buffer
            state.byteCount += buffer.bytes.count
            return buffer
        }
    }

    /// Counts weights in an order that nobody can share.
    func count(_ buffer: AlignedBuffer) { state.withLock { $0.byteCount += buffer.bytes.count } }
}
