import NetworkGraph

/// EfficientNet b0 to b7 (Tan and Le 2019) as the project EfficientNet-PyTorch writes it, with these parameters:
///
///     _conv_stem, _bn0                                3 x 3 convolution with stride 2
///     _blocks.N._expand_conv, ._bn0                   1 x 1 convolution to more channels, where there are more
///     _blocks.N._depthwise_conv, ._bn1
///     _blocks.N._se_reduce, ._se_expand               squeeze-and-excitation
///     _blocks.N._project_conv, ._bn2                  1 x 1 convolution to fewer channels
///
/// Convolutions are padded as in TensorFlow, for the size of picture that each network was first trained with: where a
/// map of odd length is halved, there are as many zeros before it as behind it, and else one more behind it.
enum EfficientNetEncoder: Encoder {
    static let landmark = "_conv_stem.weight"
    static let marks = ["_conv_stem.", "_blocks."]

    private static let mostBlocks = 200
    private static let epsilon: Float = 1e-3

    static func maps(prefix: String, outputStride: Int, _ builder: inout NetworkBuilder) -> EncodedMaps {
        for unused in ["_conv_head.", "_bn1."] { builder.parameters.ignore(prefix: prefix + unused) }
        let count = max(1, builder.parameters.count(upTo: mostBlocks) { "\(prefix)_blocks.\($0)." })
        let size = Size(blocks: count, prefix: prefix, builder.parameters)

        var length = size.pictureLength
        var stem = ConvolutionLayer(
            "\(prefix)_conv_stem", norm: "\(prefix)_bn0", stride: 2, activation: .silu)
        stem.epsilon = epsilon
        stem.padding = padding(kernel: 3, stride: 2, length: &length)
        var map = builder.layer(stem, on: builder.input)
        var maps = [builder.input, map]
        var stages = MobileStages()
        let taken = size.takenBlocks(count)
        for number in 0..<count {
            let name = "\(prefix)_blocks.\(number)"
            let outputs = builder.parameters.channels("\(name)._project_conv.weight", rank: 4) ?? map.channels
            let own = stages.next(inputs: map.channels, outputs: outputs)
            let stageStride = number > taken[2] ? 32 : number > taken[1] ? 16 : 8
            let spread = Encoders.Spread(stride: own, stageStride: stageStride, outputStride: outputStride)
            var block = MobileBlock(stride: spread.stride, dilation: spread.dilation)
            block.isResidual = own == 1
            if ["_expand_conv.", "_bn0."].contains(where: { builder.parameters.contains(prefix: "\(name).\($0)") }) {
                block.expand = ("\(name)._expand_conv", "\(name)._bn0")
            }
            block.depthwise = ("\(name)._depthwise_conv", "\(name)._bn1")
            block.squeeze = ("\(name)._se_reduce", "\(name)._se_expand")
            block.project = ("\(name)._project_conv", "\(name)._bn2")
            block.epsilon = epsilon
            let kernel = builder.parameters.channels("\(name)._depthwise_conv.weight", axis: 3, rank: 4) ?? 3
            let padded = padding(kernel: min(kernel, 31), stride: own, length: &length)
            if spread.dilation == 1 { block.padding = padded }
            map = block.added(to: map, name, &builder)
            if taken.contains(number) { maps.append(map) }
        }
        return EncodedMaps(maps: maps, name: "efficientnet-\(size.rawValue)")
    }

    /// Returns the zeros around a map whose sides have `length` pixels, and makes `length` that of the map behind the
    /// convolution.
    private static func padding(kernel: Int, stride: Int, length: inout Int) -> Borders {
        let output = (length + stride - 1) / stride
        let zeros = max(0, (output - 1) * stride + kernel - length)
        length = output
        return Borders(top: zeros / 2, left: zeros / 2, bottom: zeros - zeros / 2, right: zeros - zeros / 2)
    }

    /// The networks of the family.
    private enum Size: String {
        case b0, b1, b2, b3, b4, b5, b6, b7

        /// Tells the network from the number of its blocks, of which b1 and b2 have as many, and from how much wider the
        /// last block is than the stem.
        init(blocks: Int, prefix: String, _ parameters: ParameterTable) {
            switch blocks {
            case ...16: self = .b0
            case ...23:
                let stem = parameters.channels("\(prefix)_conv_stem.weight", rank: 4) ?? 1
                let last = parameters.channels("\(prefix)_blocks.\(blocks - 1)._project_conv.weight", rank: 4) ?? 1
                self = last > 10 * stem ? .b2 : .b1
            case ...26: self = .b3
            case ...32: self = .b4
            case ...39: self = .b5
            case ...45: self = .b6
            default: self = .b7
            }
        }

        /// The side of the pictures that the network was first trained with, in pixels.
        var pictureLength: Int {
            switch self {
            case .b0: 224
            case .b1: 240
            case .b2: 260
            case .b3: 300
            case .b4: 380
            case .b5: 456
            case .b6: 528
            case .b7: 600
            }
        }

        /// The blocks whose maps a decoder gets, the last one of `count` among them. Of b0, the third is the first block
        /// of its stage; of the others, it is the last.
        func takenBlocks(_ count: Int) -> [Int] {
            switch self {
            case .b0: [2, 4, 8, count - 1]
            case .b1, .b2: [4, 7, 15, count - 1]
            case .b3: [4, 7, 17, count - 1]
            case .b4: [5, 9, 21, count - 1]
            case .b5: [7, 12, 26, count - 1]
            case .b6: [8, 14, 30, count - 1]
            case .b7: [10, 17, 37, count - 1]
            }
        }
    }
}

/// EfficientNet as timm writes it, with these parameters:
///
///     conv_stem, bn1                                  3 x 3 convolution with stride 2
///     blocks.0.N.conv_dw, .bn1, .conv_pw, .bn2        blocks of the first stage
///     blocks.K.N.conv_pw, .bn1                        1 x 1 convolution to more channels, for K from 1 to 6
///     blocks.K.N.conv_dw, .bn2, .conv_pwl, .bn3       depthwise convolution, and 1 x 1 to fewer channels
///     blocks.K.N.se.conv_reduce, .se.conv_expand      squeeze-and-excitation; EfficientNet-Lite has none, and ReLU6
enum TimmEfficientNetEncoder: Encoder {
    static let landmark = "conv_stem.weight"
    static let marks = ["conv_stem.", "blocks."]

    private static let mostBlocks = 60

    static func maps(prefix: String, outputStride: Int, _ builder: inout NetworkBuilder) -> EncodedMaps {
        for unused in ["conv_head.", "bn2."] { builder.parameters.ignore(prefix: prefix + unused) }
        let isLite = !builder.parameters.contains(prefix: "\(prefix)blocks.0.0.se.")
        let activation = isLite ? Activation.clip(lowest: 0, highest: 6) : .silu
        let stem = ConvolutionLayer(
            "\(prefix)conv_stem", norm: "\(prefix)bn1", stride: 2, activation: activation)
        var map = builder.layer(stem, on: builder.input)
        var maps = [builder.input, map]
        var count = 0
        for stage in 0...6 {
            let own = [1, 2, 2, 2, 1, 2, 1][stage]
            let spread = Encoders.Spread(
                stride: own, stageStride: stage < 3 ? 8 : stage < 5 ? 16 : 32, outputStride: outputStride)
            let blocks = max(1, builder.parameters.count(upTo: mostBlocks) { "\(prefix)blocks.\(stage).\($0)." })
            for number in 0..<blocks {
                let name = "\(prefix)blocks.\(stage).\(number)"
                var block = MobileBlock(stride: number == 0 ? spread.stride : 1, dilation: spread.dilation)
                block.isResidual = number > 0 || own == 1
                block.activation = activation
                if stage > 0 { block.expand = ("\(name).conv_pw", "\(name).bn1") }
                block.depthwise = ("\(name).conv_dw", stage == 0 ? "\(name).bn1" : "\(name).bn2")
                block.squeeze = isLite ? nil : ("\(name).se.conv_reduce", "\(name).se.conv_expand")
                block.project = stage == 0 ? ("\(name).conv_pw", "\(name).bn2") : ("\(name).conv_pwl", "\(name).bn3")
                map = block.added(to: map, name, &builder)
            }
            count += blocks
            if [1, 2, 4, 6].contains(stage) { maps.append(map) }
        }
        return EncodedMaps(maps: maps, name: "timm-efficientnet\(isLite ? "-lite" : "") of \(count) blocks")
    }
}

/// The strides of EfficientNet's stages, told from where the number of channels changes: there begins a stage.
private struct MobileStages {
    private static let strides = [1, 2, 2, 2, 1, 2, 1]
    private var stage = 0

    /// Returns the stride of the next block.
    mutating func next(inputs: Int, outputs: Int) -> Int {
        guard inputs != outputs, stage < Self.strides.count else { return 1 }
        defer { stage += 1 }
        return Self.strides[stage]
    }
}

/// A block of EfficientNet: to more channels, depthwise convolution, squeeze-and-excitation, and to fewer channels. Where
/// neither size nor channels change, the input is added.
private struct MobileBlock {
    typealias Names = (convolution: String, norm: String)

    var stride: Int
    var dilation: Int
    var expand: Names?
    var depthwise: Names = ("", "")
    var squeeze: (reduce: String, expand: String)?
    var project: Names = ("", "")
    /// Zeros around the map of the depthwise convolution; nil for as many on each side.
    var padding: Borders?
    var epsilon: Float = 1e-5
    var activation = Activation.silu
    var isResidual = false

    init(stride: Int, dilation: Int) {
        self.stride = stride
        self.dilation = dilation
    }

    func added(to input: NetworkBuilder.Map, _ name: String, _ builder: inout NetworkBuilder) -> NetworkBuilder.Map {
        func layer(_ names: Names, kernel: Int, _ activation: Activation?) -> ConvolutionLayer {
            var layer = ConvolutionLayer(names.convolution, norm: names.norm, kernel: kernel, activation: activation)
            layer.epsilon = epsilon
            return layer
        }
        var map = input
        if let expand { map = builder.layer(layer(expand, kernel: 1, activation), on: map) }
        var spatial = layer(depthwise, kernel: 3, activation)
        spatial.grouping = .depthwise
        (spatial.stride, spatial.dilation, spatial.padding) = (stride, dilation, padding)
        map = builder.layer(spatial, on: map)
        if let squeeze {
            map = builder.squeezeAndExcitation(squeeze, on: map, activation: activation, label: name)
        }
        map = builder.layer(layer(project, kernel: 1, nil), on: map)
        return isResidual && map.channels == input.channels ? builder.sum(map, input, label: name) : map
    }
}
