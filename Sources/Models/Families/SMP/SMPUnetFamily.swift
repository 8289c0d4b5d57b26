/// Unet of segmentation_models_pytorch, with these parameters:
///
///     encoder.…                                   any of the encoders
///     decoder.center.N.0, .1                      convolutions and batch norms below the decoder, on VGG alone
///     decoder.blocks.N.conv1.0, .1                convolution and batch norm behind the skip, from the bottom up
///     decoder.blocks.N.conv2.0, .1                the second ones
///     decoder.blocks.N.attentionK.attention.…     scSE in front of and behind them, if it was asked for
///     segmentation_head.0                         3 x 3 convolution to the classes
///
/// There are as many blocks as the encoder has stages in use; the last has no skip.
enum SMPUnetFamily: SMPFamily {
    static let title = "Unet of segmentation_models_pytorch"
    static let landmark = "decoder.blocks.0.conv1.0.weight"

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let encoder = builder.smpEncoder()
        let steps = builder.parameters.levels(from: 0, least: 1) { "decoder.blocks.\($0).conv1." }
        let maps = Array(encoder.maps.prefix(steps + 1))
        let hasNorms = builder.parameters.contains(prefix: "decoder.blocks.0.conv1.1.")
        let upsampling = builder.assumptions.choice(.upsampling, as: UpsamplingChoice.self)
        var map = builder.smpCenter(on: maps.last!, hasNorms: hasNorms)
        var widths: [Int] = []
        // The first map has the input's resolution and is no skip.
        let skips = maps.dropFirst().dropLast().reversed().map { [$0] } + [[]]
        for (number, skips) in skips.enumerated() {
            map = builder.smpBlock(
                "decoder.blocks.\(number)", on: map, skips: skips, upsampling: upsampling, hasNorms: hasNorms)
            widths.append(map.channels)
        }
        let head = builder.smpHead(on: map, kernel: 3)
        let parts = [
            "encoder \(encoder.name)", "decoder widths \(widths.map(String.init).joined(separator: ", "))",
            "\(upsampling.rawValue) upsampling",
        ]
        var network = RecognizedNetwork(graph: builder.graph, summary: parts.joined(separator: ", "))
        network.givesProbabilities = head != .none
        return network
    }
}
