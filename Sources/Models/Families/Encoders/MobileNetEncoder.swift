import NetworkGraph

/// MobileNetV2 (Sandler and others 2018) as torchvision writes it, with these parameters:
///
///     features.0.0, .1                    3 x 3 convolution with stride 2, and its batch norm
///     features.1.conv.0.0, .0.1           depthwise convolution, and features.1.conv.1, .2 the 1 x 1 behind it
///     features.N.conv.0.0, .0.1           1 x 1 convolution to more channels, for N from 2 to 17
///     features.N.conv.1.0, .1.1           depthwise convolution
///     features.N.conv.2, .3               1 x 1 convolution to fewer channels
///     features.18.0, .1                   1 x 1 convolution
enum MobileNetEncoder: Encoder {
    static let landmark = "features.0.0.weight"
    static let marks = ["features.0.0.", "features.1.conv."]

    /// The blocks whose depthwise convolutions halve their map, and the blocks whose maps a decoder gets.
    private static let halving: Set<Int> = [2, 4, 7, 14]
    private static let taken: Set<Int> = [1, 3, 6, 13]
    private static let last = 18

    static func maps(prefix: String, outputStride: Int, _ builder: inout NetworkBuilder) -> EncodedMaps {
        let relu6 = Activation.clip(lowest: 0, highest: 6)
        func name(_ number: Int) -> String { "\(prefix)features.\(number)" }
        func layer(_ name: String, _ norm: String, kernel: Int, activation: Activation?) -> ConvolutionLayer {
            ConvolutionLayer(name, norm: norm, kernel: kernel, activation: activation)
        }

        var stem = layer("\(name(0)).0", "\(name(0)).1", kernel: 3, activation: relu6)
        stem.stride = 2
        var map = builder.layer(stem, on: builder.input)
        var maps = [builder.input]
        for number in 1..<last {
            // From 7 on a pixel stands for 16 of the input, from 14 on for 32.
            let spread = Encoders.Spread(
                stride: halving.contains(number) ? 2 : 1, stageStride: number < 7 ? 8 : number < 14 ? 16 : 32,
                outputStride: outputStride)
            let block = "\(name(number)).conv"
            let input = map
            if number > 1 {
                map = builder.layer(layer("\(block).0.0", "\(block).0.1", kernel: 1, activation: relu6), on: map)
            }
            let place = number > 1 ? 1 : 0
            var depthwise = layer("\(block).\(place).0", "\(block).\(place).1", kernel: 3, activation: relu6)
            depthwise.grouping = .depthwise
            (depthwise.stride, depthwise.dilation) = (spread.stride, spread.dilation)
            map = builder.layer(depthwise, on: map)
            let narrowing = layer("\(block).\(place + 1)", "\(block).\(place + 2)", kernel: 1, activation: nil)
            map = builder.layer(narrowing, on: map)
            if number > 1, !halving.contains(number), map.channels == input.channels {
                map = builder.sum(input, map, label: name(number))
            }
            if taken.contains(number) { maps.append(map) }
        }
        let end = layer("\(name(last)).0", "\(name(last)).1", kernel: 1, activation: relu6)
        maps.append(builder.layer(end, on: map))
        return EncodedMaps(maps: maps, name: "mobilenet_v2")
    }
}
