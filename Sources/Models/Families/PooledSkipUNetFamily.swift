import NetworkGraph

/// A U-Net whose skips are the pooled maps, with these parameters:
///
///     downK.conv.conv1.N, downK.conv.conv2.N     convolution (0) and batch norm (1), in front of the K-th pooling
///     center.conv1.N, center.conv2.N
///     upK.up, upK.conv.conv1.N, upK.conv.conv2.N up-convolution and block, beside downK: the highest K comes first
///     final                                      1 x 1 convolution to the classes
///
/// Pooling includes windows that reach beyond the map. A pooled skip is half the size of the map in front of which it
/// is concatenated, and zeros fill the rest. One pixel is cut off each side of the last map.
enum PooledSkipUNetFamily: ModelFamily {
    static let title = "the pooled-skip U-Net"
    static let landmark = "down1.conv.conv1.0.weight"

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let steps = builder.parameters.levels(from: 1, least: 1) { "down\($0)." }
        var map = builder.input
        var widths: [Int] = []
        var skips: [NetworkBuilder.Map] = []
        for step in 1...steps {
            map = block("down\(step).conv", on: map, &builder)
            widths.append(map.channels)
            map = builder.pooled(map, label: "down\(step)", ceilMode: true)
            skips.append(map)
        }
        map = block("center", on: map, &builder)
        widths.append(map.channels)
        for step in (1...steps).reversed() {
            let skip = skips[step - 1]
            let up = builder.upConvolution("up\(step).up", on: map, outputs: skip.channels)
            let label = "skip into up\(step)"
            let joined = builder.concatenated([builder.fitted(skip, to: up, label: label), up], label: label)
            map = block("up\(step).conv", on: joined, &builder)
        }
        builder.head("final", on: builder.append(.crop(Borders(all: 1)), map, label: "cut of the last map"))
        return RecognizedNetwork(
            graph: builder.graph,
            summary: "\(builder.text(widths: widths)), up-convolution, pooled skips padded with zeros, "
                + "batch norm before ReLU")
    }

    private static func block(
        _ prefix: String, on map: NetworkBuilder.Map, _ builder: inout NetworkBuilder
    ) -> NetworkBuilder.Map {
        builder.paddedBlock(
            [("\(prefix).conv1.0", "\(prefix).conv1.1"), ("\(prefix).conv2.0", "\(prefix).conv2.1")], on: map)
    }
}
