package import NetworkGraph

/// The U-Net of Ronneberger, Fischer and Brox (2015): valid convolutions, skips cropped at their centre, the upsampled
/// map in front of the skip.
///
/// Levels count from full resolution down. Widths, bands and classes follow from the weights.
package struct PaperUNet: Sendable {
    /// Two 3 x 3 convolutions, each with its ReLU.
    package struct Block: Sendable {
        package var units: [Unit]

        package init(units: [Unit]) {
            self.units = units
        }
    }

    package struct Unit: Sendable {
        package var convolution: Convolution
        package var normalization: Normalization?
        /// The convolution's name in the model file.
        package var label: String

        package init(convolution: Convolution, normalization: Normalization?, label: String) {
            self.convolution = convolution
            self.normalization = normalization
            self.label = label
        }
    }

    /// A batch norm and its place beside the ReLU.
    package enum Normalization: Sendable {
        case beforeReLU(ChannelAffine)
        case afterReLU(ChannelAffine)
    }

    /// How a decoder step doubles the resolution.
    package enum Upsampling: Sendable {
        case upConvolution(TransposedConvolution)
        /// Bilinear with half-pixel centres, then a 1 x 1 convolution.
        case bilinear(Convolution)
    }

    package struct DecoderStep: Sendable {
        package var upsampling: Upsampling
        package var block: Block
        /// The step's name in the model file.
        package var label: String

        package init(upsampling: Upsampling, block: Block, label: String) {
            self.upsampling = upsampling
            self.block = block
            self.label = label
        }
    }

    package var inputChannels: Int
    /// From full resolution down; one more than decoder steps.
    package var encoder: [Block]
    /// From the bottom up.
    package var decoder: [DecoderStep]
    /// 1 x 1
    package var head: Convolution

    package init(inputChannels: Int, encoder: [Block], decoder: [DecoderStep], head: Convolution) {
        precondition(encoder.count == decoder.count + 1, "one decoder step for each pooling")
        self.inputChannels = inputChannels
        self.encoder = encoder
        self.decoder = decoder
        self.head = head
    }

    package func graph() -> Graph {
        var graph = Graph(inputChannels: inputChannels)
        var map = graph.input
        var skips: [Graph.Value] = []
        for (level, block) in encoder.enumerated() {
            map = append(block, on: map, to: &graph)
            guard level < decoder.count else { break }
            skips.append(map)
            map = graph.append(.maxPooling(extent: 2, stride: 2), map, label: "pooling of level \(level)")
        }
        for (step, skip) in zip(decoder, skips.reversed()) {
            switch step.upsampling {
            case .upConvolution(let convolution):
                map = graph.append(.transposedConvolution(convolution), map, label: step.label)
            case .bilinear(let convolution):
                map = graph.append(.bilinearUpsampling(factor: 2), map, label: step.label)
                map = graph.append(.convolution(convolution), map, label: step.label)
            }
            let cropped = graph.append(.fitToSize, skip, map, label: "skip into \(step.label)")
            map = graph.append(.concatenation, map, cropped, label: "skip into \(step.label)")
            map = append(step.block, on: map, to: &graph)
        }
        graph.append(.convolution(head), map, label: "head")
        return graph
    }

    private func append(_ block: Block, on input: Graph.Value, to graph: inout Graph) -> Graph.Value {
        var map = input
        for unit in block.units {
            map = graph.append(.convolution(unit.convolution), map, label: unit.label)
            if case .beforeReLU(let affine) = unit.normalization {
                map = graph.append(.affine(affine), map, label: unit.label)
            }
            map = graph.append(.relu, map, label: unit.label)
            if case .afterReLU(let affine) = unit.normalization {
                map = graph.append(.affine(affine), map, label: unit.label)
            }
        }
        return map
    }
}
