/// A network that is not equivariant to shifts: what it says of a pixel depends on where the pixel lies in its tile.
///
/// It runs on tiles of one fixed size, with its own padding, and the middle of each is kept.
public struct FixedTileNetwork: Sendable {
    private let graph: Graph
    /// Tiles are multiples of this, so that pooling divides them evenly.
    public let stride: Int
    /// Input sizes that pooling divides evenly are this much more than a multiple of `stride`.
    public let tileRemainder: Int
    public let outputChannels: Int
    /// The operation that ties the network to its tile; nil where it is run so though it need not be.
    public let reason: NetworkError?

    public var inputChannels: Int { graph.inputChannels }

    /// - Parameter reason: why the network is not seamless, if it is not.
    /// - Throws: `GraphError` or `NetworkError` where the graph cannot be run at all.
    public init(_ graph: Graph, reason: NetworkError? = nil) throws {
        let stride = try graph.totalStride()
        guard let size = try graph.evenSize(stride: stride) else { throw NetworkError.noSize(upTo: Graph.largestProbe) }
        self.graph = graph
        self.stride = stride
        self.reason = reason
        tileRemainder = size % stride
        outputChannels = try graph.channels()[graph.output.index]
    }

    /// What a tile of `tile` pixels on a side computes that keeps all but `margin` pixels at each border.
    ///
    /// - Throws: `NetworkError` where the network gives nothing for that size, or less than is to be kept.
    public func computation(tile: Int, margin: Int) throws -> TileComputation {
        let (graph, shapes) = try shapes(tile: tile)
        let output = shapes[graph.output.index]
        let origin = (tile - output.height) / 2
        let kept = margin - origin..<tile - margin - origin
        guard output.height == output.width, kept.lowerBound >= 0, kept.upperBound <= output.height else {
            throw NetworkError.outputSize(input: tile, height: output.height, width: output.width)
        }
        return TileComputation(graph, rows: kept, columns: kept, origin: origin, shapes: shapes)
    }

    /// Multiplications and additions of a whole tile, for each of its pixels; 0 for a size that the network does not
    /// take.
    func operationsPerPixel(tile: Int) -> Double {
        guard let (graph, shapes) = try? shapes(tile: tile) else { return 0 }
        let output = 0..<shapes[graph.output.index].height
        let whole = TileComputation(graph, rows: output, columns: output, origin: 0, shapes: shapes)
        return whole.operationCount / (Double(tile) * Double(tile))
    }

    private func shapes(tile: Int) throws -> (Graph, [MapShape]) {
        guard let fixed = try graph.fixingSizes(at: tile),
            let (shapes, isRagged) = try fixed.shapes(height: tile, width: tile)
        else { throw NetworkError.noSize(upTo: tile) }
        guard !isRagged else { throw NetworkError.ragged(tile) }
        return (fixed, shapes)
    }
}

extension Graph {
    var inputChannels: Int {
        guard case .input(let channels) = nodes[0].operation else {
            preconditionFailure("a graph starts with its input")
        }
        return channels
    }
}
