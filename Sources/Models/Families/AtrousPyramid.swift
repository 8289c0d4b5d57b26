import NetworkGraph

/// Atrous spatial pyramid pooling (Chen and others 2017), with these parameters:
///
///     convs.0.0, .1              1 x 1 convolution and batch norm
///     convs.K.0, .1              3 x 3 convolution with a dilation, for K from 1 to 3; if it is separable, convs.K.0.0 is
///                                depthwise and convs.K.0.1 is 1 x 1
///     convs.4.1, .2              1 x 1 convolution and batch norm on the mean of the whole map
///     project.0, .1              1 x 1 convolution and batch norm on all five
struct AtrousPyramid {
    let prefix: String
    /// The dilations where the user does not say others.
    let rates: [Int]

    /// The largest dilation that is taken.
    private static let largestRate = 512

    /// Adds the pyramid, whose parts all have as many channels as its first.
    func added(to map: NetworkBuilder.Map, _ builder: inout NetworkBuilder) -> NetworkBuilder.Map {
        let rates = builder.assumptions.value(
            .rates, default: rates, choices: "three numbers as in 12/24/36",
            text: { $0.map(String.init).joined(separator: "/") }
        ) { text in
            let numbers = text.split(separator: "/").compactMap { Int($0) }
            return numbers.count == 3 && numbers.allSatisfy((1...Self.largestRate).contains) ? numbers : nil
        }
        let first = ConvolutionLayer("\(prefix)convs.0.0", norm: "\(prefix)convs.0.1", kernel: 1, activation: .relu)
        var parts = [builder.layer(first, on: map)]
        for (number, rate) in rates.enumerated() {
            let name = "\(prefix)convs.\(number + 1)"
            parts.append(builder.separable("\(name).0", norm: "\(name).1", dilation: rate, on: map))
        }
        let mean = builder.append(.globalMean, map, label: "\(prefix)convs.4")
        let pooling = ConvolutionLayer("\(prefix)convs.4.1", norm: "\(prefix)convs.4.2", kernel: 1, activation: .relu)
        return projected(
            builder.concatenated(parts, label: "\(prefix)convs"), builder.layer(pooling, on: mean), &builder)
    }

    /// Adds the 1 x 1 convolution on all parts. The mean is one pixel, which is the same at every place: it has a
    /// convolution of its own, and what that gives is added to every pixel.
    private func projected(
        _ parts: NetworkBuilder.Map, _ mean: NetworkBuilder.Map, _ builder: inout NetworkBuilder
    ) -> NetworkBuilder.Map {
        let name = "\(prefix)project.0"
        let whole = builder.parameters.convolution(
            ConvolutionLayer(name, kernel: 1), inputs: parts.channels + mean.channels, outputs: parts.channels / 4)
        let ofParts = Convolution(weights: whole.weights.columns(0..<parts.channels))
        let ofMean = Convolution(weights: whole.weights.columns(parts.channels..<parts.channels + mean.channels))
        let sum = builder.graph.append(
            .arithmetic(.addition), builder.append(ofParts, parts, label: name).value,
            builder.append(ofMean, mean, label: name).value, label: name)
        let result = NetworkBuilder.Map(value: sum, channels: whole.outputChannels)
        return builder.relu(builder.batchNorm("\(prefix)project.1", on: result), label: name)
    }
}

extension NetworkBuilder {
    /// Adds a 3 x 3 convolution, or a depthwise one (0) with a 1 x 1 (1) behind it if the file has these, a batch norm and
    /// ReLU.
    mutating func separable(_ name: String, norm: String, dilation: Int = 1, on map: Map) -> Map {
        guard ["0", "1"].contains(where: { parameters.contains(prefix: "\(name).\($0).") }) else {
            var layer = ConvolutionLayer(name, norm: norm, activation: .relu)
            layer.dilation = dilation
            return self.layer(layer, on: map)
        }
        var depthwise = ConvolutionLayer("\(name).0")
        depthwise.grouping = .depthwise
        depthwise.dilation = dilation
        let pointwise = ConvolutionLayer("\(name).1", norm: norm, kernel: 1, activation: .relu)
        return layer(pointwise, on: layer(depthwise, on: map))
    }
}

extension ConstantTensor {
    /// The weights of a 1 x 1 convolution for some of its inputs, of shape (out channels, inputs, 1, 1).
    fileprivate func columns(_ range: Range<Int>) -> ConstantTensor {
        let (rows, width, whole) = (shape[0], shape[1], self)
        return ConstantTensor(shape: [rows, range.count, 1, 1]) {
            let elements = whole.elements()
            return (0..<rows).flatMap { elements[$0 * width + range.lowerBound..<$0 * width + range.upperBound] }
        }
    }
}
