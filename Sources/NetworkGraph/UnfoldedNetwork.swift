/// A network as its file has it, before normalisations are folded: its norms still remember their training.
package struct UnfoldedNetwork: Sendable {
    /// The only size of input that the network takes, in pixels on a side; nil for all that `stride` and `remainder` allow.
    package let onlySize: Int?
    /// Pixels by which inputs may be larger or smaller.
    package let stride: Int
    /// Inputs that pooling divides evenly are this many pixels more than a multiple of `stride`.
    package let remainder: Int

    private let load: @Sendable (_ size: Int) throws -> Graph

    /// A network whose graph does not depend on the size of its input.
    ///
    /// - Parameter network: the same network as it is tiled.
    package init(_ graph: Graph, tiledAs network: TiledNetwork) {
        self.init(tiledAs: network) { _ in graph }
    }

    /// A network whose graph depends on the size of its input.
    ///
    /// - Parameters:
    ///   - network: the same network as it is tiled.
    ///   - onlySize: the size of input that the file allows; nil where that of `network` is meant.
    ///   - graph: gives the graph for inputs of so many pixels on a side.
    package init(
        tiledAs network: TiledNetwork, onlySize: Int? = nil, graph: @escaping @Sendable (_ size: Int) throws -> Graph
    ) {
        self.onlySize = onlySize ?? network.onlyTile
        (stride, remainder) = (network.stride, network.tileRemainder)
        load = graph
    }

    /// The graph for inputs of so many pixels on a side.
    ///
    /// - Throws: the reader's errors where the network does not take that size.
    package func graph(size: Int) throws -> Graph { try load(size) }

    /// The largest size of input that is no larger than so many pixels on a side; the only one, or the smallest, where all
    /// are larger.
    package func size(atMost pixels: Int) -> Int {
        if let onlySize { return onlySize }
        return max(1, (pixels - remainder) / stride) * stride + remainder
    }
}
