import Foundation

/// How the learning rate changes over a training.
///
///     LearningRate(base: 1e-3, .cosine(steps: 2000), warmUp: 100)
package struct LearningRate: Hashable, Sendable {
    /// What becomes of the rate behind the warm-up.
    package enum Schedule: Hashable, Sendable {
        /// It stays as it is.
        case constant
        /// It falls to 0 along half a wave of the cosine, until so many steps were taken.
        case cosine(steps: Int)
        /// It is multiplied by `factor` each time that nothing has improved for more than `patience` judgements.
        case plateau(factor: Double = 0.1, patience: Int = 10)
    }

    /// The rate behind the warm-up.
    package let base: Double
    /// What becomes of it.
    package let schedule: Schedule
    /// Steps over which the rate rises evenly from nearly 0.
    package let warmUp: Int

    /// What a plateau's schedule remembers; nil before the first judgement.
    package private(set) var best: Double?
    /// The judgements without improvement since then.
    package private(set) var badJudgements = 0
    /// What the plateaus so far have multiplied the rate by.
    package private(set) var reduction = 1.0

    /// Improvements by a smaller share than this do not count.
    private static let threshold = 1e-4

    /// A learning rate that stays as it is where nothing else is said.
    package init(base: Double, _ schedule: Schedule = .constant, warmUp: Int = 0) {
        self.base = base
        self.schedule = schedule
        self.warmUp = warmUp
    }

    /// The rate of a step, the first being step 0.
    package func rate(atStep step: Int) -> Double {
        let warmth = step < warmUp ? Double(step + 1) / Double(warmUp + 1) : 1
        switch schedule {
        case .constant: return base * warmth
        case .cosine(let steps):
            let share = min(1, Double(max(0, step - warmUp)) / Double(max(1, steps - warmUp)))
            return base * warmth * (1 + cos(Double.pi * share)) / 2
        case .plateau: return base * warmth * reduction
        }
    }

    /// Tells a plateau's schedule how good the network has become: a loss, of which less is better.
    package mutating func judge(_ loss: Double) {
        guard case .plateau(let factor, let patience) = schedule else { return }
        if best.map({ loss < $0 * (1 - Self.threshold) }) ?? true {
            best = loss
            badJudgements = 0
        } else {
            badJudgements += 1
        }
        if badJudgements > patience {
            reduction *= factor
            badJudgements = 0
        }
    }
}

/// Clipping of gradients by their norm, as PyTorch's `clip_grad_norm_` does it.
package enum GradientClipping {
    /// Makes gradients shorter where their norm, that of all of them together, is larger than a bound.
    ///
    /// - Returns: the norm that they had.
    @discardableResult
    package static func clip<Number: BinaryFloatingPoint>(
        _ gradients: UnsafeMutablePointer<Number>, ranges: [Range<Int>], to bound: Double
    ) -> Double {
        var squares = 0.0
        for range in ranges { for i in range { squares += Double(gradients[i]) * Double(gradients[i]) } }
        let norm = squares.squareRoot()
        let share = min(1, bound / (norm + 1e-6))
        if share < 1 {
            for range in ranges { for i in range { gradients[i] *= Number(share) } }
        }
        return norm
    }
}
