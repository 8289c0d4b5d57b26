package import NetworkGraph
import TestMaps

/// Random graphs of padded convolutions, norms, poolings, upsamplings and skips, each equivariant to shifts by its
/// stride: what people draw when they vary a U-Net.
package enum RandomGraphs {
    /// - Parameter depth: poolings, each with a way back up that meets a skip.
    package static func padded(seed: UInt64, depth: Int, channels: Int = 3) -> Graph {
        var builder = Builder(seed: seed, channels: channels)
        let map = builder.level(depth, on: builder.graph.input, width: channels)
        builder.convolve(map, from: channels, to: 2, kernel: 1)
        return builder.graph
    }

    private struct Builder {
        var graph: Graph
        var generator: SeededGenerator

        init(seed: UInt64, channels: Int) {
            graph = Graph(inputChannels: channels)
            generator = SeededGenerator(seed: seed)
        }

        /// A few units, then a pooling, the level below, an upsampling and a skip; or nothing more at the bottom.
        mutating func level(_ depth: Int, on input: Graph.Value, width: Int) -> Graph.Value {
            let top = units(on: input, width: width)
            guard depth > 0 else { return top }
            let pooled = graph.append(.maxPooling(extent: 2, stride: 2, ceilMode: Bool.random(using: &generator)), top)
            let below = level(depth - 1, on: pooled, width: width)
            let up = upsample(below, width: width)
            let fitted = graph.append(.fitToSize, up, top, label: "fit")
            let isSkipFirst = Bool.random(using: &generator)
            let joined = graph.append(.concatenation, isSkipFirst ? [top, fitted] : [fitted, top], label: "skip")
            let merged = convolve(joined, from: 2 * width, to: width, kernel: 3)
            return units(on: merged, width: width)
        }

        mutating func units(on input: Graph.Value, width: Int) -> Graph.Value {
            var map = input
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                map = convolve(map, from: width, to: width, kernel: [1, 3, 5].randomElement(using: &generator)!)
                if Bool.random(using: &generator) { map = graph.append(.relu, map) }
                if Bool.random(using: &generator) { map = graph.append(.affine(affine(width)), map) }
            }
            return map
        }

        mutating func upsample(_ map: Graph.Value, width: Int) -> Graph.Value {
            if Bool.random(using: &generator) { return graph.append(.bilinearUpsampling(factor: 2), map, label: "up") }
            let weights = ConstantTensor.random([width, width, 2, 2], scale: 0.5, using: &generator)
            return graph.append(
                .transposedConvolution(TransposedConvolution(weights: weights, stride: 2)), map, label: "up")
        }

        /// Padded so that the map keeps its size, with or without dilation.
        @discardableResult
        mutating func convolve(_ map: Graph.Value, from inputs: Int, to outputs: Int, kernel: Int) -> Graph.Value {
            let dilation = kernel == 3 ? Int.random(in: 1...2, using: &generator) : 1
            let scale = (1 / Float(inputs * kernel * kernel)).squareRoot()
            let convolution = Convolution(
                weights: .random([outputs, inputs, kernel, kernel], scale: scale, using: &generator),
                bias: .random([outputs], scale: 0.2, using: &generator), dilation: dilation)
            let padding = dilation * (kernel / 2)
            let padded = padding == 0 ? map : graph.append(.zeroPadding(padding), map)
            return graph.append(.convolution(convolution), padded)
        }

        mutating func affine(_ channels: Int) -> ChannelAffine {
            ChannelAffine(
                scale: .random([channels], scale: 1, using: &generator),
                shift: .random([channels], scale: 0.3, using: &generator))
        }
    }
}
