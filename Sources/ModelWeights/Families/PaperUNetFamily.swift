package import NetworkGraph
import Tensors

/// The paper's U-Net as it is commonly written in PyTorch, with these parameters:
///
///     down_path.K.block.N        convolutions and batch norms of level K, from full resolution down
///     up_path.K.up               2 x 2 up-convolution, or up_path.K.up.1, the 1 x 1 convolution behind bilinear upsampling
///     up_path.K.conv_block.block.N
///     last                       1 x 1 convolution to the classes
///
/// A block is a Sequential of (convolution, ReLU), (convolution, ReLU, batch norm) or (convolution, batch norm, ReLU),
/// twice; N counts all of these, so that the convolutions' places tell which it is.
package enum PaperUNetFamily: ModelFamily {
    package static let title = "the paper's U-Net"
    package static let landmark = "down_path.0.block.0.weight"

    package static func network(from parameters: inout ParameterTable) -> RecognizedNetwork? {
        guard let first = parameters.shape(landmark), first.count == 4, first.allSatisfy({ $0 > 0 }) else { return nil }
        let inputChannels = first[1]
        let style = blockStyle(parameters)
        var encoder: [PaperUNet.Block] = []
        var widths = [inputChannels]
        while parameters.contains("down_path.\(encoder.count).block.0.weight") {
            let prefix = "down_path.\(encoder.count).block"
            let width = parameters.shape("\(prefix).0.weight")!.first ?? 0
            guard width > 0 else { return nil }
            encoder.append(block(prefix, from: widths.last!, to: width, style, &parameters))
            widths.append(width)
        }
        widths.removeFirst()
        var decoder: [PaperUNet.DecoderStep] = []
        for (number, width) in widths.dropLast().reversed().enumerated() {
            let prefix = "up_path.\(number)"
            let below = widths[widths.count - 1 - number]
            decoder.append(
                PaperUNet.DecoderStep(
                    upsampling: upsampling(prefix, from: below, to: width, &parameters),
                    block: block("\(prefix).conv_block.block", from: 2 * width, to: width, style, &parameters),
                    label: "\(prefix).up"))
        }
        let classes = parameters.shape("last.weight")?.first ?? 1
        let head = convolution("last", from: widths[0], to: max(1, classes), kernel: 1, &parameters)
        let network = PaperUNet(inputChannels: inputChannels, encoder: encoder, decoder: decoder, head: head)
        return RecognizedNetwork(
            graph: network.graph(),
            summary: "\(encoder.count) levels, widths \(widths.map(String.init).joined(separator: ", ")), "
                + "\(network.upsamplingName), \(style.name)")
    }

    /// Where a block's norm stands.
    private enum BlockStyle {
        case plain
        case normAfterReLU
        case normBeforeReLU

        /// Positions of (convolution, batch norm) in the Sequential.
        var places: [(convolution: Int, norm: Int?)] {
            switch self {
            case .plain: [(0, nil), (2, nil)]
            case .normAfterReLU: [(0, 2), (3, 5)]
            case .normBeforeReLU: [(0, 1), (3, 4)]
            }
        }

        var name: String {
            switch self {
            case .plain: "no batch norm"
            case .normAfterReLU: "batch norm after ReLU"
            case .normBeforeReLU: "batch norm before ReLU"
            }
        }
    }

    private static func blockStyle(_ parameters: ParameterTable) -> BlockStyle {
        if parameters.contains("down_path.0.block.1.running_mean") { return .normBeforeReLU }
        if parameters.contains("down_path.0.block.2.running_mean") { return .normAfterReLU }
        return .plain
    }

    private static func block(
        _ prefix: String, from inputs: Int, to outputs: Int, _ style: BlockStyle, _ parameters: inout ParameterTable
    ) -> PaperUNet.Block {
        var units: [PaperUNet.Unit] = []
        for (number, place) in style.places.enumerated() {
            let label = "\(prefix).\(place.convolution)"
            let convolution = convolution(
                label, from: number == 0 ? inputs : outputs, to: outputs, kernel: 3, &parameters)
            let norm = place.norm.map { parameters.batchNorm("\(prefix).\($0)", channels: outputs) }
            units.append(
                PaperUNet.Unit(
                    convolution: convolution,
                    normalization: norm.map { style == .normBeforeReLU ? .beforeReLU($0) : .afterReLU($0) },
                    label: label))
        }
        return PaperUNet.Block(units: units)
    }

    private static func upsampling(
        _ prefix: String, from inputs: Int, to outputs: Int, _ parameters: inout ParameterTable
    ) -> PaperUNet.Upsampling {
        if parameters.contains("\(prefix).up.1.weight") {
            return .bilinear(convolution("\(prefix).up.1", from: inputs, to: outputs, kernel: 1, &parameters))
        }
        let weights = parameters.tensor("\(prefix).up.weight", shape: [inputs, outputs, 2, 2])
        let bias = parameters.optionalTensor("\(prefix).up.bias", shape: [outputs])
        return .upConvolution(TransposedConvolution(weights: weights, bias: bias, stride: 2))
    }

    private static func convolution(
        _ name: String, from inputs: Int, to outputs: Int, kernel: Int, _ parameters: inout ParameterTable
    ) -> Convolution {
        Convolution(
            weights: parameters.tensor("\(name).weight", shape: [outputs, inputs, kernel, kernel]),
            bias: parameters.optionalTensor("\(name).bias", shape: [outputs]))
    }
}

extension ParameterTable {
    /// PyTorch's BatchNorm2d: running statistics, and weight and bias unless it was made with `affine=False`.
    package mutating func batchNorm(_ name: String, channels: Int) -> ChannelAffine {
        ignore("\(name).num_batches_tracked")
        let ones = ConstantTensor(shape: [channels]) { Array(repeating: 1, count: channels) }
        let zeros = ConstantTensor(shape: [channels]) { Array(repeating: 0, count: channels) }
        return ChannelAffine(
            batchNorm: optionalTensor("\(name).weight", shape: [channels]) ?? ones,
            bias: optionalTensor("\(name).bias", shape: [channels]) ?? zeros,
            mean: tensor("\(name).running_mean", shape: [channels]),
            variance: tensor("\(name).running_var", shape: [channels]))
    }
}

extension PaperUNet {
    fileprivate var upsamplingName: String {
        switch decoder.first?.upsampling {
        case .upConvolution: "up-convolution"
        case .bilinear: "bilinear upsampling"
        case nil: "no decoder"
        }
    }
}
