import Foundation
import NetworkGraph

/// An activation with its derivative.
struct DifferentiableFunction: Sendable {
    /// The function.
    let value: @Sendable (Float) -> Float
    /// The derivative at x, where the function has the value y.
    let slope: @Sendable (_ x: Float, _ y: Float) -> Float

    private init(_ value: @escaping @Sendable (Float) -> Float, _ slope: @escaping @Sendable (Float, Float) -> Float) {
        self.value = value
        self.slope = slope
    }

    /// The function and derivative of an activation; nil for those that networks are not trained with.
    init?(_ activation: Activation) {
        @Sendable func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
        switch activation {
        case .relu:
            self.init({ max(0, $0) }, { _, y in y > 0 ? 1 : 0 })
        case .leakyReLU(let slope):
            self.init({ $0 < 0 ? slope * $0 : $0 }, { x, _ in x > 0 ? 1 : slope })
        case .sigmoid:
            self.init({ sigmoid($0) }, { _, y in y * (1 - y) })
        case .tanh:
            self.init({ Foundation.tanh($0) }, { _, y in 1 - y * y })
        case .silu:
            self.init({ $0 * sigmoid($0) }, { x, y in sigmoid(x) * (1 + x - y) })
        case .elu(let alpha):
            self.init({ $0 > 0 ? $0 : alpha * expm1($0) }, { x, y in x > 0 ? 1 : y + alpha })
        case .gelu(isApproximate: false):
            self.init({ $0 / 2 * (1 + Foundation.erf($0 / Float(2).squareRoot())) }) { x, _ in
                let density = exp(-x * x / 2) / (2 * Float.pi).squareRoot()
                return (1 + Foundation.erf(x / Float(2).squareRoot())) / 2 + x * density
            }
        case .softplus:
            self.init({ $0 > 20 ? $0 : log1p(exp($0)) }, { x, _ in sigmoid(x) })
        case .parametricReLU, .clip, .hardSigmoid, .hardSwish, .gelu, .mish, .erf, .exponential, .squareRoot, .power,
            .absolute, .quantized:
            return nil
        }
    }
}
