package import NetworkGraph
import StoredTensors

extension ONNXGraph {
    /// Sizes at which a network of open size is looked at first.
    private static let firstSizes = [256, 512, 1024, 320]

    /// How many strides beyond the first size the others lie with which it is compared.
    private static let strides = [1, 3]

    /// The network, ready to be tiled.
    ///
    /// Exporters leave amounts behind that were computed from the input's size: what a skip is cropped or padded by, what
    /// a map is resized to. The network is worked out for several sizes, and what stays the same does not depend on them.
    ///
    /// - Throws: `ModelFileError`, `UntranslatableNode`, `GraphError`, `NetworkError`.
    package func tiled() throws -> (network: TiledNetwork, outputActivation: TranslatedNetwork.OutputActivation?) {
        let first = try firstNetwork()
        if first.isHeightFixed || first.isWidthFixed { return try fixed(first) }
        let size: Int
        do {
            size = try evenSize(from: first)
        } catch let error as NetworkError {
            guard let network = try withRests(first) else { throw error }
            return network
        }
        let translated = try translated(size: size)
        let graph = translated.graph
        let stride = try graph.stride()
        for count in Self.strides {
            let other = try self.translated(size: size + count * stride).graph
            guard let node = graph.firstDifference(from: other) else { continue }
            let amounts = NetworkError.notEquivariant(
                node: graph.nodes[node].label, why: "what it cuts, pads or resizes to depends on the tile's size")
            let network = try FixedTileNetwork(tile: size, isOnly: false, reason: graph.seam ?? amounts) { tile in
                try self.translated(size: tile).graph.simplified()
            }
            return (.fixedTiles(network), translated.outputActivation)
        }
        return (try TiledNetwork(graph.simplified(), size: size), translated.outputActivation)
    }

    /// The network before its normalisations are folded; nil where the file allows inputs of one size alone that is no
    /// square.
    ///
    /// - Parameter network: what `tiled` gave.
    package func unfolded(tiledAs network: TiledNetwork) throws -> UnfoldedNetwork? {
        let first = try firstNetwork()
        guard first.isHeightFixed || first.isWidthFixed else {
            return UnfoldedNetwork(tiledAs: network) { size in
                try self.translated(size: size).graph.removingEmptyCrops()
            }
        }
        let height = first.isHeightFixed ? first.input.height : first.input.width
        guard !first.isWidthFixed || height == first.input.width else { return nil }
        return UnfoldedNetwork(tiledAs: network, onlySize: height) { _ in
            try self.translated(size: height).graph.removingEmptyCrops()
        }
    }

    /// A network that no size divides evenly because windows leave out a rest of mirrored or repeated pixels around a map
    /// (anti-aliased pooling: padding by one, and 3 x 3 windows at every second pixel). What it says of a pixel depends on
    /// where its tile ends.
    ///
    /// - Returns: nil for any other network.
    private func withRests(
        _ first: ONNXNetwork
    ) throws -> (network: TiledNetwork, outputActivation: TranslatedNetwork.OutputActivation?)? {
        let translated = try TranslatedNetwork(first)
        guard let padding = translated.graph.nodes.first(where: { $0.operation.isPaddingOfPixels }) else { return nil }
        let why = "of the pixels that it adds around a map, the windows behind it leave some out"
        let reason = translated.graph.seam ?? .notEquivariant(node: padding.label, why: why)
        try translated.graph.checkOutputSize(height: first.input.height, width: first.input.width)
        let network = try FixedTileNetwork(
            tile: first.input.height, isOnly: false, reason: reason, allowsRests: true
        ) { tile in try self.translated(size: tile).graph.simplified() }
        return (.fixedTiles(network), translated.outputActivation)
    }

    private func translated(size: Int) throws -> TranslatedNetwork {
        try TranslatedNetwork(try resolved(height: size, width: size))
    }

    /// - Throws: what is wrong at the first of the sizes, where it is so at all.
    private func firstNetwork() throws -> ONNXNetwork {
        var failure: ModelFileError?
        for size in Self.firstSizes {
            do throws(ModelFileError) {
                return try resolved(height: size, width: size)
            } catch {
                failure = failure ?? error
            }
        }
        throw failure!
    }

    /// A network for one size. Weights do not depend on it: where the network is equivariant to shifts, tiles may have any.
    private func fixed(_ resolved: ONNXNetwork) throws -> (TiledNetwork, TranslatedNetwork.OutputActivation?) {
        let height = resolved.isHeightFixed ? resolved.input.height : resolved.input.width
        let width = resolved.isWidthFixed ? resolved.input.width : height
        let translated = try TranslatedNetwork(try self.resolved(height: height, width: width))
        let graph = translated.graph.simplified()
        try graph.checkOutputSize(height: height, width: width)
        let reason: NetworkError
        do {
            guard graph.dividesEvenly(height: height, width: width) else { throw NetworkError.ragged(height) }
            // A rectangle's other side need not be even; its own are looked for then.
            let size = graph.dividesEvenly(height: height, width: height) ? height : nil
            return (.seamless(try SeamlessNetwork(graph, size: size)), translated.outputActivation)
        } catch let error as NetworkError {
            guard error.isOfTheTile else { throw error }
            reason = error
        }
        guard height == width else { throw NetworkError.notSquare(height: height, width: width) }
        let network = try FixedTileNetwork(tile: height, isOnly: true, reason: reason) { _ in graph }
        return (.fixedTiles(network), translated.outputActivation)
    }

    /// The number of nodes that are resolved in search of a size, so that a file cannot make it endless, and the number of
    /// sizes that are looked at in any case.
    private static let (mostResolutions, leastCandidates) = (200_000, 32)

    /// A size from the first one on that all windows divide evenly, a multiple of the stride if there is one.
    private func evenSize(from first: ONNXNetwork) throws -> Int {
        let graph = try TranslatedNetwork(first).graph
        let stride = try graph.stride()
        let start = (first.input.height + stride - 1) / stride * stride
        let most = max(Self.leastCandidates, Self.mostResolutions / first.nodes.count)
        for size in start..<start + min(stride, most) {
            guard let translated = try? translated(size: size),
                translated.graph.dividesEvenly(height: size, width: size)
            else { continue }
            return size
        }
        try graph.checkOutputScale()
        let (input, output) = (first.input.height, first.nodes[first.output].shape)
        throw NetworkError.outputSize(input: input, height: output.height, width: output.width)
    }
}

extension Graph {
    /// Without what changes nothing, and with normalisations folded.
    fileprivate func simplified() -> Graph { removingEmptyCrops().foldingNormalizations() }

    /// Position of the first node that is not the same in another size's graph.
    fileprivate func firstDifference(from other: Graph) -> Int? {
        let pairs = zip(nodes, other.nodes)
        if let (index, _) = pairs.enumerated().first(where: { $1.0.operation.amounts != $1.1.operation.amounts }) {
            return index
        }
        return nodes.count == other.nodes.count ? nil : min(nodes.count, other.nodes.count) - 1
    }
}

extension Operation {
    /// True for padding with the map's own pixels.
    fileprivate var isPaddingOfPixels: Bool {
        guard case .padding(let padding) = self, padding.amounts != Borders(all: 0) else { return false }
        if case .constant = padding.mode { return false }
        return true
    }

    /// What of it may depend on the input's size.
    fileprivate var amounts: AnyHashable? {
        switch self {
        case .crop(let borders): borders
        case .padding(let padding): padding
        case .pooling(let pooling): pooling
        case .resize(let resize): resize
        case .attentionScores(_, let keys): keys
        case .pixelArithmetic(_, let constant, _): constant.shape
        case .rearrangement(let rearrangement): rearrangement
        default: name
        }
    }
}
