import COvertileKernels
import TestMaps
import Testing

/// A convolution or up-convolution on noise, with weights for outputs of about 1.
struct ConvolutionCase: CustomTestStringConvertible, Sendable {
    struct Padding {
        var top = 0
        var left = 0
        var bottom = 0
        var right = 0

        init(_ all: Int = 0) { self.init(all, all, all, all) }

        init(_ top: Int, _ left: Int, _ bottom: Int, _ right: Int) {
            (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
        }
    }

    let regime: String
    var shape: overtile_convolution

    var testDescription: String { regime }

    /// - Parameters:
    ///   - channels: of source and destination.
    ///   - size: of the source; the destination's follows.
    init(
        _ regime: String, _ channels: (Int, Int), _ size: (Int, Int), taps: (Int, Int) = (3, 3), stride: Int = 1,
        dilation: Int = 1, padding: Padding = Padding(), plainSource: Bool = false, plainDestination: Bool = false,
        relu: Bool = true
    ) {
        self.regime = regime
        func extent(_ source: Int, _ taps: Int) -> Int { (source - (taps - 1) * dilation - 1) / stride + 1 }
        shape = overtile_convolution(
            ic: channels.0, oc: channels.1, ih: size.0, iw: size.1,
            oh: extent(size.0 + padding.top + padding.bottom, taps.0),
            ow: extent(size.1 + padding.left + padding.right, taps.1), kh: taps.0, kw: taps.1, stride: stride,
            dilation: dilation, top: padding.top, left: padding.left, plain_src: plainSource,
            plain_dst: plainDestination, relu: relu)
    }

    /// An up-convolution by a factor.
    init(_ regime: String, up factor: Int, _ channels: (Int, Int), _ size: (Int, Int), relu: Bool = false) {
        self.regime = regime
        shape = overtile_convolution(
            ic: channels.0, oc: channels.1, ih: size.0, iw: size.1, oh: size.0 * factor, ow: size.1 * factor,
            kh: factor, kw: factor, stride: factor, dilation: 1, top: 0, left: 0, plain_src: false, plain_dst: false,
            relu: relu)
    }

    /// Products in the sum of one output.
    private var terms: Int { shape.ic * (isUp ? 1 : shape.kh * shape.kw) }

    /// Our up-convolutions alone have a source that is smaller than the destination by their stride.
    private var isUp: Bool { shape.oh > shape.ih && shape.stride > 1 }

    /// Inputs and weights are even in -1...1 and -w...w, of variance 1/3 and w * w / 3: with w = 3 / √terms, a sum
    /// has variance 1.
    var weights: [Float] {
        let scale = 3 / Float(terms).squareRoot()
        return noise(count: shape.oc * shape.ic * shape.kh * shape.kw, seed: 3, scale: scale)
    }

    var bias: [Float] { noise(count: shape.oc, seed: 4) }
    var input: Volume { .noise(shape.ic, shape.ih, shape.iw, seed: 5) }

    /// Multiplications, for choosing cases that a slow loop can do.
    var work: Int { terms * shape.oc * shape.oh * shape.ow }

    // MARK: How far rounding may take a result

    /// Half a unit in the last place of 1.
    private static let u: Float = 0x1p-24
    /// Standard deviations: no test sees more than some 10^6 outputs.
    private static let deviations: Float = 6

    /// Of sums in order. The k-th of n additions rounds a partial sum of size √(k/n), by u / √3 of it; if these errors
    /// are independent, that makes u √(n/6) (Higham and Mary 2019 make it a theorem). A few roundings more for the bias.
    var directTolerance: Float { Self.deviations * Self.u * ((Float(terms) / 6).squareRoot() + 2) }

    /// Of Winograd's F(4x4, 3x3). The sum goes over the channels alone, but an output is made of 36 of them that are
    /// larger than itself and cancel. Along one axis their squares add up to
    ///
    ///     Σ A[i][k]² |G[k]|² |B[k]|²   for k in 0..<6,
    ///
    /// with |B|² = 42, 34, 34, 10, 10, 42 and |G|² = 1/16, 1/12, 1/12, 21/576, 21/576, 1: 9.0, 8.6, 17 and 94 for the four
    /// outputs, where a direct convolution has its 3 taps. The worst pixel of a tile so has an error 94/3 = 31 times as
    /// large as the sum's own. The transforms add some roundings to every sum.
    var winogradTolerance: Float { 31 * Self.deviations * Self.u * ((Float(shape.ic) / 6).squareRoot() + 3) }
}

/// The references on a case's input.
extension Reference {
    static func convolution(_ c: ConvolutionCase) -> Volume {
        let s = c.shape
        let taps = Taps(
            height: s.kh, width: s.kw, strideY: s.stride, strideX: s.stride, dilationY: s.dilation,
            dilationX: s.dilation)
        return convolution(
            c.input, weights: c.weights, bias: c.bias, taps, top: s.top, left: s.left, to: (s.oc, s.oh, s.ow),
            relu: s.relu)
    }

    static func upConvolution(_ c: ConvolutionCase) -> Volume {
        let s = c.shape
        let taps = Taps(height: s.kh, width: s.kw, strideY: s.stride, strideX: s.stride)
        return transposedConvolution(c.input, weights: c.weights, bias: c.bias, taps, oc: s.oc, relu: s.relu)
    }

    static func maxPooling(_ src: Volume, extent: Int, stride: Int) -> Volume {
        maxPooling(src, Taps(height: extent, width: extent, strideY: stride, strideX: stride))
    }
}
