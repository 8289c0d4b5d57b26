/// A function that is applied to each value for itself. ReLU, which the convolutions fuse, is an operation of its own.
public enum Activation: Sendable {
    /// `x < 0 ? slope * x : x`
    case leakyReLU(slope: Float)
    /// As leakyReLU, with a slope for each channel: (channels).
    case parametricReLU(slopes: ConstantTensor)
    /// Bounds may be infinite.
    case clip(lowest: Float, highest: Float)
    case sigmoid
    /// `max(0, min(1, alpha * x + beta))`
    case hardSigmoid(alpha: Float, beta: Float)
    /// `x * max(0, min(1, x / 6 + 0.5))`
    case hardSwish
    /// `x * sigmoid(x)`
    case silu

    var name: String {
        switch self {
        case .leakyReLU: "leaky ReLU"
        case .parametricReLU: "PReLU"
        case .clip: "clip"
        case .sigmoid: "sigmoid"
        case .hardSigmoid: "hard sigmoid"
        case .hardSwish: "hard swish"
        case .silu: "SiLU"
        }
    }
}

/// What becomes of two values.
public enum Arithmetic: String, Sendable {
    case addition, subtraction, multiplication, division
}
