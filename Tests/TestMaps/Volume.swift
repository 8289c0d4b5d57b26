/// A map of floats in the plain order [channels][height][width]: what references compute with, whatever layout a kernel
/// gets.
package struct Volume: Equatable, Sendable {
    package let channels: Int
    package let height: Int
    package let width: Int
    package var values: [Float]

    /// - Parameter values: in the order [channels][height][width]; nil for zeros.
    package init(_ channels: Int, _ height: Int, _ width: Int, values: [Float]? = nil) {
        self.channels = channels
        self.height = height
        self.width = width
        self.values = values ?? Array(repeating: 0, count: channels * height * width)
    }

    /// A map of values from -1 up to 1 that depend on the seed alone.
    package static func noise(_ channels: Int, _ height: Int, _ width: Int, seed: UInt32) -> Volume {
        Volume(channels, height, width, values: TestMaps.noise(count: channels * height * width, seed: seed))
    }

    package subscript(channel: Int, row: Int, column: Int) -> Float {
        get { values[(channel * height + row) * width + column] }
        set { values[(channel * height + row) * width + column] = newValue }
    }

    /// The largest difference of two values in one place, infinite where one of them is NaN.
    package func largestDifference(from other: Volume) -> Float {
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

    /// Returns true if both have the same bytes, NaN included.
    package func isIdentical(to other: Volume) -> Bool {
        values.map(\.bitPattern) == other.values.map(\.bitPattern)
    }
}
