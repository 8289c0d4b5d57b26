/// How one axis of an operation's output reads its input: the whole of receptive-field arithmetic.
///
/// Positions count from the map's first pixel and may be negative: geometry is worked out on maps without borders.
enum AxisMapping: Hashable, Sendable {
    /// `out[i]` reads `in[i * stride + offset ..< i * stride + offset + extent]`: convolution, pooling, cropping.
    case window(extent: Int, stride: Int, offset: Int)
    /// `out[i]` reads every `in[j]` with `0 <= i + offset - j * factor < extent`: transposed convolution (offset 0)
    /// and interpolation by a whole factor.
    case expanding(extent: Int, factor: Int, offset: Int)

    static let identity = AxisMapping.window(extent: 1, stride: 1, offset: 0)

    /// The input positions that the output positions `range` read.
    func inputs(of range: Range<Int>) -> Range<Int> {
        let (first, last) = (range.lowerBound, range.upperBound - 1)
        switch self {
        case .window(let extent, let stride, let offset):
            return first * stride + offset..<last * stride + offset + extent
        case .expanding(let extent, let factor, let offset):
            let lowest = floorDivide(first + offset - extent + factor, by: factor)
            return lowest..<floorDivide(last + offset, by: factor) + 1
        }
    }

    /// Input pixels per output pixel, as a fraction.
    var scale: Ratio {
        switch self {
        case .window(_, let stride, _): Ratio(stride, 1)
        case .expanding(_, let factor, _): Ratio(1, factor)
        }
    }
}

/// A positive fraction in lowest terms.
struct Ratio: Hashable {
    let numerator: Int
    let denominator: Int

    init(_ numerator: Int, _ denominator: Int) {
        let divisor = greatestCommonDivisor(numerator, denominator)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    static func * (left: Ratio, right: Ratio) -> Ratio {
        Ratio(left.numerator * right.numerator, left.denominator * right.denominator)
    }
}

func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
}

package func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
    a / greatestCommonDivisor(a, b) * b
}

/// Division that rounds towards minus infinity; `divisor` is positive.
func floorDivide(_ dividend: Int, by divisor: Int) -> Int {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}
