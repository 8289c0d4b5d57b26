/// How the weights of a new network are drawn.
package enum InitialWeights: String, CaseIterable, Sendable {
    /// As PyTorch's layers do it: evenly within `1 / sqrt(fan in)` of 0, biases too.
    case pytorch
    /// As the paper does it (He and others 2015): of variance `2 / fan in`, biases 0.
    case heNormal = "he-normal"
}

/// A generator of random numbers that are the same on every machine: SplitMix64 (Steele, Lea and Flood 2014).
package struct TrainingGenerator: RandomNumberGenerator, Hashable, Sendable {
    /// All that it remembers.
    package private(set) var state: UInt64

    /// The generator of a seed, or one that goes on from another's state.
    package init(seed: UInt64) { state = seed }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A number from 0 up to 1, of 53 random bits.
    package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number of mean 0 and variance 1: a sum of twelve even ones, which is close to the normal distribution and takes
    /// no function that machines round differently.
    package mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + uniform() } }
}

/// A tensor of a network that is yet to be trained.
struct NewTensor {
    /// The elements that the tensor has at first.
    enum Content {
        /// Weights, or a bias, of a layer whose outputs each take so many inputs: as PyTorch counts them, and in truth.
        case weights(pytorchFanIn: Int, fanIn: Int)
        case bias(fanIn: Int)
        case constant(Float)
    }

    let name: String
    let shape: [Int]
    let content: Content

    func elements(_ initial: InitialWeights, _ generator: inout TrainingGenerator) -> [Float] {
        func even(_ fanIn: Int) -> Float { Float((2 * generator.uniform() - 1) / Double(fanIn).squareRoot()) }
        let count = shape.reduce(1, *)
        switch (content, initial) {
        case (.constant(let value), _):
            return Array(repeating: value, count: count)
        case (.bias, .heNormal):
            return Array(repeating: 0, count: count)
        case (.weights(let fanIn, _), .pytorch), (.bias(let fanIn), .pytorch):
            return (0..<count).map { _ in even(fanIn) }
        case (.weights(_, let fanIn), .heNormal):
            return (0..<count).map { _ in Float((2 / Double(fanIn)).squareRoot() * generator.normal()) }
        }
    }
}
