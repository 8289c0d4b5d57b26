/// The maps that an encoder gives a decoder.
struct EncodedMaps {
    /// The maps from full resolution down, each half the size of the one before it unless the encoder is dilated.
    ///
    /// The first is the input itself, or what an encoder makes of it without halving it.
    var maps: [NetworkBuilder.Map]
    /// The name of the encoder: "resnet34".
    var name: String
}

/// A classification network without its classifier, as decoders of segmentation networks use it.
protocol Encoder: SendableMetatype {
    /// The name of the first convolution's weights, without the prefix of the encoder.
    static var landmark: String { get }
    /// The prefixes of names that encoders further down in `Encoders.all` do not have, without the prefix of the encoder.
    static var marks: [String] { get }
    /// Adds the encoder's layers.
    ///
    /// - Parameters:
    ///   - prefix: what stands before all names of the encoder: "encoder.".
    ///   - outputStride: the input pixels for each pixel of the last map: 32, or 16 or 8 for an encoder whose last stages
    ///     have dilated convolutions instead of strides.
    static func maps(prefix: String, outputStride: Int, _ builder: inout NetworkBuilder) -> EncodedMaps
}

/// The encoders that are known, and which of them a state dict has.
enum Encoders {
    static let all: [any Encoder.Type] = [
        SqueezedResidualEncoder.self, MobileNetEncoder.self, EfficientNetEncoder.self, TimmEfficientNetEncoder.self,
        VGGEncoder.self, ResidualEncoder.self,
    ]

    /// Returns the encoder whose marks are there; a ResNet if none are, so that what is missing is told.
    static func encoder(in parameters: ParameterTable, prefix: String) -> any Encoder.Type {
        all.first { $0.marks.contains { parameters.contains(prefix: prefix + $0) } } ?? ResidualEncoder.self
    }

    /// Returns the number of bands that an encoder reads.
    static func bands(in parameters: ParameterTable, prefix: String) -> Int {
        parameters.channels(prefix + encoder(in: parameters, prefix: prefix).landmark, axis: 1, rank: 4) ?? 1
    }

    /// The stride and dilation of the convolutions of a stage.
    struct Spread {
        var stride: Int
        var dilation: Int

        /// Makes what a stage does that ends at `stageStride` input pixels for each of its own, in an encoder that is not
        /// to go beyond `outputStride`: its stride becomes a dilation.
        init(stride: Int, stageStride: Int, outputStride: Int) {
            let isDilated = stageStride > outputStride
            self.stride = isDilated ? 1 : stride
            dilation = isDilated ? stageStride / outputStride : 1
        }
    }
}
