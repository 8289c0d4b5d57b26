package import NetworkGraph

/// What a step does to maps without weights, with all that depends on channels said of them as they are stored.
package enum MapOperation: Sendable {
    /// A function of each value for itself.
    case activation(StoredActivation)
    /// What becomes of two maps, the first to the left. `positions` are the destination's channels; an operand of one channel has it
    /// at its own first position. With `relu`, `max(0, x)` follows.
    case arithmetic(Arithmetic, positions: [Int], left: Operand, right: Operand, relu: Bool)
    /// The largest or mean value of each window. The source is the part of the map that the windows reach; `padding` is what they reach beyond it.
    case pooling(Pooling, padding: Borders)
    /// For each row and column of the destination, where it samples the source.
    case resampling(rows: [Resize.Sample], columns: [Resize.Sample])
    /// The same for cubic resizing, of four rows and four columns each.
    case cubicResampling(rows: [Resize.Taps], columns: [Resize.Taps])
    /// The source with other pixels than zeros around it.
    case padding(Padding)
    /// The mean of each channel over all its pixels.
    case globalMean
    /// The mean of the source's channels at `positions`, into the destination's first.
    case channelMean(positions: [Int])
    /// The largest value of each channel over all its pixels.
    case globalMaximum
    /// The largest of the source's channels at `positions`, into the destination's first.
    case channelMaximum(positions: [Int])
    /// Softmax over the channels at `positions`; all others become 0.
    case softmax(positions: [Int])
    /// Softmax over each group of channels by their positions; all others become 0.
    case groupedSoftmax(groups: [[Int]])
    /// The source's channels at `positions`, into the destination's first ones.
    case channelSlice(positions: [Int])
    /// Groups of channels by their positions; `scale` and `shift` of each channel as stored.
    case groupNormalization(groups: [[Int]], scale: [Float], shift: [Float], epsilon: Float)
    /// Each pixel normalised over the channels at `positions`; `scale` and `shift` of each channel as stored.
    case channelNormalization(positions: [Int], scale: [Float], shift: [Float], epsilon: Float)
    /// The source's channels made pixels, or the other way round.
    case shuffle(PixelShuffle)
    /// What becomes of a map and a constant, which has the destination's channels as stored at `positions`, or one for all.
    case pixelArithmetic(Arithmetic, PixelConstant, positions: [Int])
    /// Scores of queries and keys; the channels of each head as stored in both, and the destination's of each head.
    case attentionScores(queries: [[Int]], keys: [[Int]], scores: [[Int]])
    /// Shares and values; each head's channels as stored in both, and in the destination.
    case attentionMixture(shares: [[Int]], values: [[Int]], mixtures: [[Int]])
    /// The source's elements in other places; the channels of both as stored.
    case rearrangement(Rearrangement, channels: [Int], positions: [Int])

    /// How an operand of an `arithmetic` is stretched.
    package struct Operand: Hashable, Sendable {
        /// The stored position of the only channel; nil where there are as many as in the destination.
        package var onlyChannel: Int?
        /// True if it has one pixel for all of the destination's.
        package var isOnePixel: Bool
    }

    var name: String {
        switch self {
        case .activation(let activation): activation.name
        case .arithmetic(let arithmetic, _, _, _, _): arithmetic.rawValue
        case .pooling(let pooling, _): pooling.kind == .maximum ? "max pooling" : "average pooling"
        case .resampling: "resampling"
        case .cubicResampling: "cubic resampling"
        case .globalMaximum: "largest over pixels"
        case .channelMaximum: "largest over channels"
        case .groupedSoftmax: "softmax of groups"
        case .channelNormalization: "layer normalisation"
        case .shuffle: "pixel shuffle"
        case .pixelArithmetic(let arithmetic, _, _): "\(arithmetic.rawValue) of a constant"
        case .attentionScores: "attention's scores"
        case .attentionMixture: "attention's mixture"
        case .rearrangement: "rearrangement"
        case .padding: "padding"
        case .globalMean: "mean over pixels"
        case .channelMean: "mean over channels"
        case .softmax: "softmax"
        case .channelSlice: "slice of channels"
        case .groupNormalization: "group normalisation"
        }
    }
}

/// An activation whose parameters, where they differ from channel to channel, are of channels as they are stored.
package enum StoredActivation: Sendable {
    /// `max(0, x)`
    case relu
    /// A slope for each stored channel: `x < 0 ? slope * x : x`.
    case slopes([Float])
    /// `min(max(x, lowest), highest)`
    case clip(lowest: Float, highest: Float)
    /// `1 / (1 + exp(-x))`
    case sigmoid
    /// `x / (1 + exp(-x))`
    case silu
    /// `max(0, min(1, alpha * x + beta))`, times `x` for a hard swish.
    case hardSigmoid(alpha: Float, beta: Float, timesInput: Bool)
    /// Any other function, without parameters that differ from channel to channel.
    case function(Activation)

    init(_ activation: Activation, _ channels: PackedChannels) {
        switch activation {
        case .relu: self = .relu
        case .leakyReLU(let slope):
            self = .slopes(Array(repeating: slope, count: channels.count))
        case .parametricReLU(let slopes): self = .slopes(channels.spread(slopes.elements()))
        case .clip(let lowest, let highest): self = .clip(lowest: lowest, highest: highest)
        case .sigmoid: self = .sigmoid
        case .silu: self = .silu
        case .hardSigmoid(let alpha, let beta): self = .hardSigmoid(alpha: alpha, beta: beta, timesInput: false)
        case .hardSwish: self = .hardSigmoid(alpha: 1 / 6, beta: 0.5, timesInput: true)
        case .elu, .gelu, .mish, .tanh, .softplus, .erf, .exponential, .squareRoot, .power, .absolute, .quantized:
            self = .function(activation)
        }
    }

    var name: String {
        switch self {
        case .relu: "ReLU"
        case .slopes: "leaky ReLU"
        case .clip: "clip"
        case .sigmoid: "sigmoid"
        case .silu: "SiLU"
        case .hardSigmoid(_, _, let timesInput): timesInput ? "hard swish" : "hard sigmoid"
        case .function(let activation): activation.name
        }
    }
}
