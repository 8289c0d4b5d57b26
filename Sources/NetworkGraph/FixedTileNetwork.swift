/// A network that is not equivariant to shifts: what it says of a pixel depends on where the pixel lies in its tile.
///
/// It runs on tiles of one fixed size, with its own padding, and the middle of each is kept. `SeamlessNetwork` is the
/// better way for every network for which it is possible.
package struct FixedTileNetwork: Sendable {
    /// The network for tiles of so many pixels on a side, without `fitToSize`.
    let graph: @Sendable (_ tile: Int) throws -> Graph
    /// Pixels by which tiles may be larger or smaller, so that pooling divides them evenly.
    package private(set) var stride: Int
    /// Tiles that pooling divides evenly are this many pixels more than a multiple of `stride`.
    package private(set) var tileRemainder: Int
    /// Bands of the input.
    package let inputChannels: Int
    /// Channels of the output.
    package let outputChannels: Int
    /// The only tile that the network takes, in pixels on a side; nil for all that `stride` and `tileRemainder` allow.
    package let onlyTile: Int?
    /// The operation that ties the network to its tile; nil where it is run so though it need not be.
    package let reason: NetworkError?
    /// True if windows may leave a rest of their map out, as they do in this network whatever the tile.
    private let allowsRests: Bool

    /// A network of which tiles of every size that its windows divide evenly may be computed.
    ///
    /// - Parameters:
    ///   - size: a size of tile that all windows divide evenly; one is looked for if it is nil.
    ///   - reason: why the network is not seamless, if it is not.
    /// - Throws: `GraphError` or `NetworkError` where the graph cannot be run at all.
    package init(_ graph: Graph, size: Int? = nil, reason: NetworkError? = nil) throws {
        let stride = try graph.totalStride()
        guard let size = try size ?? graph.evenSize(stride: stride) else {
            throw NetworkError.noSize(upTo: Graph.largestProbe)
        }
        try self.init(
            example: graph, stride: stride, tileRemainder: size % stride, onlyTile: nil, reason: reason
        ) { tile in
            guard let fixed = try graph.fixingSizes(at: tile) else { throw NetworkError.noSize(upTo: tile) }
            return fixed
        }
        try settleStride(from: size)
    }

    /// A network whose operations depend on the size of its tiles, or that takes tiles of one size alone.
    ///
    /// - Parameters:
    ///   - tile: a size that it takes, in pixels on a side.
    ///   - isOnly: true if there is no other.
    ///   - reason: why the network is not seamless.
    ///   - allowsRests: true if windows leave a rest of their map out whatever the tile.
    ///   - graph: gives the network for a size of tile that is a whole number of strides from `tile`.
    /// - Throws: `GraphError` or `NetworkError` where the graph cannot be run at all.
    package init(
        tile: Int, isOnly: Bool, reason: NetworkError, allowsRests: Bool = false,
        graph: @escaping @Sendable (_ tile: Int) throws -> Graph
    ) throws {
        let example = try graph(tile)
        let stride = try example.stride()
        try self.init(
            example: example, stride: stride, tileRemainder: tile % stride, onlyTile: isOnly ? tile : nil,
            reason: reason, allowsRests: allowsRests || isOnly, graph: graph)
        if isOnly {
            // A network whose output is no square can be given no tile at all.
            _ = try computation(tile: tile, margin: leastMargin(ofTile: tile) ?? 0)
        } else {
            try settleStride(from: tile)
        }
    }

    private init(
        example: Graph, stride: Int, tileRemainder: Int, onlyTile: Int?, reason: NetworkError?,
        allowsRests: Bool = false, graph: @escaping @Sendable (_ tile: Int) throws -> Graph
    ) throws {
        self.graph = graph
        self.stride = stride
        self.tileRemainder = tileRemainder
        self.onlyTile = onlyTile
        self.reason = reason
        self.allowsRests = allowsRests
        inputChannels = example.inputChannels
        outputChannels = try example.channels()[example.output.index]
    }

    /// Strides that a network may need in one step, because a factor of its resizes is no whole number: of 1.5, two.
    private static let mostStrides = 8

    /// Makes of the stride the smallest multiple by which the input and the output grow together.
    ///
    /// - Throws: `NetworkError.outputSize` and `outputGrowth` where the output does not grow with the input, pixel by
    ///   pixel.
    private mutating func settleStride(from tile: Int) throws {
        func output(_ tile: Int) -> MapShape? { (try? shapes(tile: tile)).map { $1[$0.output.index] } }
        guard let small = output(tile), let large = output(tile + stride) else { return }
        guard small.height <= tile else {
            throw NetworkError.outputSize(input: tile, height: small.height, width: small.width)
        }
        func grows(by step: Int) -> Bool {
            output(tile + step).map { $0.height - small.height == step && $0.width - small.width == step } ?? false
        }
        guard let factor = (1...Self.mostStrides).first(where: { grows(by: $0 * stride) }) else {
            throw NetworkError.outputGrowth(
                inputs: [tile, tile + stride], outputs: [small.height, large.height])
        }
        stride *= factor
        tileRemainder = tile % stride
    }

    /// What a tile of `tile` pixels on a side computes that keeps all but `margin` pixels at each border.
    ///
    /// - Throws: `NetworkError` where the network gives nothing for that size, or less than is to be kept.
    package func computation(tile: Int, margin: Int) throws -> TileComputation {
        let (graph, shapes) = try shapes(tile: tile)
        let output = shapes[graph.output.index]
        let origin = (tile - output.height) / 2
        let kept = margin - origin..<tile - margin - origin
        guard output.height == output.width, kept.lowerBound >= 0, kept.upperBound <= output.height else {
            throw NetworkError.outputSize(input: tile, height: output.height, width: output.width)
        }
        return TileComputation(graph, rows: kept, columns: kept, origin: origin, shapes: shapes)
    }

    /// The pixels at each border of a tile for which the network gives nothing, 0 at least; nil for a size that it does not take.
    package func leastMargin(ofTile tile: Int) -> Int? {
        guard let (graph, shapes) = try? shapes(tile: tile) else { return nil }
        return max(0, (tile - shapes[graph.output.index].height + 1) / 2)
    }

    /// Multiplications and additions of a whole tile, for each of its pixels; 0 for a size that the network does not
    /// take.
    func operationsPerPixel(tile: Int) -> Double {
        guard let (graph, shapes) = try? shapes(tile: tile) else { return 0 }
        let output = 0..<shapes[graph.output.index].height
        let whole = TileComputation(graph, rows: output, columns: output, origin: 0, shapes: shapes)
        return whole.operationCount / (Double(tile) * Double(tile))
    }

    /// The network for a size of tile, and the shapes of its maps.
    ///
    /// - Throws: `NetworkError` where the network does not take that size.
    private func shapes(tile: Int) throws -> (Graph, [MapShape]) {
        let fixed = try graph(tile)
        guard let (shapes, isRagged) = try fixed.shapes(height: tile, width: tile) else {
            throw NetworkError.noSize(upTo: tile)
        }
        guard !isRagged || allowsRests else { throw NetworkError.ragged(tile) }
        return (fixed, shapes)
    }
}
