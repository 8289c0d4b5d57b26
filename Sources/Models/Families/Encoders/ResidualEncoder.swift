import NetworkGraph

/// ResNet 18 to 152 (He and others 2015) and ResNeXt (Xie and others 2016) as torchvision writes them, with these
/// parameters:
///
///     conv1, bn1                                  7 x 7 convolution with stride 2
///     layerK.N.conv1, .bn1, .conv2, .bn2          block N of stage K, 1 to 4; bottlenecks have conv3 and bn3 too
///     layerK.N.downsample.0, .1                   convolution and batch norm of the shortcut where its shape changes
enum ResidualEncoder: Encoder {
    static let landmark = "conv1.weight"
    static let marks = ["conv1.", "layer1."]

    static func maps(prefix: String, outputStride: Int, _ builder: inout NetworkBuilder) -> EncodedMaps {
        maps(prefix: prefix, outputStride: outputStride, dilatesLate: false, &builder)
    }

    /// Adds the encoder's layers.
    ///
    /// - Parameter dilatesLate: as for `ResidualStages`.
    static func maps(
        prefix: String, outputStride: Int, dilatesLate: Bool, _ builder: inout NetworkBuilder
    ) -> EncodedMaps {
        let stem = ConvolutionLayer(
            "\(prefix)conv1", norm: "\(prefix)bn1", kernel: 7, stride: 2, activation: .relu)
        let first = builder.layer(stem, on: builder.input)
        var stages = ResidualStages(prefix: prefix, outputStride: outputStride, dilatesLate: dilatesLate)
        let pooled = builder.stemPooling(first, reachesBeyond: false, label: "\(prefix)maxpool")
        let maps = [builder.input, first] + stages.maps(from: pooled, &builder)
        return EncodedMaps(maps: maps, name: stages.name)
    }
}

/// SE-ResNet, SE-ResNeXt and SENet-154 (Hu and others 2018) as they came from Caffe, with these parameters:
///
///     layer0.conv1, .bn1                          7 x 7 convolution with stride 2; SENet-154 has three of 3 x 3
///     layerK.N.…                                  as in a ResNet of bottlenecks
///     layerK.N.se_module.fc1, .fc2                squeeze-and-excitation in front of the sum with the shortcut
enum SqueezedResidualEncoder: Encoder {
    static let landmark = "layer0.conv1.weight"
    static let marks = ["layer0."]

    static func maps(prefix: String, outputStride: Int, _ builder: inout NetworkBuilder) -> EncodedMaps {
        let isDeep = builder.parameters.contains("\(prefix)layer0.conv2.weight")
        var map = builder.input
        for number in 1...(isDeep ? 3 : 1) {
            let layer = ConvolutionLayer(
                "\(prefix)layer0.conv\(number)", norm: "\(prefix)layer0.bn\(number)", kernel: isDeep ? 3 : 7,
                stride: number == 1 ? 2 : 1, activation: .relu)
            map = builder.layer(layer, on: map)
        }
        var stages = ResidualStages(prefix: prefix, outputStride: outputStride)
        stages.isSqueezed = true
        let pooled = builder.stemPooling(map, reachesBeyond: true, label: "\(prefix)layer0.pool")
        let maps = [builder.input, map] + stages.maps(from: pooled, &builder)
        return EncodedMaps(maps: maps, name: isDeep ? "senet154" : "se_\(stages.name)")
    }
}

/// The four stages of residual blocks that ResNets and their kin share.
struct ResidualStages {
    let prefix: String
    let outputStride: Int
    /// True if each block weighs its channels before the sum.
    var isSqueezed = false
    /// True if a dilated stage's first block keeps the dilation of the stage before it, as in torchvision; false if all
    /// of its convolutions are dilated alike.
    var dilatesLate = false

    /// The name of the network, once its stages were added: "resnet34".
    private(set) var name = ""

    /// The most blocks of a stage. The deepest ResNet that is known has 36.
    private static let mostBlocks = 100

    /// The convolution of a bottleneck that has the stride.
    private enum BottleneckStride: String, CaseIterable {
        case second = "3x3"
        case first = "1x1"
    }

    init(prefix: String, outputStride: Int, dilatesLate: Bool = false) {
        self.prefix = prefix
        self.outputStride = outputStride
        self.dilatesLate = dilatesLate
    }

    /// Adds the stages, and returns the map behind each.
    mutating func maps(
        from map: NetworkBuilder.Map, _ builder: inout NetworkBuilder
    ) -> [NetworkBuilder.Map] {
        let hasBottlenecks = ["conv3.", "bn3."].contains {
            builder.parameters.contains(prefix: "\(prefix)layer1.0.\($0)")
        }
        let grouping = grouping(builder.parameters)
        var isStrideFirst = isSqueezed && grouping == nil
        if hasBottlenecks && !isSqueezed {
            isStrideFirst = builder.assumptions.choice(.bottleneckStride, as: BottleneckStride.self) == .first
        }
        var maps: [NetworkBuilder.Map] = []
        var counts: [Int] = []
        var (map, previous) = (map, 1)
        for stage in 1...4 {
            let spread = Encoders.Spread(
                stride: stage == 1 ? 1 : 2, stageStride: 2 << stage, outputStride: outputStride)
            let count = max(
                1, builder.parameters.count(upTo: Self.mostBlocks) { "\(prefix)layer\(stage).\($0)." })
            for number in 0..<count {
                let dilation = dilatesLate && number == 0 ? previous : spread.dilation
                map = block(
                    "\(prefix)layer\(stage).\(number)", on: map, stride: number == 0 ? spread.stride : 1,
                    dilation: dilation, isBottleneck: hasBottlenecks, isStrideFirst: isStrideFirst,
                    downsamples: number == 0 && stage > 1, &builder)
            }
            previous = spread.dilation
            counts.append(count)
            maps.append(map)
        }
        let layers = 2 + counts.reduce(0, +) * (hasBottlenecks ? 3 : 2)
        name = grouping.map { "resnext\(layers)_\($0.groups)x\($0.width)d" } ?? "resnet\(layers)"
        return maps
    }

    /// Returns the groups of the 3 x 3 convolutions in bottlenecks, and the channels of each in the first stage; nil for
    /// a single group.
    private func grouping(_ parameters: ParameterTable) -> (groups: Int, width: Int)? {
        let block = "\(prefix)layer1.0"
        guard
            let inputs = parameters.channels("\(block).bn1.running_mean", rank: 1)
                ?? parameters.channels("\(block).conv1.weight", rank: 4),
            let width = parameters.channels("\(block).conv2.weight", axis: 1, rank: 4), inputs % width == 0,
            inputs > width
        else { return nil }
        return (inputs / width, width)
    }

    private func block(
        _ name: String, on input: NetworkBuilder.Map, stride: Int, dilation: Int, isBottleneck: Bool,
        isStrideFirst: Bool, downsamples: Bool, _ builder: inout NetworkBuilder
    ) -> NetworkBuilder.Map {
        let last = isBottleneck ? 3 : 2
        let strided = isBottleneck && !isStrideFirst ? 2 : 1
        var map = input
        for number in 1...last {
            var layer = ConvolutionLayer("\(name).conv\(number)", norm: "\(name).bn\(number)")
            layer.kernel = isBottleneck && number != 2 ? 1 : 3
            layer.stride = number == strided ? stride : 1
            layer.dilation = dilation
            layer.grouping = isBottleneck && number == 2 ? .byWeights : .dense
            layer.activation = number == last ? nil : .relu
            map = builder.layer(layer, on: map)
        }
        if isSqueezed {
            map = builder.squeezeAndExcitation(
                ("\(name).se_module.fc1", "\(name).se_module.fc2"), on: map, activation: .relu,
                label: "\(name).se_module")
        }
        var shortcut = input
        if downsamples || builder.parameters.contains(prefix: "\(name).downsample.") {
            var layer = ConvolutionLayer("\(name).downsample.0", norm: "\(name).downsample.1", kernel: 1)
            layer.stride = stride
            layer.dilation = dilation
            shortcut = builder.layer(layer, on: input)
        }
        return builder.append(.relu, builder.sum(map, shortcut, label: name), label: name)
    }
}
