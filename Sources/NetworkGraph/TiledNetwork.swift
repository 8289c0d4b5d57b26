/// A network, and the way in which a scene may be cut into tiles for it.
///
/// Which way it is follows from the graph alone. What both ways have in common can be asked here; what differs is asked of
/// the network inside.
///
///     switch try TiledNetwork(graph) {
///     case .seamless(let network): network.computation(height: 384, width: 384)
///     case .fixedTiles(let network): try network.computation(tile: 512, margin: 64)
///     }
package enum TiledNetwork: Sendable {
    /// The network is equivariant to shifts by its stride: tiles of any size fit together without seams.
    case seamless(SeamlessNetwork)
    /// What the network says of a pixel depends on its place in the tile: all tiles have one size, and overlap.
    case fixedTiles(FixedTileNetwork)

    /// Works out from a graph how it may be tiled.
    ///
    /// - Parameter size: an input size that all windows divide evenly; one is looked for if it is nil.
    /// - Throws: `GraphError` or `NetworkError` where the graph cannot be run at all.
    package init(_ graph: Graph, size: Int? = nil) throws {
        do {
            self = .seamless(try SeamlessNetwork(graph, size: size))
        } catch let reason as NetworkError {
            guard case .notEquivariant = reason else { throw reason }
            self = .fixedTiles(try FixedTileNetwork(graph, size: size, reason: reason))
        }
    }

    /// Bands of the input.
    package var inputChannels: Int {
        switch self {
        case .seamless(let network): network.inputChannels
        case .fixedTiles(let network): network.inputChannels
        }
    }

    /// Channels of the output: one for each class, or a single one.
    package var outputChannels: Int {
        switch self {
        case .seamless(let network): network.outputChannels
        case .fixedTiles(let network): network.outputChannels
        }
    }

    /// Pixels by which tiles may be larger or smaller: the network's total downsampling, or a multiple of it.
    package var stride: Int {
        switch self {
        case .seamless(let network): network.stride
        case .fixedTiles(let network): network.stride
        }
    }

    /// Tiles that the network takes are this many pixels more than a multiple of `stride`.
    package var tileRemainder: Int {
        switch self {
        case .seamless(let network): network.tileRemainder
        case .fixedTiles(let network): network.tileRemainder
        }
    }

    /// The only tile that the network takes, in pixels on a side; nil for all that `stride` and `tileRemainder` allow.
    package var onlyTile: Int? {
        switch self {
        case .seamless: nil
        case .fixedTiles(let network): network.onlyTile
        }
    }

    /// Multiplications and additions for each pixel, margins and overlap not counted.
    ///
    /// - Parameter tile: the tiles' size in pixels on a side, on which the number depends for networks of fixed tiles.
    package func operationsPerPixel(tile: Int) -> Double {
        switch self {
        case .seamless(let network): network.operationsPerPixel
        case .fixedTiles(let network): network.operationsPerPixel(tile: tile)
        }
    }

    /// Why tiles of the network do not fit together without seams; nil where they do.
    package var seam: String? {
        switch self {
        case .seamless: nil
        case .fixedTiles(let network): network.reason?.description
        }
    }
}
