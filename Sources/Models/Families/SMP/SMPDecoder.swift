import NetworkGraph

/// What the networks of segmentation_models_pytorch share: the encoder under `encoder.`, and pieces of decoders.
extension NetworkBuilder {
    /// Adds the encoder of a network of segmentation_models_pytorch.
    ///
    /// - Parameter outputStride: as for `Encoder.maps`.
    mutating func smpEncoder(outputStride: Int = 32) -> EncodedMaps {
        // The head of a second output, which is a class for the whole picture.
        parameters.ignore(prefix: "classification_head.")
        return Encoders.encoder(in: parameters, prefix: "encoder.")
            .maps(prefix: "encoder.", outputStride: outputStride, &self)
    }

    /// Adds a convolution, its batch norm and ReLU, which are a Sequential: 0, 1, 2. Without norms, the convolutions
    /// have biases.
    mutating func smpLayer(_ name: String, kernel: Int, hasNorms: Bool, on map: Map) -> Map {
        var layer = ConvolutionLayer(
            "\(name).0", norm: hasNorms ? "\(name).1" : nil, kernel: kernel, activation: .relu)
        layer.biases = hasNorms ? .none : .all
        return self.layer(layer, on: map)
    }

    /// Adds the attention of a decoder block, if the file has any: channels are weighed as in squeeze-and-excitation,
    /// pixels by a 1 x 1 convolution, and both products are added (Roy and others 2018).
    mutating func smpAttention(_ name: String, on map: Map) -> Map {
        let prefix = "\(name).attention"
        guard parameters.contains(prefix: "\(prefix).") else { return map }
        let channels = squeezeAndExcitation(
            ("\(prefix).cSE.1", "\(prefix).cSE.3"), on: map, activation: .relu, label: "\(prefix).cSE")
        var gate = ConvolutionLayer("\(prefix).sSE.0", kernel: 1, activation: .sigmoid)
        gate.biases = .all
        let pixels = product(map, gate: layer(gate, on: map), label: "\(prefix).sSE")
        return sum(channels, pixels, label: prefix)
    }

    /// Adds a block of the decoders of Unet and Unet++: the map is doubled, the skip stands behind it, and two
    /// convolutions follow.
    mutating func smpBlock(
        _ name: String, on map: Map, skips: [Map], upsampling: UpsamplingChoice, hasNorms: Bool
    ) -> Map {
        var result = doubled(map, by: upsampling, label: name)
        if skips.isEmpty {
            // It is made all the same, and not used.
            parameters.ignore(prefix: "\(name).attention1.")
        } else {
            result = smpAttention("\(name).attention1", on: concatenated([result] + skips, label: name))
        }
        for number in 1...2 {
            result = smpLayer("\(name).conv\(number)", kernel: 3, hasNorms: hasNorms, on: result)
        }
        return smpAttention("\(name).attention2", on: result)
    }

    /// Adds the block between encoder and decoder that networks on VGG have.
    mutating func smpCenter(on map: Map, hasNorms: Bool) -> Map {
        guard parameters.contains(prefix: "decoder.center.") else { return map }
        return (0...1).reduce(map) { map, number in
            smpLayer("decoder.center.\(number)", kernel: 3, hasNorms: hasNorms, on: map)
        }
    }

    /// Adds the convolution to the classes, upsampling with aligned corners, and the activation, and makes them the
    /// graph's end.
    mutating func smpHead(on map: Map, kernel: Int, upsampling: Int = 1) -> HeadChoice {
        var head = ConvolutionLayer("segmentation_head.0", kernel: kernel)
        head.biases = .all
        var map = layer(head, on: map)
        if upsampling > 1 {
            map = append(
                .bilinearUpsampling(factor: upsampling, alignCorners: true), map, label: "segmentation_head.1")
        }
        return end(on: map, label: "segmentation_head.2")
    }

    /// Adds the activation that the user says a network ends with, and makes it the graph's end.
    mutating func end(on map: Map, label: String) -> HeadChoice {
        let choice = assumptions.choice(.head, as: HeadChoice.self)
        switch choice {
        case .none: graph.end(at: map.value)
        case .sigmoid: graph.end(at: append(.activation(.sigmoid), map, label: label).value)
        case .softmax: graph.end(at: append(.softmax, map, label: label).value)
        }
        return choice
    }
}

/// The families of segmentation_models_pytorch.
protocol SMPFamily: ModelFamily {}

extension SMPFamily {
    static func bands(in parameters: ParameterTable) -> Int { Encoders.bands(in: parameters, prefix: "encoder.") }
}
