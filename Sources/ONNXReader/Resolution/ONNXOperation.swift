package import StoredTensors

/// The operation of a node of an ONNX network, independent of the operator set.
///
/// All maps are (channels, height, width) in float32, of a batch of 1. Source for the operators' meaning:
/// https://onnx.ai/onnx/operators.
package enum ONNXOperation: Sendable {
    /// The network's input, which reads no map.
    case input
    /// `Conv`; and `Gemm` and `MatMul` with weights, which are 1 x 1 convolutions.
    case convolution(Convolution)
    /// `ConvTranspose`. `weights` are (in channels, out channels / groups, kernel height, kernel width). `pads` are
    /// cropped from the result, and `outputPadding` more rows and columns are computed at its end.
    case transposedConvolution(Convolution, outputPadding: Extents)
    /// `BatchNormalization` at inference.
    case batchNormalization(BatchNormalization)
    /// `InstanceNormalization` (as many groups as channels), and group normalisation: each group of neighbouring
    /// channels has mean 0 and variance 1 over all its pixels, then each channel its factor and summand.
    case groupNormalization(groups: Int, Affine, epsilon: Float)
    case activation(Activation)
    /// `LayerNormalization` over the channels: each pixel has mean 0 and variance 1, then each channel its factor and
    /// summand.
    case channelNormalization(Affine, epsilon: Float)
    /// `Softmax` along one axis.
    case softmax(MapAxis)
    /// `Softmax` over each of so many groups of neighbouring channels.
    case groupedSoftmax(groups: Int)
    /// `MatMul` of queries and keys: for each head and each pixel of the keys a channel of scalar products.
    case attentionScores(heads: Int)
    /// `MatMul` of shares and values: for each head the sum of the values' channels, weighted by the shares.
    case attentionMixture(heads: Int)
    /// `Reshape` and `Transpose` where elements have to be moved for them.
    case rearrangement([Digit])
    /// `Add`, `Sub`, `Mul` or `Div` of two maps, or of a map and a constant. Extents of 1 are broadcast.
    case arithmetic(Arithmetic)
    /// `Concat`
    case concatenation(MapAxis)
    /// `MaxPool`. Pixels beyond the map are ignored.
    case maxPooling(Pooling)
    /// `AveragePool`: the sum over a window, divided by the number of its pixels inside the map or, with
    /// `countsPadding`, inside the padded map.
    case averagePooling(Pooling, countsPadding: Bool)
    /// `ReduceMean`, or over height and width `GlobalAveragePool`. The axes stay, with extent 1.
    case mean([MapAxis])
    /// `ReduceMax`, or over height and width `GlobalMaxPool`. The axes stay, with extent 1.
    case maximum([MapAxis])
    /// `DepthToSpace`: channels become pixels of squares, in the order "CRD" or else "DCR".
    case depthToSpace(block: Int, isChannelFirst: Bool)
    /// `SpaceToDepth`
    case spaceToDepth(block: Int)
    /// `Resize`, `Upsample`
    case resize(Resize)
    /// `Pad` along height and width.
    case pad(Pad)
    /// `Slice` and `Split`, with the part that is kept of each axis.
    case slice(channels: Slice, rows: Slice, columns: Slice)
}

extension ONNXOperation {
    /// A convolution, or a transposed one.
    package struct Convolution: Sendable {
        /// The weights: (out channels, in channels / groups, kernel height, kernel width).
        package var weights: StoredTensor
        /// The bias: (out channels).
        package var bias: StoredTensor?
        /// Pixels from one window to the next.
        package var strides = Extents(height: 1, width: 1)
        /// The pixels from one tap to the next.
        package var dilations = Extents(height: 1, width: 1)
        /// The zeros around the input. `auto_pad` is resolved for the size of the input.
        package var pads = Pads(all: 0)
        /// The number of groups of channels, each of which is convolved alone.
        package var groups = 1
    }

    /// A factor and a summand for each channel.
    package struct Affine: Sendable {
        /// (channels)
        package var scale: StoredTensor
        /// (channels)
        package var shift: StoredTensor
    }

    /// `(x - mean) / sqrt(variance + epsilon) * scale + bias`; all tensors are (channels).
    package struct BatchNormalization: Sendable {
        /// The factor `weight` of PyTorch.
        package var scale: StoredTensor
        /// The summand.
        package var bias: StoredTensor
        /// The running mean.
        package var mean: StoredTensor
        /// The running variance.
        package var variance: StoredTensor
        /// The number that keeps the divisor from being 0.
        package var epsilon: Float
    }

    /// A function of each element.
    package enum Activation: Sendable {
        case relu
        /// `x < 0 ? slope * x : x`
        case leakyRelu(slope: Float)
        /// The leaky ReLU with a slope for each channel, or one for all: (channels) or (1).
        case prelu(slopes: StoredTensor)
        /// Clips to a lower and an upper bound, which may be infinite.
        case clip(Float, Float)
        case sigmoid
        /// `max(0, min(1, alpha * x + beta))`
        case hardSigmoid(alpha: Float, beta: Float)
        /// `x * max(0, min(1, x / 6 + 0.5))`
        case hardSwish
        /// `x * sigmoid(x)`
        case swish
        /// `x < 0 ? alpha * (exp(x) - 1) : x`
        case elu(alpha: Float)
        /// `x * Φ(x)`, or its approximation by tanh.
        case gelu(isApproximate: Bool)
        case mish
        case tanh
        case softplus
        case erf
        case exponential
        case squareRoot
        case power(Float)
        case absolute
        /// `clip(round(x / scale) + zero, lowest, highest)`: what `QuantizeLinear` gives, in float32.
        case quantized(scale: Float, zero: Float, lowest: Float, highest: Float)
    }

    /// Arithmetic on two operands, element by element.
    package struct Arithmetic: Sendable {
        /// The four operations, by their operators' names.
        package enum Operator: String, Sendable {
            case add = "Add"
            case subtract = "Sub"
            case multiply = "Mul"
            case divide = "Div"
        }

        /// The operation.
        package var `operator`: Operator
        /// The other operand, (channels, height, width), each the map's extent or 1; nil if both operands are maps.
        package var constant: StoredTensor?
        /// True if the constant is the left operand.
        package var isConstantFirst = false
    }

    /// A pooling: windows that move over a map and give one number each.
    package struct Pooling: Hashable, Sendable {
        /// The window's extents.
        package var kernel: Extents
        /// Pixels from one window to the next.
        package var strides: Extents
        /// The pixels from one element of a window to the next.
        package var dilations: Extents
        /// The padding. `auto_pad` is resolved for the size of the input.
        package var pads: Pads
        /// True if the last window may reach beyond the map and its padding, as long as it begins inside.
        package var ceilMode: Bool
    }

    /// A change of a map's size.
    package struct Resize: Hashable, Sendable {
        /// How a position between pixels gets its value.
        package enum Mode: Hashable, Sendable {
            case nearest(Rounding)
            case linear
            /// A polynomial through four pixels on each axis, with this slope.
            case cubic(a: Float)
        }

        /// How a fractional position becomes that of the nearest pixel.
        package enum Rounding: String, Sendable {
            case halfDown = "round_prefer_floor"
            case halfUp = "round_prefer_ceil"
            case floor
            case ceil
        }

        /// The position of output pixel `i` in the input.
        package enum Coordinates: String, Sendable {
            /// `(i + 0.5) / scale - 0.5`
            case halfPixel = "half_pixel"
            /// As `halfPixel`, but 0 if the output has a single pixel.
            case pytorchHalfPixel = "pytorch_half_pixel"
            /// `input / 2 * (1 - output / (input * scale)) + (i + 0.5) / scale - 0.5`: as `halfPixel`, but centred if
            /// the output's size was rounded down.
            case halfPixelSymmetric = "half_pixel_symmetric"
            /// `i * (input - 1) / (output - 1)`, and 0 if the output has a single pixel.
            case alignCorners = "align_corners"
            /// `i / scale`
            case asymmetric
            /// `(i + 0.5) / scale`
            case tensorFlowHalfPixel = "tf_half_pixel_for_nn"
        }

        /// How a position between pixels gets its value.
        package var mode: Mode
        /// The positions of output pixels in the input.
        package var coordinates: Coordinates
        /// The output pixels for each input pixel, from which positions are computed. It is the file's factor or, if
        /// the file gives a size, output size / input size. ONNX Runtime computes positions in float32, which matters
        /// if `nearest` has to choose between two pixels.
        package var verticalScale: Float
        /// The same along the width.
        package var horizontalScale: Float
        /// True if the file gives the output's size and not a factor.
        package var isToSize: Bool
    }

    /// A digit of the places that an element has in a map and in the one that it is moved to. It counts along one axis of
    /// each, from one of its values to the next by so many elements.
    package struct Digit: Hashable, Sendable {
        /// The values of the digit.
        package var extent: Int
        /// The axis of the map that is read.
        package var source: MapAxis
        /// Its elements from one value to the next; 0 where all have the same one.
        package var sourceStride: Int
        /// The axis of the map that is made.
        package var destination: MapAxis
        /// Its elements from one value to the next.
        package var destinationStride: Int
    }

    /// Pixels added around a map.
    package struct Pad: Hashable, Sendable {
        /// What the added pixels are.
        package enum Mode: Hashable, Sendable {
            case constant(Float)
            /// Mirrors without repeating the edge pixel.
            case reflect
            /// Repeats the edge pixel.
            case edge
        }

        /// What the added pixels are.
        package var mode: Mode
        /// The pixels added on each side. Negative numbers crop.
        package var amounts: Pads
    }

    /// The part of an axis that is kept: `count` elements from `start` on, each `step` after the one before.
    package struct Slice: Hashable, Sendable {
        /// The first element that is kept.
        package var start: Int
        /// The number of elements that are kept.
        package var count: Int
        /// The distance from each element to the next; negative if the order is reversed.
        package var step: Int
    }
}
