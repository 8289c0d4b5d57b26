/// One operation of a network on maps of (channels, height, width) in float32.
///
/// Each thing that a network can do has one case. Which kernel computes it, and with what it is joined, is the engine's
/// affair. A new operation is a case here; the compiler then names the few places that have to know it: its channels and
/// its lengths (`Graph+Shapes`), its geometry (`mapping`), its name, the engine's lowering and its backends.
package enum Operation: Sendable {
    /// The network's input of so many bands. It has no inputs of its own.
    case input(channels: Int)
    /// A convolution without padding ("valid"), which is the only kind of convolution there is.
    case convolution(Convolution)
    /// An up-convolution, or any other transposed convolution.
    case transposedConvolution(TransposedConvolution)
    /// `out[c] = in[c] * scale[c] + shift[c]`, which is what batch normalisation does at inference.
    case affine(ChannelAffine)
    /// A function of each value for itself, ReLU among them.
    case activation(Activation)
    /// One value for each window of the map, its largest or its mean.
    case pooling(Pooling)
    /// The map resampled to another size, bilinear upsampling among the ways.
    case resize(Resize)
    /// The map with so many pixels cut off at each side, 0 or more.
    case crop(Borders)
    /// The map with pixels added around it, zeros mostly.
    case padding(Padding)
    /// The first of two inputs (map, reference) cut, or with zeros around it, to the reference's height and width, its
    /// middle over the reference's. Of an odd difference, the larger part is at the end.
    case fitToSize
    /// All inputs behind each other along the channels.
    case concatenation
    /// A sum, difference, product or quotient of two inputs, the first to the left of the second. An input of one pixel,
    /// or of one channel, is stretched to the other's extent.
    case arithmetic(Arithmetic)
    /// The mean of each channel over all its pixels: one pixel is left.
    case globalMean
    /// The mean of each pixel over all its channels: one channel is left.
    case channelMean
    /// The largest value of each channel over all its pixels: one pixel is left.
    case globalMaximum
    /// The largest value of each pixel over all its channels: one channel is left.
    case channelMaximum
    /// `exp(in[c]) / Σ exp(in[i])`, a sum over the channels, at each pixel.
    case softmax
    /// A softmax over each of so many groups of neighbouring channels, as of the keys of each head of an attention.
    case groupedSoftmax(groups: Int)
    /// Every `step`-th of its input's channels, `count` of them from `start` on.
    case channelSlice(start: Int, count: Int, step: Int)
    /// Each group of neighbouring channels gets mean 0 and variance 1 over all its pixels, then each channel its factor
    /// and summand (Wu and He 2018). With as many groups as channels it is instance normalisation.
    case groupNormalization(groups: Int, ChannelAffine, epsilon: Float)
    /// Each pixel gets mean 0 and variance 1 over all its channels, then each channel its factor and summand (layer
    /// normalisation; Ba, Kiros and Hinton 2016).
    case channelNormalization(ChannelAffine, epsilon: Float)
    /// Channels become pixels: each square of `block` x `block` pixels is made of as many channels of one pixel.
    case depthToSpace(block: Int, DepthOrder)
    /// Pixels become channels: those of each square of `block` x `block` pixels, row by row, become channels of one pixel,
    /// all channels of the square's first pixel first.
    case spaceToDepth(block: Int)
    /// A sum, difference, product or quotient with a constant for each pixel, as position encodings are. The constant's
    /// shape is (channels, height, width), each the map's or 1.
    case pixelArithmetic(Arithmetic, ConstantTensor, isConstantFirst: Bool)
    /// Of two maps (queries, keys) of the same channels, which are parted into heads: for each head and each of the
    /// pixels of the keys, one after the other, a channel that holds the scalar product of its vector with that of each query.
    case attentionScores(heads: Int, keys: Int)
    /// Of two maps (shares, values): the channels of the shares are heads times the pixels of the values. Each pixel gets,
    /// for each head, the sum of that head's channels of all values, weighted by its shares.
    case attentionMixture(heads: Int)
    /// The map's elements in other places, of a map of another extent.
    case rearrangement(Rearrangement)
}

/// Which channels make the pixels of one square.
package enum DepthOrder: Hashable, Sendable {
    /// `out[c][y * block + i][x * block + j] = in[(i * block + j) * channels + c][y][x]`: ONNX's "DCR".
    case squareFirst
    /// `out[c][y * block + i][x * block + j] = in[(c * block + i) * block + j][y][x]`: ONNX's "CRD", PyTorch's pixel
    /// shuffle.
    case channelFirst
}

/// A function that is applied to each value for itself.
package enum Activation: Sendable {
    /// `max(0, x)`
    case relu
    /// `x < 0 ? slope * x : x`
    case leakyReLU(slope: Float)
    /// As leaky ReLU, with a slope for each channel; the tensor's shape is (channels).
    case parametricReLU(slopes: ConstantTensor)
    /// `min(max(x, lowest), highest)`; bounds may be infinite.
    case clip(lowest: Float, highest: Float)
    /// `1 / (1 + exp(-x))`
    case sigmoid
    /// `max(0, min(1, alpha * x + beta))`
    case hardSigmoid(alpha: Float, beta: Float)
    /// `x * max(0, min(1, x / 6 + 0.5))`
    case hardSwish
    /// `x * sigmoid(x)`
    case silu
    /// `x < 0 ? alpha * (exp(x) - 1) : x`
    case elu(alpha: Float)
    /// `x * Φ(x)`, Φ being the normal distribution's; or the approximation of it by a hyperbolic tangent.
    case gelu(isApproximate: Bool)
    /// `x * tanh(log(1 + exp(x)))`
    case mish
    /// `tanh(x)`
    case tanh
    /// `log(1 + exp(x))`
    case softplus
    /// The error function.
    case erf
    /// `exp(x)`
    case exponential
    /// `sqrt(x)`
    case squareRoot
    /// `x` to a power greater than 0.
    case power(Float)
    /// `|x|`
    case absolute
    /// The nearest whole number to `x / scale`, ties to even, plus a zero point, and clipped: a quantised value in float32.
    case quantized(scale: Float, zero: Float, lowest: Float, highest: Float)
}

/// What is made of two values.
package enum Arithmetic: String, Sendable {
    case addition, subtraction, multiplication, division
}

// MARK: - Common operations

extension Operation {
    /// `max(0, x)` of each value.
    package static var relu: Operation { .activation(.relu) }

    /// The largest value under each square window, without padding.
    ///
    /// - Parameters:
    ///   - extent: height and width of the windows in pixels.
    ///   - stride: pixels from one window to the next.
    ///   - ceilMode: true if a rest that no whole window covers is pooled by one that reaches beyond the map; it is
    ///     dropped otherwise.
    package static func maxPooling(extent: Int, stride: Int, ceilMode: Bool = false) -> Operation {
        let window = Pooling.Window(taps: extent, stride: stride)
        return .pooling(Pooling(.maximum, vertical: window, horizontal: window, ceilMode: ceilMode))
    }

    /// Bilinear interpolation to a whole number of times the height and width.
    ///
    /// - Parameter alignCorners: true if the corner pixels keep their places, so that the sample points depend on the
    ///   map's size; otherwise pixel centres are half a pixel from the border.
    package static func bilinearUpsampling(factor: Int, alignCorners: Bool = false) -> Operation {
        let coordinates: Resize.Coordinates = alignCorners ? .alignCorners : .halfPixel
        return .resize(Resize(.linear, coordinates, vertical: .times(factor), horizontal: .times(factor)))
    }

    /// As many rows and columns of zeros on every side of a map.
    package static func zeroPadding(_ pixels: Int) -> Operation {
        .padding(Padding(.zero, amounts: Borders(all: pixels)))
    }
}

// MARK: - What an operation is like

extension Operation {
    /// What a crop takes off a map at each side, or, as negative numbers, the zeros that padding adds; nil for operations
    /// that do more than move a map's borders.
    package var movedBorders: Borders? {
        switch self {
        case .crop(let borders): borders
        case .padding(let padding) where padding.mode == .zero: padding.amounts.negated
        default: nil
        }
    }

    /// True if the operation applies `max(0, x)`.
    package var isReLU: Bool { if case .activation(.relu) = self { true } else { false } }

    /// Why tiles do not fit together without seams where a network has this operation; nil where it is equivariant to
    /// shifts.
    var seam: String? {
        switch self {
        case .resize(let resize): resize.seam
        case .globalMean: "a mean over the whole map makes every pixel depend on the whole tile"
        case .globalMaximum: "the largest value of the whole map makes every pixel depend on the whole tile"
        case .groupNormalization: "mean and variance of the whole map make every pixel depend on the whole tile"
        case .pixelArithmetic(_, let constant, _) where constant.shape[1] > 1 || constant.shape[2] > 1:
            "it takes another constant at each pixel of the tile, as of position encodings"
        case .attentionScores, .attentionMixture: "attention makes every pixel depend on the whole tile"
        case .rearrangement: "it counts the pixels of the whole tile, as attention in windows does"
        default: nil
        }
    }

    /// True if each pixel depends on all of the input, or may where maps have borders.
    package var readsWholeMap: Bool {
        if case .padding = self { return movedBorders == nil }
        return seam != nil
    }

    /// The operation's common name, for messages and listings.
    package var name: String {
        switch self {
        case .input: "input"
        case .convolution: "convolution"
        case .transposedConvolution: "up-convolution"
        case .affine: "normalisation"
        case .activation(let activation): activation.name
        case .pooling(let pooling): pooling.name
        case .resize(let resize): resize.name
        case .crop: "crop"
        case .padding(let padding): padding.mode == .zero ? "zero padding" : "padding"
        case .fitToSize: "fit to size"
        case .concatenation: "concatenation"
        case .arithmetic(let arithmetic): arithmetic.rawValue
        case .globalMean: "mean over the map"
        case .channelMean: "mean over the channels"
        case .softmax: "softmax"
        case .channelSlice: "slice of channels"
        case .groupNormalization: "group normalisation"
        case .globalMaximum: "largest of the map"
        case .channelMaximum: "largest of the channels"
        case .groupedSoftmax: "softmax of groups"
        case .channelNormalization: "layer normalisation"
        case .depthToSpace: "channels to pixels"
        case .spaceToDepth: "pixels to channels"
        case .pixelArithmetic(let arithmetic, _, _): "\(arithmetic.rawValue) of a constant for each pixel"
        case .attentionScores: "attention's scores"
        case .attentionMixture: "attention's mixture"
        case .rearrangement: "rearrangement"
        }
    }
}

extension Activation {
    /// The function's common name, for messages and listings.
    package var name: String {
        switch self {
        case .relu: "ReLU"
        case .leakyReLU: "leaky ReLU"
        case .parametricReLU: "PReLU"
        case .clip: "clip"
        case .sigmoid: "sigmoid"
        case .hardSigmoid: "hard sigmoid"
        case .hardSwish: "hard swish"
        case .silu: "SiLU"
        case .elu: "ELU"
        case .gelu: "GELU"
        case .mish: "Mish"
        case .tanh: "tanh"
        case .softplus: "softplus"
        case .erf: "error function"
        case .exponential: "exponential"
        case .squareRoot: "square root"
        case .power: "power"
        case .absolute: "absolute value"
        case .quantized: "quantisation"
        }
    }
}
