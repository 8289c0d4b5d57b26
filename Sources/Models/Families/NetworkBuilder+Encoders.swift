import NetworkGraph

/// What encoders and decoders are made of.
extension NetworkBuilder {
    /// Adds a convolution with its padding, its norm and its activation.
    mutating func layer(_ layer: ConvolutionLayer, on map: Map) -> Map {
        let outputs = layer.norm.flatMap { parameters.channels("\($0).running_mean", rank: 1) } ?? map.channels
        let convolution = parameters.convolution(layer, inputs: map.channels, outputs: outputs)
        let padding = layer.padding ?? Borders(all: convolution.kernelHeight / 2 * layer.dilation)
        var result = map
        if padding != Borders(all: 0) {
            result = append(.padding(Padding(.zero, amounts: padding)), result, label: layer.name)
        }
        result = append(convolution, result, label: layer.name)
        if let norm = layer.norm {
            let affine = parameters.batchNorm(norm, channels: result.channels, epsilon: layer.epsilon)
            result = append(.affine(affine), result, label: norm)
        }
        return layer.activation.map { append(.activation($0), result, label: layer.name) } ?? result
    }

    /// Adds the sum of two maps. Different numbers of channels are noted as a problem.
    mutating func sum(_ left: Map, _ right: Map, label: String) -> Map {
        guard left.channels == right.channels else {
            parameters.note("\(label) adds maps of \(left.channels) and \(right.channels) channels")
            return left
        }
        return Map(
            value: graph.append(.arithmetic(.addition), left.value, right.value, label: label),
            channels: left.channels)
    }

    /// Adds the product of a map and a gate of one pixel, or of one channel.
    mutating func product(_ map: Map, gate: Map, label: String) -> Map {
        guard gate.channels == map.channels || gate.channels == 1 else {
            parameters.note("\(label) multiplies maps of \(map.channels) and \(gate.channels) channels")
            return map
        }
        return Map(
            value: graph.append(.arithmetic(.multiplication), map.value, gate.value, label: label),
            channels: map.channels)
    }

    /// Adds squeeze-and-excitation (Hu and others 2018): each channel is weighed by a number that two 1 x 1
    /// convolutions make of the means of all channels.
    mutating func squeezeAndExcitation(
        _ names: (reduce: String, expand: String), on map: Map, activation: Activation, label: String
    ) -> Map {
        var reduce = ConvolutionLayer(names.reduce, kernel: 1, activation: activation)
        var expand = ConvolutionLayer(names.expand, kernel: 1, activation: .sigmoid)
        (reduce.biases, expand.biases) = (.all, .all)
        let mean = append(.globalMean, map, label: label)
        return product(map, gate: layer(expand, on: layer(reduce, on: mean)), label: label)
    }

    /// Adds nearest-neighbour upsampling to twice the size.
    mutating func nearest(_ map: Map, label: String) -> Map {
        append(
            .resize(Resize(.nearest(.floor), .asymmetric, vertical: .times(2), horizontal: .times(2))), map,
            label: label)
    }

    /// Adds upsampling to twice the size in the given way.
    mutating func doubled(_ map: Map, by upsampling: UpsamplingChoice, label: String) -> Map {
        switch upsampling {
        case .nearest: nearest(map, label: label)
        case .bilinear: bilinear(map, alignCorners: false, label: label)
        case .aligned: bilinear(map, alignCorners: true, label: label)
        }
    }

    /// Adds the pooling of ResNets: the largest of 3 x 3 pixels at every second.
    ///
    /// - Parameter reachesBeyond: true for windows that start at the map's first pixel and reach beyond its last, as
    ///   networks from Caffe have them; false for windows with their middles on the map's pixels.
    mutating func stemPooling(_ map: Map, reachesBeyond: Bool, label: String) -> Map {
        let window = Pooling.Window(taps: 3, stride: 2, before: reachesBeyond ? 0 : 1, after: 1)
        return append(.pooling(Pooling(.maximum, vertical: window, horizontal: window)), map, label: label)
    }
}
