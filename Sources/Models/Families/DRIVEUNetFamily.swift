/// The U-Net of widely read notes on segmenting the DRIVE data set's retinal vessels, with these parameters:
///
///     in_conv.N                  first block
///     downK.1.N                  block behind the K-th pooling
///     upK.up, upK.conv.N         up-convolution, if it has any, and block
///     out_conv.0                 1 x 1 convolution to the classes
package enum DRIVEUNetFamily: ModelFamily {
    package static let title = "the DRIVE U-Net"
    package static let landmark = "in_conv.0.weight"

    package static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        DoubleConvolutionUNet(first: "in_conv", down: { "down\($0).1" }, up: { "up\($0).conv" }, head: "out_conv.0")
            .network(from: &builder)
    }
}
