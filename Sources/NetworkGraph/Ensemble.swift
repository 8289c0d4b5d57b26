/// One of several networks whose outputs are averaged.
package struct EnsembleMember: Sendable {
    /// The network as it is tiled by itself.
    package let network: TiledNetwork
    /// The network for inputs of so many pixels on a side, without `fitToSize`.
    let graph: @Sendable (_ size: Int) throws -> Graph
    /// What makes of the common input this network's own; nil where it is the same.
    package let input: ChannelAffine?
    /// What makes probabilities of the network's output; nil where the mean is taken of the output as it is.
    package let output: Operation?

    /// Takes a network, with what is done to its input and its output.
    ///
    /// - Parameter unfolded: the same network before its normalisations were folded.
    package init(
        _ network: TiledNetwork, unfolded: UnfoldedNetwork, input: ChannelAffine?, output: Operation?
    ) {
        self.network = network
        self.input = input
        self.output = output
        graph = { size in
            if case .fixedTiles(let network) = network { return try network.graph(size) }
            let graph = try unfolded.graph(size: size).foldingNormalizations()
            guard let fixed = try graph.fixingSizes(at: size) else { throw NetworkError.noSize(upTo: size) }
            return fixed
        }
    }
}

extension TiledNetwork {
    /// The network that gives the mean of what several give, of one input.
    ///
    /// It is seamless if all of them are; each then sees a scene as it does by itself. Otherwise all run on the same tiles of
    /// a fixed size.
    ///
    /// - Throws: `NetworkError` where no tile suits all of them; `GraphError`.
    package init(meanOf members: [EnsembleMember]) throws {
        let seamless = members.compactMap { member -> SeamlessNetwork? in
            if case .seamless(let network) = member.network { network } else { nil }
        }
        if seamless.count == members.count {
            self = .seamless(try SeamlessNetwork(meanOf: seamless, members))
        } else {
            self = .fixedTiles(try FixedTileNetwork(meanOf: members))
        }
    }
}

extension FixedTileNetwork {
    /// Tiles of about so many pixels on a side are looked at first for one that suits all members.
    private static let usualTile = 512

    fileprivate init(meanOf members: [EnsembleMember]) throws {
        let only = Set(members.compactMap(\.network.onlyTile))
        let first = only.min() ?? Self.usualTile
        let stride = members.reduce(1) { leastCommonMultiple($0, $1.network.stride) }
        let candidates = only.isEmpty ? first..<first + stride : first..<first + 1
        let tile = candidates.first { tile in
            members.allSatisfy { ($0.network.onlyTile ?? tile) == tile && $0.takes(tile) }
        }
        guard let tile else { throw NetworkError.noCommonTile }
        let reason = members.lazy.compactMap { member -> NetworkError? in
            if case .fixedTiles(let network) = member.network { network.reason } else { nil }
        }.first
        let why = NetworkError.notEquivariant(node: "the mean", why: "one of the networks is tied to its tile")
        try self.init(tile: tile, isOnly: !only.isEmpty, reason: reason ?? why) { size in
            try Graph(meanOf: members.map { (try $0.graph(size), $0.input, $0.output) }, size: size)
        }
    }
}

extension EnsembleMember {
    fileprivate func takes(_ tile: Int) -> Bool {
        tile % network.stride == network.tileRemainder % network.stride
            && (try? graph(tile).shapes(height: tile, width: tile)) != nil
    }
}

extension Graph {
    /// The mean of several networks' outputs. Of outputs of several sizes, the middles are taken.
    ///
    /// - Parameter size: that of the input, in pixels on a side.
    package init(meanOf networks: [(graph: Graph, input: ChannelAffine?, output: Operation?)], size: Int) throws {
        let heights = try networks.map { network -> Int in
            guard let shapes = try network.graph.shapes(height: size, width: size)?.shapes else {
                throw NetworkError.noSize(upTo: size)
            }
            return shapes[network.graph.output.index].height
        }
        let smallest = heights.min()!
        self.init(inputChannels: networks[0].graph.inputChannels)
        var maps: [Value] = []
        for (index, network) in networks.enumerated() {
            var map = append(network.graph, reading: input, through: network.input, number: index + 1)
            let rest = heights[index] - smallest
            if rest > 0 {
                let borders = Borders(top: rest / 2, left: rest / 2, bottom: rest - rest / 2, right: rest - rest / 2)
                map = append(.crop(borders), map)
            }
            if let output = network.output { map = append(output, map) }
            maps.append(map)
        }
        appendMean(of: maps, channels: try networks[0].graph.channels()[networks[0].graph.output.index])
    }

    /// Appends all of another network's operations.
    ///
    /// - Parameters:
    ///   - map: what the network is given.
    ///   - affine: what is done to that first.
    ///   - number: tells the operations' labels apart from those of others.
    /// - Returns: the network's output.
    mutating func append(
        _ other: Graph, reading map: Value, through affine: ChannelAffine?, number: Int
    ) -> Value {
        var values = [affine.map { append(.affine($0), map, label: "\(number): input") } ?? map]
        for node in other.nodes.dropFirst() {
            values.append(
                append(
                    node.operation, node.inputs.map { values[$0.index] },
                    label: "\(number): \(node.label.isEmpty ? node.operation.name : node.label)"))
        }
        return values[other.output.index]
    }

    /// Appends the mean of maps of one shape, added up in their order.
    mutating func appendMean(of maps: [Value], channels: Int) {
        let sum = maps.dropFirst().reduce(maps[0]) { append(.arithmetic(.addition), $0, $1, label: "sum") }
        let factor = 1 / Float(maps.count)
        let mean = ChannelAffine(
            scale: ConstantTensor(shape: [channels], elements: Array(repeating: factor, count: channels)),
            shift: ConstantTensor(shape: [channels], elements: Array(repeating: 0, count: channels)))
        append(.affine(mean), sum, label: "mean")
    }
}
