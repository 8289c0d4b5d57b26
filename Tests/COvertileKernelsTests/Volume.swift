/// A float map in the plain order [channels][height][width]: what references compute with.
struct Volume: Equatable, Sendable {
    let channels: Int
    let height: Int
    let width: Int
    var values: [Float]

    init(_ channels: Int, _ height: Int, _ width: Int, values: [Float]? = nil) {
        self.channels = channels
        self.height = height
        self.width = width
        self.values = values ?? Array(repeating: 0, count: channels * height * width)
    }

    /// Values in -1...1 that depend on the seed alone.
    static func noise(_ channels: Int, _ height: Int, _ width: Int, seed: UInt32) -> Volume {
        let count = channels * height * width
        return Volume(channels, height, width, values: COvertileKernelsTests.noise(count: count, seed: seed))
    }

    subscript(channel: Int, row: Int, column: Int) -> Float {
        get { values[(channel * height + row) * width + column] }
        set { values[(channel * height + row) * width + column] = newValue }
    }

    /// Infinite where only one of them is NaN.
    func largestDifference(from other: Volume) -> Float {
        precondition(channels == other.channels && height == other.height && width == other.width)
        return values.withUnsafeBufferPointer { own in
            other.values.withUnsafeBufferPointer { others in
                var largest: Float = 0
                for index in own.indices {
                    let difference = abs(own[index] - others[index])
                    if difference > largest { largest = difference }
                    if difference.isNaN { return .infinity }
                }
                return largest
            }
        }
    }

    /// The same bytes, NaN included.
    func isIdentical(to other: Volume) -> Bool {
        values.map(\.bitPattern) == other.values.map(\.bitPattern)
    }
}

/// A linear congruential generator: the same on every machine.
func noise(count: Int, seed: UInt32, scale: Float = 1) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { values, initialized in
        var state = seed &* 2_654_435_761 &+ 12345
        for index in 0..<count {
            state = state &* 1_664_525 &+ 1_013_904_223
            values[index] = scale * (Float(state >> 8) / 8_388_608 - 1)
        }
        initialized = count
    }
}
