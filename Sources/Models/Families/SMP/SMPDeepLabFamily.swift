import NetworkGraph

/// DeepLabV3Plus of segmentation_models_pytorch, with these parameters:
///
///     encoder.…                       any encoder but VGG, its last stages dilated
///     decoder.aspp.0.…                the atrous pyramid
///     decoder.aspp.1.0, .1            depthwise and 1 x 1 convolution behind it, and decoder.aspp.2 their batch norm
///     decoder.block1.0, .1            1 x 1 convolution and batch norm on the encoder's map of a fourth of the size
///     decoder.block2.0.0, .0.1, .1    depthwise and 1 x 1 convolution, and batch norm, on both
///     segmentation_head.0             1 x 1 convolution to the classes
enum SMPDeepLabPlusFamily: SMPFamily {
    static let title = "DeepLabV3Plus of segmentation_models_pytorch"
    static let landmark = "decoder.aspp.0.convs.0.0.weight"

    /// The input pixels for each pixel of the encoder's last map.
    private enum OutputStride: String, CaseIterable {
        case sixteen = "16"
        case eight = "8"
    }

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let isEight = builder.assumptions.choice(.outputStride, as: OutputStride.self) == .eight
        let encoder = builder.smpEncoder(outputStride: isEight ? 8 : 16)
        let pyramid = AtrousPyramid(prefix: "decoder.aspp.0.", rates: [12, 24, 36])
        var map = pyramid.added(to: encoder.maps.last!, &builder)
        map = builder.separable("decoder.aspp.1", norm: "decoder.aspp.2", on: map)
        map = builder.append(
            .bilinearUpsampling(factor: isEight ? 2 : 4, alignCorners: true), map, label: "decoder.up")
        let skip = ConvolutionLayer("decoder.block1.0", norm: "decoder.block1.1", kernel: 1, activation: .relu)
        let fine = builder.layer(skip, on: encoder.maps[2])
        let joined = builder.concatenated([map, fine], label: "decoder.block2")
        map = builder.separable("decoder.block2.0", norm: "decoder.block2.1", on: joined)
        let head = builder.smpHead(on: map, kernel: 1, upsampling: 4)
        var network = RecognizedNetwork(
            graph: builder.graph, summary: "encoder \(encoder.name), decoder of \(map.channels) channels")
        network.givesProbabilities = head != .none
        return network
    }
}
