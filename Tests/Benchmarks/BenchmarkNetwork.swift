import ArgumentParser
import NetworkGraph
import TestMaps
import TestNetworks

/// Networks that people run, with random weights: 3 bands, 4 classes, five levels.
enum BenchmarkNetwork: String, CaseIterable, ExpressibleByArgument {
    /// Valid convolutions, up-convolutions.
    case paper
    /// Pytorch-UNet with up-convolutions: padded, batch norms folded. Run without its padding.
    case unet
    /// Dense skips, upsampling with aligned corners: tied to its tiles.
    case unetplusplus

    /// One tile that keeps `step` pixels on a side.
    func computation(base: Int, step: Int) throws -> TileComputation {
        switch self {
        case .paper:
            let graph = PaperUNet.random(bands: 3, classes: 4, depth: 5, base: base).graph()
            return try SeamlessNetwork(graph).computation(height: step, width: step)
        case .unet:
            return try SeamlessNetwork(Self.unet(base)).computation(height: step, width: step)
        case .unetplusplus:
            // An eighth of the tile as its margin, as `overtile` has it.
            let margin = (step / 6 + 15) / 16 * 16
            return try FixedTileNetwork(Self.unetPlusPlus(base)).computation(tile: step + 2 * margin, margin: margin)
        }
    }

    private static func unet(_ base: Int) -> Graph {
        var builder = Builder()
        var skips: [Graph.Value] = []
        var (map, channels) = (builder.block(builder.graph.input, 3, base, "inc"), base)
        for level in 1...4 {
            skips.append(map)
            map = builder.block(builder.pooling(map, "pool\(level)"), channels, 2 * channels, "down\(level)")
            channels *= 2
        }
        for (number, skip) in skips.reversed().enumerated() {
            let up = builder.up(map, channels, channels / 2, "up\(number + 1)")
            let joined = builder.graph.append(.concatenation, skip, up, label: "skip\(number + 1)")
            map = builder.block(joined, channels, channels / 2, "conv\(number + 1)")
            channels /= 2
        }
        return builder.ended(map, channels)
    }

    private static func unetPlusPlus(_ base: Int) -> Graph {
        var builder = Builder()
        let widths = (0...4).map { base << $0 }
        var blocks = [[builder.block(builder.graph.input, 3, base, "conv0_0")]]  // [level][column]
        for depth in 1...4 {
            let pooled = builder.pooling(blocks[depth - 1][0], "pool\(depth)")
            blocks.append([builder.block(pooled, widths[depth - 1], widths[depth], "conv\(depth)_0")])
            for level in (0..<depth).reversed() {
                let name = "\(level)_\(depth - level)"
                let up = builder.graph.append(
                    .bilinearUpsampling(factor: 2, alignCorners: true), blocks[level + 1][depth - level - 1],
                    label: "up\(name)")
                let joined = builder.graph.append(.concatenation, blocks[level] + [up], label: "skip\(name)")
                let channels = blocks[level].count * widths[level] + widths[level + 1]
                blocks[level].append(builder.block(joined, channels, widths[level], "conv\(name)"))
            }
        }
        return builder.ended(blocks[0][4], base)
    }

    private struct Builder {
        var graph = Graph(inputChannels: 3)
        var generator = SeededGenerator(seed: 1)

        mutating func weights(_ shape: [Int], fanIn: Int) -> ConstantTensor {
            .random(shape, scale: (2 / Float(fanIn)).squareRoot(), using: &generator)
        }

        /// Two padded convolutions of 3 x 3, each with its ReLU.
        mutating func block(_ map: Graph.Value, _ ic: Int, _ oc: Int, _ label: String) -> Graph.Value {
            var map = map
            for (number, inputs) in [ic, oc].enumerated() {
                let convolution = Convolution(
                    weights: weights([oc, inputs, 3, 3], fanIn: 9 * inputs), bias: weights([oc], fanIn: 100))
                let padded = graph.append(.zeroPadding(1), map)
                map = graph.append(.convolution(convolution), padded, label: "\(label).\(number)")
                map = graph.append(.relu, map)
            }
            return map
        }

        mutating func pooling(_ map: Graph.Value, _ label: String) -> Graph.Value {
            graph.append(.maxPooling(extent: 2, stride: 2), map, label: label)
        }

        mutating func up(_ map: Graph.Value, _ ic: Int, _ oc: Int, _ label: String) -> Graph.Value {
            let convolution = TransposedConvolution(weights: weights([ic, oc, 2, 2], fanIn: ic), stride: 2)
            return graph.append(.transposedConvolution(convolution), map, label: label)
        }

        mutating func ended(_ map: Graph.Value, _ channels: Int) -> Graph {
            graph.append(
                .convolution(Convolution(weights: weights([4, channels, 1, 1], fanIn: channels))), map, label: "out")
            return graph
        }
    }
}
