package import NetworkGraph

/// PyTorch's layers by their names: what a family's file is written in.
extension ParameterTable {
    /// Conv2d: its outputs follow from the weights.
    ///
    /// - Parameters:
    ///   - outputs: where the weights do not tell.
    ///   - biases: the group of layers that have a bias all or not at all; nil where there must be one.
    package mutating func convolution(
        _ name: String, inputs: Int, outputs: Int, kernel: Int, biases: String?
    ) -> Convolution {
        let outputs = channels("\(name).weight", rank: 4) ?? channels("\(name).bias", rank: 1) ?? outputs
        let weights = tensor("\(name).weight", shape: [outputs, inputs, kernel, kernel])
        guard let biases else {
            return Convolution(weights: weights, bias: tensor("\(name).bias", shape: [outputs]))
        }
        return Convolution(
            weights: weights, bias: optionalTensor("\(name).bias", shape: [outputs], group: biases))
    }

    /// ConvTranspose2d of 2 x 2 with stride 2 and a bias: its outputs follow from the weights.
    ///
    /// - Parameter outputs: where the weights do not tell.
    package mutating func upConvolution(_ name: String, inputs: Int, outputs: Int) -> TransposedConvolution {
        let outputs =
            channels("\(name).weight", axis: 1, rank: 4) ?? channels("\(name).bias", rank: 1) ?? outputs
        return TransposedConvolution(
            weights: tensor("\(name).weight", shape: [inputs, outputs, 2, 2]),
            bias: tensor("\(name).bias", shape: [outputs]), stride: 2)
    }

    /// BatchNorm2d: running statistics, and weight and bias unless it was made with `affine=False`.
    package mutating func batchNorm(_ name: String, channels: Int) -> ChannelAffine {
        ignoreNumber("\(name).num_batches_tracked")
        let ones = ConstantTensor(shape: [channels]) { Array(repeating: 1, count: channels) }
        let zeros = ConstantTensor(shape: [channels]) { Array(repeating: 0, count: channels) }
        return ChannelAffine(
            batchNorm: optionalTensor("\(name).weight", shape: [channels], group: "norms") ?? ones,
            bias: optionalTensor("\(name).bias", shape: [channels], group: "norms") ?? zeros,
            mean: tensor("\(name).running_mean", shape: [channels]),
            variance: tensor("\(name).running_var", shape: [channels]))
    }

    /// How many levels a network has whose parameters of level `first`, `first + 1`, ... start with `prefix`; at least
    /// `least`, and never more than `ModelFamilies.mostLevels`.
    package func levels(from first: Int, least: Int, _ prefix: (Int) -> String) -> Int {
        var count = 0
        while count < ModelFamilies.mostLevels, contains(prefix: prefix(first + count)) { count += 1 }
        return max(least, count)
    }
}
