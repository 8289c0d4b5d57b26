/// A generator with a seed, so that a failing test fails again: SplitMix64 (Steele, Lea and Flood 2014).
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A number of a roughly normal distribution with mean 0 and variance 1.
    package mutating func normal() -> Float {
        (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &self) }
    }
}

/// So many numbers from `-scale` up to `scale`, evenly spread, that depend on the seed alone.
///
/// A linear congruential generator (Press and others, "Numerical Recipes"), which is fast without optimisation, too.
package func noise(count: Int, seed: UInt32, scale: Float = 1) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { values, initialized in
        var state = seed &* 2_654_435_761 &+ 12345
        for index in 0..<count {
            state = state &* 1_664_525 &+ 1_013_904_223
            values[index] = scale * (Float(state >> 8) / 8_388_608 - 1)
        }
        initialized = count
    }
}
