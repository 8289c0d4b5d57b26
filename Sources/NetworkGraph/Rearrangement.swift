/// A map's elements in other places, as reshapes and transpositions of transformers put them: pixels in windows, channels
/// in heads, tokens in rows.
///
/// An element's place is told by digits, as a number is. Each digit counts along one axis of the new map, and the same
/// count along one axis of the old one leads to the element's place there:
///
///     // Two rows of pixels become one: 2 x 4 pixels, then 1 x 8.
///     Rearrangement(
///         input: MapShape(channels: 3, height: 2, width: 4), output: MapShape(channels: 3, height: 1, width: 8),
///         digits: [
///             .init(extent: 3, from: .channels, by: 1, to: .channels, by: 1),
///             .init(extent: 2, from: .rows, by: 1, to: .columns, by: 4),
///             .init(extent: 4, from: .columns, by: 1, to: .columns, by: 1),
///         ])
package struct Rearrangement: Hashable, Sendable {
    /// An axis of a map.
    package enum Axis: Int, Hashable, Sendable {
        case channels, rows, columns
    }

    /// A digit of the places in both maps.
    package struct Digit: Hashable, Sendable {
        /// The values of the digit: 0 up to, and without, this one.
        package var extent: Int
        /// The axis of the old map along which it counts.
        package var source: Axis
        /// The elements of the old map from one value to the next; 0 where all values have the same element.
        package var sourceStride: Int
        /// The axis of the new map along which it counts.
        package var destination: Axis
        /// The elements of the new map from one value to the next.
        package var destinationStride: Int

        /// A digit that counts along an axis of each map.
        package init(
            extent: Int, from source: Axis, by sourceStride: Int, to destination: Axis, by destinationStride: Int
        ) {
            (self.extent, self.source, self.sourceStride) = (extent, source, sourceStride)
            (self.destination, self.destinationStride) = (destination, destinationStride)
        }
    }

    /// The old map's extent, which is the only one that is taken.
    package var input: MapShape
    /// The new map's extent.
    package var output: MapShape
    /// The digits, in any order.
    package var digits: [Digit]

    /// A rearrangement of one map into another.
    package init(input: MapShape, output: MapShape, digits: [Digit]) {
        (self.input, self.output, self.digits) = (input, output, digits)
    }

    /// For each place along an axis of the new map, the old map's channel, row and column that it adds to those of the
    /// other two axes.
    package func steps(along axis: Axis) -> [(channel: Int, row: Int, column: Int)] {
        let own = digits.filter { $0.destination == axis }
        let length = [output.channels, output.height, output.width][axis.rawValue]
        return (0..<length).map { place in
            var sums = [0, 0, 0]
            for digit in own {
                sums[digit.source.rawValue] += place / digit.destinationStride % digit.extent * digit.sourceStride
            }
            return (sums[0], sums[1], sums[2])
        }
    }

    /// True if every place of the new map has an element of the old one.
    package var isWithinInput: Bool {
        let ends = [Axis.channels, .rows, .columns].map { axis in
            digits.filter { $0.source == axis }.map { ($0.extent - 1) * $0.sourceStride }.reduce(1, +)
        }
        return digits.allSatisfy { $0.extent > 0 && $0.sourceStride >= 0 && $0.destinationStride > 0 }
            && ends[0] <= input.channels && ends[1] <= input.height && ends[2] <= input.width
    }
}
