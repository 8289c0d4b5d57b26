package import StoredTensors

/// What a node of an ONNX network computes, the differences between operator sets removed.
///
/// All maps are (channels, height, width) in float32, of a batch of 1. Source for the operators' meaning:
/// https://onnx.ai/onnx/operators.
package enum ONNXOperation: Sendable {
    /// The network's input. No inputs.
    case input
    /// `Conv`; and `Gemm` and `MatMul` with weights, which are 1 x 1 convolutions.
    case convolution(Convolution)
    /// `ConvTranspose`. `weights` are (in channels, out channels / groups, kernel height, kernel width); what `pads`
    /// says is cut from the result, and `outputPadding` rows and columns more are computed at its end.
    case transposedConvolution(Convolution, outputPadding: Extents)
    /// `BatchNormalization` at inference.
    case batchNormalization(BatchNormalization)
    /// `InstanceNormalization` (as many groups as channels), and group normalisation: each group of neighbouring
    /// channels has mean 0 and variance 1 over all its pixels, then each channel its factor and summand.
    case groupNormalization(groups: Int, Affine, epsilon: Float)
    case activation(Activation)
    /// `Softmax` along one axis.
    case softmax(MapAxis)
    /// `Add`, `Sub`, `Mul`, `Div` of two maps, or of a map and a constant. Extents of 1 are stretched.
    case arithmetic(Arithmetic)
    /// `Concat`
    case concatenation(MapAxis)
    /// `MaxPool`: pixels beyond the map count for nothing.
    case maxPooling(Pooling)
    /// `AveragePool`: the sum over a window, divided by its pixels inside the map, or with `countsPadding` by those
    /// inside the map with its `pads`.
    case averagePooling(Pooling, countsPadding: Bool)
    /// `ReduceMean`, and over height and width `GlobalAveragePool`. The axes stay, with extent 1.
    case mean([MapAxis])
    /// `Resize`, `Upsample`
    case resize(Resize)
    /// `Pad` along height and width.
    case pad(Pad)
    /// `Slice` and `Split`: what is kept of each axis.
    case slice(channels: Slice, rows: Slice, columns: Slice)
}

extension ONNXOperation {
    /// A convolution, or a transposed one.
    package struct Convolution: Sendable {
        /// (out channels, in channels / groups, kernel height, kernel width)
        package var weights: StoredTensor
        /// (out channels)
        package var bias: StoredTensor?
        /// Pixels from one window to the next.
        package var strides = Extents(height: 1, width: 1)
        /// Pixels from one tap to the next.
        package var dilations = Extents(height: 1, width: 1)
        /// Zeros around the input; `auto_pad` is worked out for the size at hand.
        package var pads = Pads(all: 0)
        /// The groups that channels are divided into, each convolved alone.
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
        /// What keeps the divisor from 0.
        package var epsilon: Float
    }

    /// A function of each element.
    package enum Activation: Sendable {
        case relu
        /// `x < 0 ? slope * x : x`
        case leakyRelu(slope: Float)
        /// The same with a slope for each channel, or one for all: (channels) or (1).
        case prelu(slopes: StoredTensor)
        /// Bounds may be infinite.
        case clip(Float, Float)
        case sigmoid
        /// `max(0, min(1, alpha * x + beta))`
        case hardSigmoid(alpha: Float, beta: Float)
        /// `x * max(0, min(1, x / 6 + 0.5))`
        case hardSwish
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
        /// The other operand, (channels, height, width), each the map's extent or 1; nil where both are maps.
        package var constant: StoredTensor?
        /// The constant is the left operand.
        package var isConstantFirst = false
    }

    /// Windows that move over a map, and of each of which one number comes.
    package struct Pooling: Hashable, Sendable {
        /// The window's extents.
        package var kernel: Extents
        /// Pixels from one window to the next.
        package var strides: Extents
        /// Pixels from one element of a window to the next.
        package var dilations: Extents
        /// `auto_pad` is worked out for the size at hand.
        package var pads: Pads
        /// The last window may reach beyond the map and its padding, as long as it begins inside.
        package var ceilMode: Bool
    }

    /// A change of a map's size.
    package struct Resize: Hashable, Sendable {
        /// How a position between pixels gets its value.
        package enum Mode: Hashable, Sendable {
            case nearest(Rounding)
            case linear
        }

        /// How a fractional position becomes that of the nearest pixel.
        package enum Rounding: String, Sendable {
            case halfDown = "round_prefer_floor"
            case halfUp = "round_prefer_ceil"
            case floor
            case ceil
        }

        /// Where output pixel `i` lies in the input.
        package enum Coordinates: String, Sendable {
            /// `(i + 0.5) / scale - 0.5`
            case halfPixel = "half_pixel"
            /// The same as halfPixel, but 0 where the output has a single pixel.
            case pytorchHalfPixel = "pytorch_half_pixel"
            /// `input / 2 * (1 - output / (input * scale)) + (i + 0.5) / scale - 0.5`: as halfPixel, about the middle,
            /// where the output's size was rounded down.
            case halfPixelSymmetric = "half_pixel_symmetric"
            /// `i * (input - 1) / (output - 1)`, and 0 where the output has a single pixel.
            case alignCorners = "align_corners"
            /// `i / scale`
            case asymmetric
            /// `(i + 0.5) / scale`
            case tensorFlowHalfPixel = "tf_half_pixel_for_nn"
        }

        /// How a position between pixels gets its value.
        package var mode: Mode
        /// Where output pixels lie in the input.
        package var coordinates: Coordinates
        /// Output pixels for each input pixel, with which positions are worked out: as the file has it, or where that
        /// gives sizes, output size / input size. ONNX Runtime computes positions in float32, which shows where
        /// `nearest` has to choose between two pixels.
        package var verticalScale: Float
        /// The same along the width.
        package var horizontalScale: Float
        /// The file gives the output's size and not a factor.
        package var isToSize: Bool
    }

    /// Pixels added around a map.
    package struct Pad: Hashable, Sendable {
        /// What the added pixels are.
        package enum Mode: Hashable, Sendable {
            case constant(Float)
            /// Mirrored without repeating the edge pixel.
            case reflect
            /// The edge pixel repeated.
            case edge
        }

        /// What the added pixels are.
        package var mode: Mode
        /// Pixels added on each side; negative numbers cut.
        package var amounts: Pads
    }

    /// What is kept of an axis: `count` elements from `start` on, each `step` behind the one before.
    package struct Slice: Hashable, Sendable {
        /// The first element that is kept.
        package var start: Int
        /// How many elements are kept.
        package var count: Int
        /// How far each lies behind the one before; negative from the end on.
        package var step: Int
    }
}
