/// Pytorch-UNet, the project of that name and its many copies, with these parameters:
///
///     inc.double_conv.N                          first block
///     downK.maxpool_conv.1.double_conv.N         block behind the K-th pooling
///     upK.up, upK.conv.double_conv.N             up-convolution, if it has any, and block
///     outc.conv                                  1 x 1 convolution to the classes
///
/// Its older form has biased convolutions, up-convolutions that keep their width and decoder blocks without a middle
/// width; today's has none of these. Both follow from the weights.
package enum PytorchUNetFamily: ModelFamily {
    package static let title = "Pytorch-UNet"
    package static let landmark = "inc.double_conv.0.weight"

    package static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let isOld = builder.parameters.contains("inc.double_conv.0.bias")
        var network = DoubleConvolutionUNet(
            first: "inc.double_conv", down: { "down\($0).maxpool_conv.1.double_conv" },
            up: { "up\($0).conv.double_conv" }, head: "outc.conv"
        ).network(from: &builder)
        network.summary = (isOld ? "older form (biased convolutions), " : "today's form, ") + network.summary
        return network
    }
}
