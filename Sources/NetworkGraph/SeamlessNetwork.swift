/// A network that is equivariant to shifts by its stride, so that tiles of it fit together without seams.
///
/// Everything here is derived from the graph, not from an architecture's name. The network is rewritten for a plane
/// without borders: there, zero padding is a mere shift, and every tile computes just the part of each map that its
/// output needs. The pixels that padding would have touched are never among them.
package struct SeamlessNetwork: Sendable {
    /// The network on maps without borders. It has no `fitToSize`: every crop is by a fixed number of pixels.
    package let graph: Graph
    /// The total downsampling in pixels: shifting the input by as many shifts the output by as many.
    package let stride: Int
    /// Input pixels before the first that a tile keeps: what an output pixel needs at the phase where it needs the
    /// most, and for networks with padding rounded up to a multiple of the stride.
    package let margin: Int
    /// Tiles that pooling divides evenly are this many pixels more than a multiple of `stride`.
    package let tileRemainder: Int
    /// Channels of the output.
    package let outputChannels: Int

    private let hasPadding: Bool
    /// The output's first pixel lies over this pixel of the input.
    private let origin: Int

    /// Bands of the input.
    package var inputChannels: Int { graph.inputChannels }

    /// Rewrites a network for a plane without borders.
    ///
    /// - Parameter size: an input size that all windows divide evenly; one is looked for if it is nil.
    /// - Throws: `GraphError` where the graph contradicts itself, `NetworkError` where it is not equivariant.
    package init(_ graph: Graph, size: Int? = nil) throws {
        if let seam = graph.seam { throw seam }
        let stride = try graph.totalStride()
        guard let size = try size ?? graph.evenSize(stride: stride) else {
            throw NetworkError.noSize(upTo: Graph.largestProbe)
        }
        let amounts = try (0...2).map { try graph.fitAmounts(size: size + $0 * stride) }
        for (index, borders) in (amounts[0] ?? [:]).sorted(by: { $0.key < $1.key })
        where amounts.contains(where: { $0?[index] != borders }) {
            throw NetworkError.notEquivariant(
                node: graph.nodes[index].label,
                why: "a map is padded or cut by an amount that depends on the tile's size")
        }
        guard let fixed = try graph.fixingSizes(at: size),
            let output = try fixed.shapes(height: size, width: size)?.shapes[fixed.output.index]
        else { throw NetworkError.noSize(upTo: Graph.largestProbe) }
        guard output.height == output.width, output.height <= size else {
            throw NetworkError.outputSize(input: size, height: output.height, width: output.width)
        }
        let plane = fixed.onPlane()
        let hasPadding = plane.nodes.contains {
            if case .padding(let padding) = $0.operation { padding.amounts != Borders(all: 0) } else { false }
        }
        try self.init(
            onPlane: plane, stride: stride, tileRemainder: size % stride, origin: (size - output.height) / 2,
            hasPadding: hasPadding, outputChannels: output.channels)
    }

    /// The mean of what several networks give.
    ///
    /// Each is moved so that its first pixel lies where it does by itself: so its poolings have the same windows.
    ///
    /// - Parameter members: the same networks, with what is done to their inputs and outputs.
    /// - Throws: `NetworkError` where strides or margins are too large together.
    init(meanOf networks: [SeamlessNetwork], _ members: [EnsembleMember]) throws {
        let origin = networks.map(\.origin).max()!
        var mean = Graph(inputChannels: networks[0].inputChannels)
        var maps: [Graph.Value] = []
        for (index, (network, member)) in zip(networks, members).enumerated() {
            let shift = origin - network.origin
            let moved =
                shift > 0
                ? mean.append(.crop(Borders(top: shift, left: shift, bottom: 0, right: 0)), mean.input) : mean.input
            var map = mean.append(network.graph, reading: moved, through: member.input, number: index + 1)
            if let output = member.output { map = mean.append(output, map) }
            maps.append(map)
        }
        mean.appendMean(of: maps, channels: networks[0].outputChannels)
        let stride = networks.reduce(1) { leastCommonMultiple($0, $1.stride) }
        guard stride <= Graph.largestStride else { throw NetworkError.strideTooLarge }
        let areAlike = networks.allSatisfy {
            ($0.stride, $0.tileRemainder, $0.hasPadding) == (stride, networks[0].tileRemainder, false)
        }
        try self.init(
            onPlane: mean, stride: stride, tileRemainder: areAlike ? networks[0].tileRemainder : 0, origin: origin,
            hasPadding: !areAlike, outputChannels: networks[0].outputChannels)
    }

    private init(
        onPlane plane: Graph, stride: Int, tileRemainder: Int, origin: Int, hasPadding: Bool, outputChannels: Int
    ) throws {
        self.graph = plane
        self.stride = stride
        self.outputChannels = outputChannels
        self.tileRemainder = tileRemainder
        self.origin = origin
        self.hasPadding = hasPadding
        let reaches = Axis.allCases.map { plane.ranges(forOutput: 0..<stride, $0)[0]! }
        let needed = reaches.map { origin - $0.lowerBound }.max()!
        guard needed <= Graph.largestMargin, reaches.allSatisfy({ $0.count <= 3 * Graph.largestMargin }) else {
            throw NetworkError.marginTooLarge
        }
        try plane.checkDensity()
        margin = hasPadding ? (max(0, needed) + stride - 1) / stride * stride : max(0, needed)
    }

    /// What a tile computes that keeps `height` x `width` pixels, both multiples of the stride. The window starts at a
    /// multiple of the stride, wherever it lies.
    package func computation(height: Int, width: Int) -> TileComputation {
        TileComputation(graph, rows: 0..<height, columns: 0..<width, origin: origin)
    }

    /// Input pixels on a side of a tile that keeps `step` pixels on a side, a multiple of the stride.
    package func tile(forStep step: Int) -> Int {
        if hasPadding { return step + 2 * margin }
        let input = computation(height: step, width: step).input
        return max(input.rows.count, input.columns.count)
    }

    /// Multiplications and additions for each pixel, for an output so large that its border does not count.
    package var operationsPerPixel: Double {
        let side = (1 << 20) / stride * stride
        return computation(height: side, width: side).operationCount / (Double(side) * Double(side))
    }
}

/// Why a graph cannot be tiled without seams, or not at all.
package enum NetworkError: Error, CustomStringConvertible, Sendable {
    /// Tiles of the network do not fit together; it can be run on tiles of one fixed size.
    case notEquivariant(node: String, why: String)
    /// No input of up to so many pixels on a side gives an output.
    case noSize(upTo: Int)
    /// Pooling does not divide an input of so many pixels evenly.
    case ragged(Int)
    /// An input of so many pixels on a side gives an output that cannot be laid over it, or less than is to be kept.
    case outputSize(input: Int, height: Int, width: Int)
    /// A larger input does not give an output that is as much larger.
    case outputGrowth(inputs: [Int], outputs: [Int])
    /// An output pixel covers another number of input pixels than one, which the text says.
    case outputScale(String)
    /// The node joins maps of different resolutions.
    case scalesMeet(node: String)
    /// The file holds a network for inputs of one size alone, and a tile is a square.
    case notSquare(height: Int, width: Int)
    /// The strides, or the factors of enlargements, multiply to more than any tile has pixels.
    case strideTooLarge
    /// An output pixel depends on more pixels around it than any tile has.
    case marginTooLarge
    /// No tile suits all of the networks that are to be averaged, some of which are tied to their tiles.
    case noCommonTile
    /// The map of a node has more values for each pixel of the input than any computer has memory for.
    case mapTooLarge(node: String)

    /// True if the network can still be run on tiles of the size that it was made for.
    package var isOfTheTile: Bool {
        switch self {
        case .notEquivariant, .scalesMeet, .ragged: true
        case .noSize, .outputSize, .outputGrowth, .outputScale, .notSquare, .strideTooLarge, .marginTooLarge,
            .noCommonTile, .mapTooLarge:
            false
        }
    }

    /// What is wrong, in one line without the model's name.
    package var description: String {
        switch self {
        case .notEquivariant(let node, let why):
            "\(node): \(why)"
        case .ragged(let size):
            "\(size) pixels cannot be halved by all of the network's poolings"
        case .noSize(let largest):
            "no input of up to \(largest) pixels gives an output"
        case .outputSize(let input, let height, let width):
            "an input of \(input) x \(input) pixels gives \(height) x \(width), which cannot be laid over it"
        case .outputGrowth(let inputs, let outputs):
            "inputs of \(inputs[0]) and \(inputs[1]) pixels give outputs of \(outputs[0]) and \(outputs[1]): only networks whose output grows with the input, pixel by pixel, are understood"
        case .outputScale(let scale):
            "an output pixel covers \(scale) input pixels; only networks with one output pixel for each input pixel are understood"
        case .scalesMeet(let node):
            "\(node) joins maps of different resolutions"
        case .notSquare(let height, let width):
            "it takes inputs of \(height) x \(width) pixels alone, and tiles are squares: export it for an open or a square size"
        case .strideTooLarge:
            "its strides multiply to more than \(Graph.largestStride) pixels, more than a tile can have"
        case .marginTooLarge:
            "its output pixels depend on more than \(Graph.largestMargin) pixels on each side, more than a tile can have"
        case .noCommonTile:
            "there is no tile that all of them take: run them one by one"
        case .mapTooLarge(let node):
            "\(node) gives more than \(Graph.largestDensity) values for each pixel of the scene"
        }
    }
}
