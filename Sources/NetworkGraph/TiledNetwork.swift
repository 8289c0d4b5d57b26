/// A network and the way in which it may be tiled.
public enum TiledNetwork: Sendable {
    case seamless(SeamlessNetwork)
    case fixedTiles(FixedTileNetwork)

    /// Derives from the graph whether its tiles fit together without seams.
    ///
    /// - Parameter size: an input size that all windows divide evenly; nil: one is looked for.
    /// - Throws: `GraphError` or `NetworkError` where the graph cannot be run at all.
    public init(_ graph: Graph, size: Int? = nil) throws {
        do {
            self = .seamless(try SeamlessNetwork(graph, size: size))
        } catch let reason as NetworkError {
            guard case .notEquivariant = reason else { throw reason }
            self = .fixedTiles(try FixedTileNetwork(graph, size: size, reason: reason))
        }
    }

    public var inputChannels: Int {
        switch self {
        case .seamless(let network): network.inputChannels
        case .fixedTiles(let network): network.inputChannels
        }
    }

    public var outputChannels: Int {
        switch self {
        case .seamless(let network): network.outputChannels
        case .fixedTiles(let network): network.outputChannels
        }
    }

    public var stride: Int {
        switch self {
        case .seamless(let network): network.stride
        case .fixedTiles(let network): network.stride
        }
    }

    public var tileRemainder: Int {
        switch self {
        case .seamless(let network): network.tileRemainder
        case .fixedTiles(let network): network.tileRemainder
        }
    }

    /// The only size of tile that the network takes; nil for all that `stride` and `tileRemainder` allow.
    public var onlyTile: Int? {
        switch self {
        case .seamless: nil
        case .fixedTiles(let network): network.onlyTile
        }
    }

    /// Multiplications and additions for each pixel, margins and overlap not counted.
    ///
    /// - Parameter tile: for networks of fixed tiles.
    public func operationsPerPixel(tile: Int) -> Double {
        switch self {
        case .seamless(let network): network.operationsPerPixel
        case .fixedTiles(let network): network.operationsPerPixel(tile: tile)
        }
    }

    /// Why tiles of the network do not fit together without seams; nil where they do.
    public var seam: String? {
        switch self {
        case .seamless: nil
        case .fixedTiles(let network): network.reason?.description
        }
    }
}
