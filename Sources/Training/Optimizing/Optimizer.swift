import Foundation

/// How parameters follow their gradients, with PyTorch's definitions.
///
///     OptimizerRule.adamW(betas: (0.9, 0.999), epsilon: 1e-8, weightDecay: 0.01)
/// Sources: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html, and RMSprop, Adam and AdamW beside it.
package enum OptimizerRule: Sendable {
    /// Stochastic gradient descent. The velocity begins as the first gradient.
    case sgd(momentum: Double = 0, isNesterov: Bool = false, weightDecay: Double = 0)
    /// Root mean square propagation.
    case rmsprop(smoothing: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0, weightDecay: Double = 0)
    /// Adam (Kingma and Ba 2015); weight decay is added to the gradient.
    case adam(betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8, weightDecay: Double = 0)
    /// AdamW (Loshchilov and Hutter 2019); weights decay by themselves.
    case adamW(betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8, weightDecay: Double = 0.01)

    /// The numbers that are kept for each parameter.
    package var momentCount: Int {
        switch self {
        case .sgd(let momentum, _, _): momentum == 0 ? 0 : 1
        case .rmsprop(_, _, let momentum, _): momentum == 0 ? 1 : 2
        case .adam, .adamW: 2
        }
    }
}

/// A rule, and what it keeps from step to step.
///
/// Numbers that are the same for all parameters are computed in double, and parameters and moments in `Number`.
package struct Optimizer<Number: BinaryFloatingPoint & Sendable>: Sendable {
    /// How parameters follow their gradients.
    package let rule: OptimizerRule
    /// The steps that were taken.
    package private(set) var step: Int
    /// The moments of each parameter: `rule.momentCount` rows of as many numbers as there are parameters.
    package private(set) var moments: [[Number]]

    /// An optimizer of so many parameters, before its first step.
    package init(_ rule: OptimizerRule, count: Int) {
        self.init(rule, step: 0, moments: Array(repeating: Array(repeating: 0, count: count), count: rule.momentCount))
    }

    /// An optimizer that goes on from where another stopped.
    ///
    /// - Precondition: `moments` has `rule.momentCount` rows of the same length.
    package init(_ rule: OptimizerRule, step: Int, moments: [[Number]]) {
        precondition(moments.count == rule.momentCount, "the moments are of another rule")
        self.rule = rule
        self.step = step
        self.moments = moments
    }

    /// Takes a step.
    ///
    /// - Parameters:
    ///   - ranges: the parameters that are to change.
    ///   - rate: the learning rate.
    package mutating func update(
        _ values: UnsafeMutablePointer<Number>, gradients: UnsafePointer<Number>, ranges: [Range<Int>], rate: Double
    ) {
        step += 1
        // Rows of their own, so that both can be lent out at a time.
        var first = moments.first ?? []
        var second = moments.count > 1 ? moments[1] : []
        let rows = moments.count
        moments = []
        defer { moments = Array([first, second].prefix(rows)) }
        first.withUnsafeMutableBufferPointer { first in
            second.withUnsafeMutableBufferPointer { second in
                step(values, gradients, ranges, rate, first, second)
            }
        }
    }

    private func step(
        _ values: UnsafeMutablePointer<Number>, _ gradients: UnsafePointer<Number>, _ ranges: [Range<Int>],
        _ rate: Double, _ first: UnsafeMutableBufferPointer<Number>, _ second: UnsafeMutableBufferPointer<Number>
    ) {
        switch rule {
        case .sgd(let momentum, let isNesterov, let decay):
            let (rate, decay, m, hasVelocity) = (Number(rate), Number(decay), Number(momentum), momentum != 0)
            for range in ranges {
                for i in range {
                    let g = gradients[i] + decay * values[i]
                    guard hasVelocity else {
                        values[i] -= rate * g
                        continue
                    }
                    first[i] = step == 1 ? g : m * first[i] + g
                    values[i] -= rate * (isNesterov ? g + m * first[i] : first[i])
                }
            }
        case .rmsprop(let smoothing, let epsilon, let momentum, let decay):
            let (keep, take) = (Number(smoothing), Number(1 - smoothing))
            let (rate, decay, epsilon, m) = (Number(rate), Number(decay), Number(epsilon), Number(momentum))
            let hasVelocity = momentum != 0
            for range in ranges {
                for i in range {
                    let g = gradients[i] + decay * values[i]
                    first[i] = keep * first[i] + take * g * g
                    let share = g / (first[i].squareRoot() + epsilon)
                    if hasVelocity { second[i] = m * second[i] + share }
                    values[i] -= rate * (hasVelocity ? second[i] : share)
                }
            }
        case .adam(let betas, let epsilon, let decay):
            adapt(values, gradients, ranges, rate, betas, epsilon, added: decay, taken: 0, first, second)
        case .adamW(let betas, let epsilon, let decay):
            adapt(values, gradients, ranges, rate, betas, epsilon, added: 0, taken: rate * decay, first, second)
        }
    }

    /// Adam's step, with weight decay added to the gradient or taken from the parameters.
    private func adapt(
        _ values: UnsafeMutablePointer<Number>, _ gradients: UnsafePointer<Number>, _ ranges: [Range<Int>],
        _ rate: Double, _ betas: (Double, Double), _ epsilon: Double, added: Double, taken: Double,
        _ first: UnsafeMutableBufferPointer<Number>, _ second: UnsafeMutableBufferPointer<Number>
    ) {
        let corrections = (1 - pow(betas.0, Double(step)), 1 - pow(betas.1, Double(step)))
        let (size, root) = (Number(rate / corrections.0), Number(corrections.1.squareRoot()))
        let (take1, keep2, take2) = (Number(1 - betas.0), Number(betas.1), Number(1 - betas.1))
        let (added, kept, epsilon) = (Number(added), Number(1 - taken), Number(epsilon))
        for range in ranges {
            for i in range {
                let value = values[i] * kept
                let g = gradients[i] + added * value
                first[i] += take1 * (g - first[i])
                second[i] = keep2 * second[i] + take2 * g * g
                values[i] = value - size * (first[i] / (second[i].squareRoot() / root + epsilon))
            }
        }
    }
}

/// The running mean of a network's parameters and statistics, which is steadier than the last step's.
///
/// Source: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992), with the weights of
/// PyTorch's `torch.optim.swa_utils.get_ema_multi_avg_fn`. Early on the mean keeps less, so that it forgets the first steps.
package struct WeightAverage: Sendable {
    /// The share that the mean keeps at each step, 0 to 1.
    package let decay: Double
    /// The mean of the parameters, and of the running statistics, in the store's places.
    package internal(set) var values: [Float]
    package internal(set) var statistics: [Float]

    /// A mean that begins with a network's numbers.
    package init(of network: TrainableNetwork, decay: Double) {
        self.decay = decay
        values = Array(network.store.values)
        statistics = Array(network.store.statisticValues)
    }

    /// Takes the network's numbers into the mean.
    ///
    /// - Parameter step: the number of the step that made them, from 1 on.
    package mutating func add(_ network: TrainableNetwork, step: Int) {
        let share = Float(1 - min(decay, Double(step) / Double(step + 9)))
        for index in values.indices { values[index] += share * (network.store.values[index] - values[index]) }
        for index in statistics.indices {
            statistics[index] += share * (network.store.statisticValues[index] - statistics[index])
        }
    }
}
