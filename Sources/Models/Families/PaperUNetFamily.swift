/// The paper's U-Net (Ronneberger, Fischer and Brox 2015) as it is commonly written in PyTorch, with these parameters:
///
///     down_path.K.block.N        convolutions and batch norms of level K, from full resolution down
///     up_path.K.up               2 x 2 up-convolution, or up_path.K.up.1, the 1 x 1 convolution behind bilinear upsampling
///     up_path.K.conv_block.block.N
///     last                       1 x 1 convolution to the classes
///
/// A block is a Sequential of (convolution, ReLU), (convolution, ReLU, batch norm) or (convolution, batch norm, ReLU),
/// twice; N counts all of these, so that the convolutions' places tell which it is. The skip is cut at its centre and
/// stands behind the upsampled map. No parameter tells whether the convolutions are valid, as in the paper, or padded.
enum PaperUNetFamily: ModelFamily {
    static let title = "the paper's U-Net"
    static let landmark = "down_path.0.block.0.weight"

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let style = BlockStyle(builder.parameters)
        let levels = builder.parameters.levels(from: 0, least: 1) { "down_path.\($0).block." }
        var map = builder.input
        var skips: [NetworkBuilder.Map] = []
        for level in 0..<levels {
            map = block("down_path.\(level).block", on: map, style, options, &builder)
            skips.append(map)
            if level < levels - 1 { map = builder.pooled(map, label: "level \(level)") }
        }
        let widths = skips.map(\.channels)
        for (number, skip) in skips.dropLast().reversed().enumerated() {
            let prefix = "up_path.\(number)"
            let up = upsampled(map, "\(prefix).up", to: skip.channels, &builder)
            let cut = builder.fitted(skip, to: up, label: "skip into \(prefix)")
            let joined = builder.concatenated([up, cut], label: "skip into \(prefix)")
            map = block("\(prefix).conv_block.block", on: joined, style, options, &builder)
        }
        builder.head("last", on: map)
        let parts = [
            builder.text(widths: widths), hasBilinear(builder.parameters) ? "bilinear upsampling" : "up-convolution",
            options.padded ? "padded convolutions" : "valid convolutions", style.rawValue,
        ]
        var network = RecognizedNetwork(graph: builder.graph, summary: parts.joined(separator: ", "))
        network.leavesPaddingOpen = true
        return network
    }

    /// The position of the batch norm in a block.
    private enum BlockStyle: String {
        case plain = "no batch norm"
        case normAfterReLU = "batch norm after ReLU"
        case normBeforeReLU = "batch norm before ReLU"

        init(_ parameters: ParameterTable) {
            if parameters.contains(prefix: "down_path.0.block.1.") {
                self = .normBeforeReLU
            } else {
                self = parameters.contains(prefix: "down_path.0.block.3.") ? .normAfterReLU : .plain
            }
        }

        /// Positions of (convolution, batch norm) in the Sequential.
        var places: [(convolution: Int, norm: Int?)] {
            switch self {
            case .plain: [(0, nil), (2, nil)]
            case .normAfterReLU: [(0, 2), (3, 5)]
            case .normBeforeReLU: [(0, 1), (3, 4)]
            }
        }
    }

    private static func block(
        _ prefix: String, on input: NetworkBuilder.Map, _ style: BlockStyle, _ options: ModelOptions,
        _ builder: inout NetworkBuilder
    ) -> NetworkBuilder.Map {
        style.places.reduce(input) { map, place in
            let label = "\(prefix).\(place.convolution)"
            let norm = place.norm.map { "\(prefix).\($0)" }
            let convolved = builder.convolution(label, on: map, padded: options.padded, norm: norm)
            guard let norm else { return builder.relu(convolved, label: label) }
            if style == .normBeforeReLU {
                return builder.relu(builder.batchNorm(norm, on: convolved), label: label)
            }
            return builder.batchNorm(norm, on: builder.relu(convolved, label: label))
        }
    }

    private static func hasBilinear(_ parameters: ParameterTable) -> Bool {
        parameters.contains("up_path.0.up.1.weight")
    }

    private static func upsampled(
        _ map: NetworkBuilder.Map, _ name: String, to outputs: Int, _ builder: inout NetworkBuilder
    ) -> NetworkBuilder.Map {
        guard hasBilinear(builder.parameters) else { return builder.upConvolution(name, on: map, outputs: outputs) }
        let up = builder.bilinear(map, alignCorners: false, label: name)
        let convolution = builder.parameters.convolution(
            "\(name).1", inputs: up.channels, outputs: outputs, kernel: 1, biases: nil)
        return builder.append(convolution, up, label: "\(name).1")
    }
}
