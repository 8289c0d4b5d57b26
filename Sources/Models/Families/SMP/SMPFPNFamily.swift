import NetworkGraph

/// FPN of segmentation_models_pytorch, with these parameters:
///
///     encoder.…                                       any of the encoders
///     decoder.p5                                      1 x 1 convolution on the encoder's last map
///     decoder.p4.skip_conv, .p3, .p2                  1 x 1 convolutions on the maps above it
///     decoder.seg_blocks.N.block.K.block.0, .1        3 x 3 convolution and group norm; p5 has three of them, each with
///                                                     upsampling behind it, p4 two, p3 one, and p2 one without
///     segmentation_head.0                             1 x 1 convolution to the classes
///
/// The four maps are added, or concatenated where the head reads four times as many channels. Group norms have 32 groups.
enum SMPFPNFamily: SMPFamily {
    static let title = "FPN of segmentation_models_pytorch"
    static let landmark = "decoder.p5.weight"

    private static let groups = 32

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let encoder = builder.smpEncoder()
        let maps = Array(encoder.maps.suffix(4).reversed())  // from the bottom up
        let upsampling = builder.assumptions.choice(.upsampling, as: UpsamplingChoice.self)
        var map = projected("decoder.p5", maps[0], &builder)
        var pyramid = [map]
        for (number, skip) in zip([4, 3, 2], maps.dropFirst()) {
            let name = "decoder.p\(number)"
            let up = builder.doubled(map, by: upsampling, label: name)
            map = builder.sum(up, projected("\(name).skip_conv", skip, &builder), label: name)
            pyramid.append(map)
        }
        let levels = pyramid.enumerated().map { number, map in
            (0..<max(1, 3 - number)).reduce(map) { map, place in
                let name = "decoder.seg_blocks.\(number).block.\(place)"
                let convolved = builder.groupNormLayer("\(name).block", groups: groups, on: map)
                return number == 3 ? convolved : builder.bilinear(convolved, alignCorners: true, label: name)
            }
        }
        let read = builder.parameters.channels("segmentation_head.0.weight", axis: 1, rank: 4)
        let isConcatenated = read == 4 * levels[0].channels
        let merged =
            isConcatenated
            ? builder.concatenated(levels, label: "decoder.merge")
            : levels.dropFirst().reduce(levels[0]) { builder.sum($0, $1, label: "decoder.merge") }
        let head = builder.smpHead(on: merged, kernel: 1, upsampling: 4)
        var network = RecognizedNetwork(
            graph: builder.graph,
            summary: "encoder \(encoder.name), pyramid of \(map.channels) channels, maps "
                + "\(isConcatenated ? "concatenated" : "added"), \(upsampling.rawValue) upsampling")
        network.givesProbabilities = head != .none
        return network
    }

    private static func projected(
        _ name: String, _ map: NetworkBuilder.Map, _ builder: inout NetworkBuilder
    ) -> NetworkBuilder.Map {
        var layer = ConvolutionLayer(name, kernel: 1)
        layer.biases = .all
        return builder.layer(layer, on: map)
    }
}

extension NetworkBuilder {
    /// Adds a 3 x 3 convolution without bias (0), its group norm (1) and ReLU.
    fileprivate mutating func groupNormLayer(_ name: String, groups: Int, on map: Map) -> Map {
        let result = layer(ConvolutionLayer("\(name).0"), on: map)
        if result.channels % groups != 0 {
            parameters.note("\(name).1 norms \(result.channels) channels in \(groups) groups")
        }
        let affine = ChannelAffine(
            scale: parameters.tensor("\(name).1.weight", shape: [result.channels]),
            shift: parameters.tensor("\(name).1.bias", shape: [result.channels]))
        let operation = Operation.groupNormalization(
            groups: result.channels % groups == 0 ? groups : 1, affine, epsilon: 1e-5)
        return relu(append(operation, result, label: "\(name).1"), label: name)
    }
}
