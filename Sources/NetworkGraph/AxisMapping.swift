/// How one axis of an operation's output reads its input: the whole of receptive-field arithmetic.
///
/// Positions count from the map's first pixel and may be negative: geometry is worked out on maps without borders.
enum AxisMapping: Hashable, Sendable {
    /// `out[i]` reads `in[i * stride + offset ..< i * stride + offset + extent]`: convolution, pooling, cropping.
    case window(extent: Int, stride: Int, offset: Int)
    /// `out[i]` reads every `in[j]` with `0 <= i + offset - j * factor < extent`: transposed convolution (offset 0)
    /// and interpolation by a whole factor.
    case expanding(extent: Int, factor: Int, offset: Int)

    /// `out[i]` reads `in[i]` alone.
    static let identity = AxisMapping.window(extent: 1, stride: 1, offset: 0)

    /// Positions beyond this on either side count as this far: no tile reaches there, and what is worked out from a
    /// position within it does not overflow, whatever strides and offsets a model file has.
    static let farthest = 1 << 40

    /// The input positions that the output positions `range` read, as far as they are not beyond `farthest`.
    func inputs(of range: Range<Int>) -> Range<Int> {
        let (first, last) = (range.lowerBound, range.upperBound - 1)
        switch self {
        case .window(let extent, let stride, let offset):
            return Self.bounded(first * stride + offset, last * stride + offset + extent)
        case .expanding(let extent, let factor, let offset):
            let lowest = floorDivide(first + offset - extent + factor, by: factor)
            return Self.bounded(lowest, floorDivide(last + offset, by: factor) + 1)
        }
    }

    private static func bounded(_ first: Int, _ end: Int) -> Range<Int> {
        min(max(first, -farthest), farthest - 1)..<min(max(end, 1 - farthest), farthest)
    }

    /// Input pixels for each output pixel, as a fraction.
    var scale: Ratio {
        switch self {
        case .window(_, let stride, _): Ratio(stride, 1)
        case .expanding(_, let factor, _): Ratio(1, factor)
        }
    }
}

/// The two directions of a map.
package enum Axis: CaseIterable, Sendable {
    /// Along the rows' numbers: heights, tops and bottoms.
    case vertical
    /// Along the columns' numbers: widths, lefts and rights.
    case horizontal
}

extension Operation {
    /// How the output reads its first input along one axis (for `concatenation`: each of its inputs).
    ///
    /// It holds for maps without borders. Sample points that depend on a map's size are another matter, as is what reads
    /// its whole input (`readsWholeMap`).
    ///
    /// - Precondition: not `input`, and `fitToSize` has been made a crop or padding.
    func mapping(_ axis: Axis) -> AxisMapping {
        switch self {
        case .input, .fitToSize:
            preconditionFailure("\(name) has no geometry of its own")
        case .convolution(let convolution):
            let taps = axis == .vertical ? convolution.kernelHeight : convolution.kernelWidth
            return .window(extent: (taps - 1) * convolution.dilation + 1, stride: convolution.stride, offset: 0)
        case .transposedConvolution(let convolution):
            let taps = axis == .vertical ? convolution.kernelHeight : convolution.kernelWidth
            return .expanding(extent: taps, factor: convolution.stride, offset: 0)
        case .pooling(let pooling):
            let window = pooling.window(axis)
            return .window(extent: window.extent, stride: window.stride, offset: -window.before)
        case .resize(let resize):
            return resize.mapping(axis)
        case .crop(let borders):
            return .window(extent: 1, stride: 1, offset: borders.before(axis))
        case .padding(let padding):
            return .window(extent: 1, stride: 1, offset: -padding.amounts.before(axis))
        case .depthToSpace(let block, _):
            return .expanding(extent: block, factor: block, offset: 0)
        case .spaceToDepth(let block):
            return .window(extent: block, stride: block, offset: 0)
        case .affine, .activation, .concatenation, .arithmetic, .globalMean, .globalMaximum, .channelMean,
            .channelMaximum, .softmax, .groupedSoftmax, .channelSlice, .groupNormalization, .channelNormalization,
            .pixelArithmetic, .attentionScores, .attentionMixture, .rearrangement:
            return .identity
        }
    }

    /// The range of its first input (for `concatenation`: of each input) that a range of the output reads.
    ///
    /// - Precondition: as for `mapping`.
    package func inputs(of range: Range<Int>, _ axis: Axis) -> Range<Int> { mapping(axis).inputs(of: range) }
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

    /// Returns the product, or nil where a part of it is more than `Graph.largestStride`, as no network needs.
    func times(_ other: Ratio) -> Ratio? {
        let (above, isTooLarge) = numerator.multipliedReportingOverflow(by: other.numerator)
        let (below, isTooSmall) = denominator.multipliedReportingOverflow(by: other.denominator)
        guard !isTooLarge, !isTooSmall else { return nil }
        let product = Ratio(above, below)
        return max(product.numerator, product.denominator) <= Graph.largestStride ? product : nil
    }

    /// The fraction as a number.
    var value: Double { Double(numerator) / Double(denominator) }
}

/// The largest number that divides both, neither of them negative.
func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
}

/// The smallest number that both divide, both of them positive.
package func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
    a / greatestCommonDivisor(a, b) * b
}

/// Division that rounds towards minus infinity; `divisor` is positive.
func floorDivide(_ dividend: Int, by divisor: Int) -> Int {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}
