import NetworkGraph

/// Linknet of segmentation_models_pytorch, with these parameters:
///
///     encoder.…                           any of the encoders
///     decoder.blocks.N.block.0.0, .1      1 x 1 convolution to a fourth of the channels, and its batch norm
///     decoder.blocks.N.block.1.0, .1      4 x 4 up-convolution with stride 2
///     decoder.blocks.N.block.2.0, .1      1 x 1 convolution to the channels of the skip, which is added
///     segmentation_head.0                 1 x 1 convolution to the classes
enum SMPLinknetFamily: SMPFamily {
    static let title = "Linknet of segmentation_models_pytorch"
    static let landmark = "decoder.blocks.0.block.0.0.weight"

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let encoder = builder.smpEncoder()
        let steps = builder.parameters.levels(from: 0, least: 1) { "decoder.blocks.\($0).block." }
        let maps = Array(encoder.maps.prefix(steps + 1))
        let hasNorms = builder.parameters.contains(prefix: "decoder.blocks.0.block.0.1.")
        var map = maps.last!
        let skips = maps.dropFirst().dropLast().reversed().map(Optional.some) + [nil]
        for (number, skip) in skips.enumerated() {
            let block = "decoder.blocks.\(number).block"
            map = builder.smpLayer("\(block).0", kernel: 1, hasNorms: hasNorms, on: map)
            map = builder.doublingUpConvolution("\(block).1", hasNorms: hasNorms, on: map)
            map = builder.smpLayer("\(block).2", kernel: 1, hasNorms: hasNorms, on: map)
            if let skip { map = builder.sum(map, skip, label: "decoder.blocks.\(number)") }
        }
        let head = builder.smpHead(on: map, kernel: 1)
        var network = RecognizedNetwork(
            graph: builder.graph, summary: "encoder \(encoder.name), \(skips.count) steps, added skips")
        network.givesProbabilities = head != .none
        return network
    }
}

extension NetworkBuilder {
    /// Adds a 4 x 4 up-convolution of stride 2, from each side of whose map one pixel is cut, its norm and ReLU.
    fileprivate mutating func doublingUpConvolution(_ name: String, hasNorms: Bool, on map: Map) -> Map {
        let outputs = parameters.channels("\(name).0.weight", axis: 1, rank: 4) ?? map.channels
        let convolution = TransposedConvolution(
            weights: parameters.tensor("\(name).0.weight", shape: [map.channels, outputs, 4, 4]),
            bias: parameters.tensor("\(name).0.bias", shape: [outputs]), stride: 2)
        let value = graph.append(.transposedConvolution(convolution), map.value, label: name)
        var result = Map(value: value, channels: outputs)
        if hasNorms { result = batchNorm("\(name).1", on: result) }
        result = append(.crop(Borders(all: 1)), result, label: name)
        return relu(result, label: name)
    }
}
