import NetworkGraph

/// FCN of torchvision on a ResNet, with these parameters:
///
///     backbone.…                  a ResNet of bottlenecks whose last two stages are dilated
///     classifier.0, .1            3 x 3 convolution and batch norm
///     classifier.4                1 x 1 convolution to the classes
///     aux_classifier.…            a second head, which is for training alone
///
/// The classes are upsampled by 8, bilinearly with half-pixel centres.
enum TorchvisionFCNFamily: ModelFamily {
    static let title = "FCN of torchvision"
    static let landmark = "classifier.0.weight"

    static func bands(in parameters: ParameterTable) -> Int { Torchvision.bands(in: parameters) }

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let encoder = Torchvision.backbone(&builder)
        let layer = ConvolutionLayer("classifier.0", norm: "classifier.1", activation: .relu)
        return Torchvision.network(
            builder.layer(layer, on: encoder.maps.last!), head: "classifier.4", encoder.name, &builder)
    }
}

/// DeepLabV3 of torchvision on a ResNet, with these parameters:
///
///     backbone.…                  a ResNet of bottlenecks whose last two stages are dilated
///     classifier.0.…              the atrous pyramid
///     classifier.1, .2            3 x 3 convolution and batch norm
///     classifier.4                1 x 1 convolution to the classes
///     aux_classifier.…            a second head, which is for training alone
///
/// The classes are upsampled by 8, bilinearly with half-pixel centres.
enum TorchvisionDeepLabFamily: ModelFamily {
    static let title = "DeepLabV3 of torchvision"
    static let landmark = "classifier.0.convs.0.0.weight"

    static func bands(in parameters: ParameterTable) -> Int { Torchvision.bands(in: parameters) }

    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork {
        let encoder = Torchvision.backbone(&builder)
        let pyramid = AtrousPyramid(prefix: "classifier.0.", rates: [12, 24, 36])
        let map = pyramid.added(to: encoder.maps.last!, &builder)
        let layer = ConvolutionLayer("classifier.1", norm: "classifier.2", activation: .relu)
        return Torchvision.network(builder.layer(layer, on: map), head: "classifier.4", encoder.name, &builder)
    }
}

/// What torchvision's segmentation networks share.
private enum Torchvision {
    static let prefix = "backbone."

    static func bands(in parameters: ParameterTable) -> Int {
        parameters.channels(prefix + ResidualEncoder.landmark, axis: 1, rank: 4) ?? 1
    }

    static func backbone(_ builder: inout NetworkBuilder) -> EncodedMaps {
        builder.parameters.ignore(prefix: "aux_classifier.")
        return ResidualEncoder.maps(prefix: prefix, outputStride: 8, dilatesLate: true, &builder)
    }

    static func network(
        _ map: NetworkBuilder.Map, head: String, _ encoder: String, _ builder: inout NetworkBuilder
    ) -> RecognizedNetwork {
        var layer = ConvolutionLayer(head, kernel: 1)
        layer.biases = .all
        let classes = builder.layer(layer, on: map)
        let whole = builder.append(.bilinearUpsampling(factor: 8), classes, label: "upsampling")
        let choice = builder.end(on: whole, label: "head")
        var network = RecognizedNetwork(graph: builder.graph, summary: "encoder \(encoder)")
        network.givesProbabilities = choice != .none
        return network
    }
}
