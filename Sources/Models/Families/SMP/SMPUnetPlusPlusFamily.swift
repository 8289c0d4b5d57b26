/// UnetPlusPlus of segmentation_models_pytorch, with these parameters:
///
///     encoder.…                           any of the encoders
///     decoder.blocks.x_J_K.…              blocks as in its Unet; K counts up to finer maps, J from coarse to fine
///     segmentation_head.0                 3 x 3 convolution to the classes
///
/// Block (J, K) doubles what is one column before it: block (J, K - 1), or for J = K the encoder's map number K from the
/// bottom. Its skips are the blocks (J + 1, K) to (K, K), and the encoder's map of its own size. The last block, of J = 0,
/// has none.
enum SMPUnetPlusPlusFamily: SMPFamily {
    static let title = "UnetPlusPlus of segmentation_models_pytorch"
    static let landmark = "decoder.blocks.x_0_0.conv1.0.weight"

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let encoder = builder.smpEncoder()
        let steps = builder.parameters.levels(from: 0, least: 1) { "decoder.blocks.x_0_\($0).conv1." }
        let maps = Array(encoder.maps.prefix(steps + 1))
        let hasNorms = builder.parameters.contains(prefix: "decoder.blocks.x_0_0.conv1.1.")
        let upsampling = builder.assumptions.choice(.upsampling, as: UpsamplingChoice.self)
        let features = Array(maps.dropFirst().reversed())  // from the bottom up
        guard !features.isEmpty else { return RecognizedNetwork(graph: builder.graph, summary: "") }
        // On VGG there is a block below the decoder, as in Unet, but it is never run.
        builder.parameters.ignore(prefix: "decoder.center.")
        let depth = features.count - 1
        func block(
            _ column: Int, _ row: Int, on map: NetworkBuilder.Map, skips: [NetworkBuilder.Map]
        ) -> NetworkBuilder.Map {
            builder.smpBlock(
                "decoder.blocks.x_\(column)_\(row)", on: map, skips: skips, upsampling: upsampling, hasNorms: hasNorms)
        }
        var blocks: [[NetworkBuilder.Map?]] = Array(
            repeating: Array(repeating: nil, count: depth + 1), count: depth + 1)  // [J][K]
        for row in 0..<depth {
            for column in (0...row).reversed() {
                let below = column == row ? features[row] : blocks[column][row - 1]!
                let skips = (column..<row).map { blocks[$0 + 1][row]! } + [features[row + 1]]
                blocks[column][row] = block(column, row, on: below, skips: skips)
            }
        }
        let last = block(0, depth, on: depth > 0 ? blocks[0][depth - 1]! : features[0], skips: [])
        let head = builder.smpHead(on: last, kernel: 3)
        var network = RecognizedNetwork(
            graph: builder.graph,
            summary: "encoder \(encoder.name), \(depth + 1) steps, \(upsampling.rawValue) upsampling")
        network.givesProbabilities = head != .none
        return network
    }
}
