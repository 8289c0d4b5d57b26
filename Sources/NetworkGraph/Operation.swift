/// One operation of a network on maps of (channels, height, width) in float32.
///
/// A new operation is a case here; the compiler then names the few places that have to know it: its channels
/// (`Graph+Shapes`), its geometry (`axisMapping`), its cost, and each backend.
public enum Operation: Sendable {
    /// The network's input of so many bands. No inputs.
    case input(channels: Int)
    /// Without padding ("valid"): the only kind of convolution there is.
    case convolution(Convolution)
    case transposedConvolution(TransposedConvolution)
    /// `out[c] = in[c] * scale[c] + shift[c]`: batch normalisation at inference.
    case affine(ChannelAffine)
    case relu
    /// The largest value under each window. Without padding; a ragged rest is dropped, or with `ceilMode` pooled by a
    /// window that reaches beyond the map.
    case maxPooling(extent: Int, stride: Int, ceilMode: Bool = false)
    /// Bilinear interpolation by a whole factor. With `alignCorners` the corner pixels keep their places, so that the
    /// sample points depend on the map's size; without, pixel centres are half a pixel from the border.
    case bilinearUpsampling(factor: Int, alignCorners: Bool = false)
    /// Inputs (map, reference): the map with zeros around it, or cut, to the reference's height and width, its middle
    /// over the reference's. Of an odd difference, the larger part is at the end.
    case fitToSize
    /// Cut by fixed amounts; with negative amounts, zeros are added.
    case crop(Borders)
    /// All inputs behind each other along the channels.
    case concatenation
    case activation(Activation)
    /// Of two inputs, the first to the left of the second. One of one pixel, or of one channel, is stretched.
    case arithmetic(Arithmetic)
    case pooling(Pooling)
    case resize(Resize)
    case padding(Padding)
    /// Over all pixels: one pixel is left.
    case globalMean
    /// Over all channels: one channel is left.
    case channelMean
    /// Over the channels.
    case softmax
    /// Every `step`-th of its input's channels, `count` of them from `start` on.
    case channelSlice(start: Int, count: Int, step: Int)
    /// Each group of neighbouring channels gets mean 0 and variance 1 over all its pixels, then each channel its factor
    /// and summand (Wu and He 2018). As many groups as channels: instance normalisation.
    case groupNormalization(groups: Int, ChannelAffine, epsilon: Float)
}

/// `out[o] = bias[o] + Σ in[i] * weights[o][i][ky][kx]`.
public struct Convolution: Sendable {
    /// (out channels, in channels / groups, kernel height, kernel width)
    public var weights: ConstantTensor
    /// (out channels)
    public var bias: ConstantTensor?
    public var stride = 1
    public var dilation = 1
    public var groups = 1

    public init(
        weights: ConstantTensor, bias: ConstantTensor? = nil, stride: Int = 1, dilation: Int = 1, groups: Int = 1
    ) {
        self.weights = weights
        self.bias = bias
        self.stride = stride
        self.dilation = dilation
        self.groups = groups
    }

    public var outputChannels: Int { weights.shape[0] }
    public var inputChannels: Int { weights.shape[1] * groups }
    public var kernelHeight: Int { weights.shape[2] }
    public var kernelWidth: Int { weights.shape[3] }
    /// Whether each output is made of the one input that has its place.
    public var isDepthwise: Bool { groups > 1 && groups == inputChannels && groups == outputChannels }
}

/// `out[o][y * stride + ky] += in[i][y] * weights[i][o][ky]`, likewise along x, plus the bias.
public struct TransposedConvolution: Sendable {
    /// (in channels, out channels, kernel height, kernel width), PyTorch's order
    public var weights: ConstantTensor
    /// (out channels)
    public var bias: ConstantTensor?
    public var stride: Int

    public init(weights: ConstantTensor, bias: ConstantTensor? = nil, stride: Int) {
        self.weights = weights
        self.bias = bias
        self.stride = stride
    }

    public var outputChannels: Int { weights.shape[1] }
    public var inputChannels: Int { weights.shape[0] }
    public var kernelHeight: Int { weights.shape[2] }
    public var kernelWidth: Int { weights.shape[3] }
}

/// A factor and a summand for each channel.
public struct ChannelAffine: Sendable {
    /// (channels)
    public var scale: ConstantTensor
    /// (channels)
    public var shift: ConstantTensor

    public init(scale: ConstantTensor, shift: ConstantTensor) {
        self.scale = scale
        self.shift = shift
    }

    /// Batch normalisation at inference (Ioffe and Szegedy 2015): `(x - mean) / sqrt(variance + epsilon) * weight + bias`.
    ///
    /// All tensors have one element a channel.
    public init(
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
    }
}

/// Pixels at each side of a map.
public struct Borders: Hashable, Sendable {
    public var top: Int
    public var left: Int
    public var bottom: Int
    public var right: Int

    public init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// Whether, as a crop, it adds zeros somewhere.
    public var isPadding: Bool { min(top, left, bottom, right) < 0 }

    /// The same on every side.
    public init(all pixels: Int) { self.init(top: pixels, left: pixels, bottom: pixels, right: pixels) }
}

extension Operation {
    /// Zeros around a map: a crop by negative amounts.
    public static func zeroPadding(_ pixels: Int) -> Operation { .crop(Borders(all: -pixels)) }
}

/// The two directions of a map.
public enum Axis: CaseIterable, Sendable {
    case vertical
    case horizontal
}

extension Operation {
    /// How the output reads its first input along one axis (for `concatenation`: each of its inputs).
    ///
    /// For maps without borders: sample points that depend on a map's size are another matter, as is what reads its whole
    /// input (`readsWholeMap`).
    ///
    /// - Precondition: not `input`, and `fitToSize` has been made a `crop`.
    func mapping(_ axis: Axis) -> AxisMapping {
        switch self {
        case .input, .fitToSize:
            preconditionFailure("\(name) has no geometry of its own")
        case .convolution(let convolution):
            let taps = axis == .vertical ? convolution.kernelHeight : convolution.kernelWidth
            return .window(extent: (taps - 1) * convolution.dilation + 1, stride: convolution.stride, offset: 0)
        case .transposedConvolution(let convolution):
            let taps = axis == .vertical ? convolution.kernelHeight : convolution.kernelWidth
            return .expanding(extent: taps, factor: convolution.stride, offset: 0)
        case .maxPooling(let extent, let stride, _):
            return .window(extent: extent, stride: stride, offset: 0)
        case .bilinearUpsampling(let factor, _):
            // out[i] lies at in[(i + 1/2) / factor - 1/2] and reads the pixels on both sides of it.
            return .expanding(extent: 2 * factor, factor: factor, offset: (factor + 1) / 2)
        case .crop(let crop):
            return .window(extent: 1, stride: 1, offset: axis == .vertical ? crop.top : crop.left)
        case .pooling(let pooling):
            let window = pooling.window(axis)
            return .window(extent: window.extent, stride: window.stride, offset: -window.before)
        case .resize(let resize):
            return resize.mapping(axis)
        case .padding(let padding):
            let amounts = padding.amounts
            return .window(extent: 1, stride: 1, offset: axis == .vertical ? -amounts.top : -amounts.left)
        case .affine, .relu, .concatenation, .activation, .arithmetic, .globalMean, .channelMean, .softmax,
            .channelSlice, .groupNormalization:
            return .identity
        }
    }

    /// Why tiles do not fit together without seams where a network has this operation; nil where it is equivariant to
    /// shifts.
    var seam: String? {
        switch self {
        case .bilinearUpsampling(_, alignCorners: true):
            "bilinear upsampling with aligned corners samples at places that depend on the tile's size"
        case .resize(let resize): resize.seam
        case .globalMean: "a mean over the whole map makes every pixel depend on the whole tile"
        case .groupNormalization: "mean and variance of the whole map make every pixel depend on the whole tile"
        default: nil
        }
    }

    /// Whether each pixel depends on all of the input, or may where maps have borders.
    package var readsWholeMap: Bool {
        if case .padding = self { return true }
        return seam != nil
    }

    /// The range of its first input (for `concatenation`: of each input) that a range of the output reads.
    ///
    /// - Precondition: as for `mapping`.
    package func inputs(of range: Range<Int>, _ axis: Axis) -> Range<Int> { mapping(axis).inputs(of: range) }

    /// The operation's common name, for messages and listings.
    public var name: String {
        switch self {
        case .input: "input"
        case .convolution: "convolution"
        case .transposedConvolution: "up-convolution"
        case .affine: "normalisation"
        case .relu: "ReLU"
        case .maxPooling: "max pooling"
        case .bilinearUpsampling: "bilinear upsampling"
        case .fitToSize: "fit to size"
        case .crop(let borders): borders.isPadding ? "zero padding" : "crop"
        case .concatenation: "concatenation"
        case .activation(let activation): activation.name
        case .arithmetic(let arithmetic): arithmetic.rawValue
        case .pooling(let pooling): pooling.kind == .maximum ? "max pooling" : "average pooling"
        case .resize: "resizing"
        case .padding: "padding"
        case .globalMean: "mean over the map"
        case .channelMean: "mean over the channels"
        case .softmax: "softmax"
        case .channelSlice: "slice of channels"
        case .groupNormalization: "group normalisation"
        }
    }
}
