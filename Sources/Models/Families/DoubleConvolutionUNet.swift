/// The padded U-Net of many PyTorch projects, whose names for its parts differ: blocks of two convolutions with batch
/// norm, one in front, one behind each pooling (`down1`, ...) and one behind each upsampling (`up1`, ... from the bottom
/// up), and a 1 x 1 convolution to the classes.
///
/// The upsampled map is padded with zeros to the size of the skip, and concatenated behind it. Upsampling is an
/// up-convolution (`up1.up`) or, if the file has none, bilinear with aligned corners. Widths follow from the weights,
/// because they differ between projects and between versions of a project.
struct DoubleConvolutionUNet {
    /// The name of the first block. Each block is a Sequential: convolution 0, batch norm 1, ReLU 2, convolution 3,
    /// batch norm 4, ReLU 5.
    var first: String
    var down: @Sendable (Int) -> String
    var up: @Sendable (Int) -> String
    var head: String

    func network(from builder: inout NetworkBuilder) -> RecognizedNetwork {
        let steps = builder.parameters.levels(from: 1, least: 1) { "down\($0)." }
        var maps = [block(first, on: builder.input, &builder)]  // from full resolution down
        for step in 1...steps {
            let pooled = builder.pooled(maps[step - 1], label: "level \(step - 1)")
            maps.append(block(down(step), on: pooled, &builder))
        }
        let isBilinear = !(1...steps).contains { builder.parameters.contains(prefix: "up\($0).up.") }
        var map = maps[steps]
        for step in 1...steps {
            let skip = maps[steps - step]
            let name = "up\(step).up"
            let up =
                isBilinear
                ? builder.bilinear(map, alignCorners: true, label: name)
                : builder.upConvolution(name, on: map, outputs: skip.channels)
            let fitted = builder.fitted(up, to: skip, label: name)
            map = block(
                self.up(step), on: builder.concatenated([skip, fitted], label: "skip into up\(step)"), &builder)
        }
        builder.head(head, on: map)
        let upsampling = isBilinear ? "bilinear upsampling with aligned corners" : "up-convolution"
        return RecognizedNetwork(
            graph: builder.graph,
            summary: "\(builder.text(widths: maps.map(\.channels))), \(upsampling), batch norm before ReLU")
    }

    private func block(
        _ prefix: String, on map: NetworkBuilder.Map, _ builder: inout NetworkBuilder
    ) -> NetworkBuilder.Map {
        builder.paddedBlock(
            [("\(prefix).0", "\(prefix).1"), ("\(prefix).3", "\(prefix).4")], on: map)
    }
}

/// The U-Net of widely read notes on segmenting the DRIVE data set's retinal vessels, with these parameters:
///
///     in_conv.N                  first block
///     downK.1.N                  block behind the K-th pooling
///     upK.up, upK.conv.N         up-convolution, if it has any, and block
///     out_conv.0                 1 x 1 convolution to the classes
enum DRIVEUNetFamily: ModelFamily {
    static let title = "the DRIVE U-Net"
    static let landmark = "in_conv.0.weight"

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        DoubleConvolutionUNet(first: "in_conv", down: { "down\($0).1" }, up: { "up\($0).conv" }, head: "out_conv.0")
            .network(from: &builder)
    }
}

/// Pytorch-UNet, the project of that name and its many copies, with these parameters:
///
///     inc.double_conv.N                          first block
///     downK.maxpool_conv.1.double_conv.N         block behind the K-th pooling
///     upK.up, upK.conv.double_conv.N             up-convolution, if it has any, and block
///     outc.conv                                  1 x 1 convolution to the classes
///
/// Its older form has biased convolutions, up-convolutions that keep their width and decoder blocks without a middle
/// width; today's has none of these. Both follow from the weights.
enum PytorchUNetFamily: ModelFamily {
    static let title = "Pytorch-UNet"
    static let landmark = "inc.double_conv.0.weight"

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let isOld = builder.parameters.contains("inc.double_conv.0.bias")
        var network = DoubleConvolutionUNet(
            first: "inc.double_conv", down: { "down\($0).maxpool_conv.1.double_conv" },
            up: { "up\($0).conv.double_conv" }, head: "outc.conv"
        ).network(from: &builder)
        network.summary = (isOld ? "older form (biased convolutions), " : "today's form, ") + network.summary
        return network
    }
}
