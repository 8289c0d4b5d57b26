import NetworkGraph

/// VGG 11 to 19 (Simonyan and Zisserman 2014) as torchvision writes it, with these parameters:
///
///     features.N          3 x 3 convolution; with batch norms, features.N+1 is its norm
///
/// N counts convolutions, norms, ReLUs and poolings, so that the places of the convolutions tell where the poolings are.
enum VGGEncoder: Encoder {
    static let landmark = "features.0.weight"
    static let marks = ["features."]

    /// The most places, where VGG 19 with norms has 53.
    private static let mostPlaces = 200

    static func maps(prefix: String, outputStride: Int, _ builder: inout NetworkBuilder) -> EncodedMaps {
        func name(_ place: Int) -> String { "\(prefix)features.\(place)" }
        func hasLayer(_ place: Int) -> Bool { builder.parameters.contains(prefix: "\(name(place)).") }
        let hasNorms = hasLayer(1)
        let last = (0..<mostPlaces).last(where: hasLayer) ?? 0
        var (map, maps) = (builder.input, [NetworkBuilder.Map]())
        var (place, count) = (0, 0)
        while place <= last {
            // A place without tensors that is not a ReLU's is a pooling.
            guard place == 0 || hasLayer(place) else {
                maps.append(map)
                map = builder.pooled(map, label: name(place))
                place += 1
                continue
            }
            var layer = ConvolutionLayer(
                name(place), norm: hasNorms ? name(place + 1) : nil, activation: .relu)
            layer.biases = .all
            map = builder.layer(layer, on: map)
            place += hasNorms ? 3 : 2
            count += 1
        }
        maps.append(map)
        maps.append(builder.pooled(map, label: name(place)))
        return EncodedMaps(maps: maps, name: "vgg\(count + 3)\(hasNorms ? "_bn" : "")")
    }
}
