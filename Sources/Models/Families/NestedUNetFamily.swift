import NetworkGraph

/// U-Net++ (Zhou and others 2018) as it is commonly written in PyTorch, with these parameters:
///
///     convK_J.conv1, .bn1, .conv2, .bn2      block at level K (0 is full resolution), J upsamplings behind the encoder
///     final                                  1 x 1 convolution to the classes
///     final1, final2, ...                    with deep supervision: a head on each convolution block of level 0
///
/// Block (K, J) reads the blocks (K, 0) to (K, J - 1) and, upsampled, (K + 1, J - 1). With deep supervision the network
/// can be cut at a depth d, which needs the blocks with K + J <= d alone; uncut, its logits are the heads' mean.
enum NestedUNetFamily: ModelFamily {
    static let title = "U-Net++"
    static let landmark = "conv0_0.conv1.weight"

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let deepest = builder.parameters.levels(from: 0, least: 2) { "conv\($0)_0." } - 1
        var blocks = [[block("conv0_0", on: builder.input, &builder)]]  // [K][J]
        var graphs = [builder.graph]  // by depth
        for depth in 1...deepest {
            let pooled = builder.pooled(blocks[depth - 1][0], label: "level \(depth - 1)")
            blocks.append([block("conv\(depth)_0", on: pooled, &builder)])
            for level in (0..<depth).reversed() {
                let name = "conv\(level)_\(depth - level)"
                let up = builder.bilinear(blocks[level + 1][depth - level - 1], alignCorners: true, label: name)
                let joined = builder.concatenated(blocks[level] + [up], label: "skips into \(name)")
                blocks[level].append(block(name, on: joined, &builder))
            }
            graphs.append(builder.graph)
        }
        let columns = Array(blocks[0].dropFirst())
        let widths = builder.text(widths: blocks.map { $0[0].channels })
        guard builder.parameters.contains(prefix: "final1.") else {
            builder.head("final", on: columns[deepest - 1])
            var network = RecognizedNetwork(graph: builder.graph, summary: "\(widths), one head")
            network.whyNoDepths = "without deep supervision has one head, and no depths to choose"
            return network
        }

        let parameters = builder.parameters
        let classes =
            parameters.channels("final1.weight", rank: 4) ?? parameters.channels("final1.bias", rank: 1) ?? 1
        let heads = columns.enumerated().map { column, map in
            let name = "final\(column + 1)"
            return Convolution(
                weights: builder.parameters.tensor("\(name).weight", shape: [classes, map.channels, 1, 1]),
                bias: builder.parameters.tensor("\(name).bias", shape: [classes]))
        }
        var supervised = builder.graph
        let outputs = zip(heads, columns).enumerated().map { index, layer in
            supervised.append(.convolution(layer.0), layer.1.value, label: "final\(index + 1)")
        }
        let depths = 1...deepest
        var summary = "\(widths), deep supervision, "
        if let depth = options.depth, depths.contains(depth) {
            builder.graph = graphs[depth]
            _ = builder.append(heads[depth - 1], columns[depth - 1], label: "final\(depth)")
            summary += "cut at depth \(depth) of \(deepest)"
        } else {
            let joined = builder.concatenated(columns, label: "all heads")
            _ = builder.append(Convolution(meanOf: heads), joined, label: "all heads")
            summary += "mean of \(deepest) heads"
        }
        var network = RecognizedNetwork(graph: builder.graph, summary: summary)
        network.depths = depths
        if options.depth == nil { network.supervised = (supervised, outputs) }
        return network
    }

    private static func block(
        _ name: String, on map: NetworkBuilder.Map, _ builder: inout NetworkBuilder
    ) -> NetworkBuilder.Map {
        builder.paddedBlock([("\(name).conv1", "\(name).bn1"), ("\(name).conv2", "\(name).bn2")], on: map)
    }
}

extension Convolution {
    /// The mean of several 1 x 1 convolutions, each on its own map, as one convolution on the concatenation of these
    /// maps. Its weights are those of the heads, one behind the other along the input channels, divided by the number
    /// of heads.
    ///
    /// - Precondition: all heads have the same number of outputs, and biases.
    fileprivate init(meanOf heads: [Convolution]) {
        let classes = heads[0].outputChannels
        let inputs = heads.map(\.inputChannels)
        let share = 1 / Float(heads.count)
        let weights = ConstantTensor(shape: [classes, inputs.reduce(0, +), 1, 1]) {
            let elements = heads.map { $0.weights.elements() }
            return (0..<classes).flatMap { row in
                zip(elements, inputs).flatMap { elements, width in
                    elements[row * width..<(row + 1) * width].map { $0 * share }
                }
            }
        }
        let bias = ConstantTensor(shape: [classes]) {
            let elements = heads.compactMap { $0.bias?.elements() }
            return (0..<classes).map { row in elements.reduce(0) { $0 + $1[row] } * share }
        }
        self.init(weights: weights, bias: bias)
    }
}
