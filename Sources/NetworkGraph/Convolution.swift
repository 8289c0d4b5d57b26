/// A convolution without padding: `out[o] = bias[o] + Σ in[i] * weights[o][i][ky][kx]`.
package struct Convolution: Sendable {
    /// The weights, of shape (out channels, in channels / groups, kernel height, kernel width).
    package var weights: ConstantTensor
    /// What is added to each output channel, of shape (out channels); nil for nothing.
    package var bias: ConstantTensor?
    /// Input pixels from one output pixel's window to the next one's, on both axes.
    package var stride = 1
    /// Input pixels from one tap to the next, on both axes.
    package var dilation = 1
    /// Groups of channels that are convolved each for itself; 1 where every output reads every input.
    package var groups = 1

    /// A convolution of one group without gaps between its taps or windows, where nothing else is said.
    package init(
        weights: ConstantTensor, bias: ConstantTensor? = nil, stride: Int = 1, dilation: Int = 1, groups: Int = 1
    ) {
        self.weights = weights
        self.bias = bias
        self.stride = stride
        self.dilation = dilation
        self.groups = groups
    }

    /// Channels of the map that it gives.
    package var outputChannels: Int { weights.shape[0] }
    /// Channels of the map that it takes.
    package var inputChannels: Int { weights.shape[1] * groups }
    /// Taps along the vertical axis.
    package var kernelHeight: Int { weights.shape[2] }
    /// Taps along the horizontal axis.
    package var kernelWidth: Int { weights.shape[3] }
    /// True if each output channel is made of the one input channel that has its place.
    package var isDepthwise: Bool { groups > 1 && groups == inputChannels && groups == outputChannels }
}

/// A transposed convolution: `out[o][y * stride + ky] += in[i][y] * weights[i][o][ky]`, likewise along x, plus the bias.
///
/// With as many taps as its stride it is the up-convolution of U-Nets, whose windows do not overlap.
package struct TransposedConvolution: Sendable {
    /// The weights in PyTorch's order, of shape (in channels, out channels, kernel height, kernel width).
    package var weights: ConstantTensor
    /// What is added to each output channel, of shape (out channels); nil for nothing.
    package var bias: ConstantTensor?
    /// Output pixels from what one input pixel gives to what the next one gives, on both axes.
    package var stride: Int

    /// A transposed convolution by a stride.
    package init(weights: ConstantTensor, bias: ConstantTensor? = nil, stride: Int) {
        self.weights = weights
        self.bias = bias
        self.stride = stride
    }

    /// Channels of the map that it gives.
    package var outputChannels: Int { weights.shape[1] }
    /// Channels of the map that it takes.
    package var inputChannels: Int { weights.shape[0] }
    /// Taps along the vertical axis.
    package var kernelHeight: Int { weights.shape[2] }
    /// Taps along the horizontal axis.
    package var kernelWidth: Int { weights.shape[3] }
}

/// A factor and a summand for each channel of a map.
package struct ChannelAffine: Sendable {
    /// The factors, of shape (channels).
    package var scale: ConstantTensor
    /// The summands, of shape (channels).
    package var shift: ConstantTensor
    /// What the batch norm that these come from remembers of its training; nil where they come from elsewhere.
    package private(set) var memory: NormMemory?

    /// These factors and summands, one of each for each channel.
    package init(scale: ConstantTensor, shift: ConstantTensor) {
        self.scale = scale
        self.shift = shift
    }

    /// Batch normalisation at inference (Ioffe and Szegedy 2015): `(x - mean) / sqrt(variance + epsilon) * weight + bias`.
    ///
    /// All tensors have one element for each channel.
    package init(
        batchNorm weight: ConstantTensor, bias: ConstantTensor, mean: ConstantTensor, variance: ConstantTensor,
        epsilon: Float = 1e-5
    ) {
        let factors: @Sendable () -> [Float] = {
            zip(weight.elements(), variance.elements()).map { $0 / ($1 + epsilon).squareRoot() }
        }
        scale = ConstantTensor(shape: weight.shape, load: factors)
        shift = ConstantTensor(shape: weight.shape) {
            let factors = factors()
            let (bias, mean) = (bias.elements(), mean.elements())
            return factors.indices.map { bias[$0] - mean[$0] * factors[$0] }
        }
        memory = NormMemory(mean: mean, variance: variance, epsilon: epsilon, weight: weight, bias: bias)
    }
}
