import COvertileKernels

/// What each kernel means, as plain loops in double precision.
enum Reference {
    /// dst[oc][y][x] = bias[oc] + Σ src[ic][y * s + ky * d - top][x * s + kx * d - left] * weights[oc][ic][ky][kx], with
    /// zeros around src
    static func convolution(_ c: ConvolutionCase) -> Volume {
        let (s, src, weights, bias) = (c.shape, c.input.values, c.weights, c.bias)
        var dst = Volume(s.oc, s.oh, s.ow)
        for oc in 0..<s.oc {
            for y in 0..<s.oh {
                for x in 0..<s.ow {
                    var sum = Double(bias[oc])
                    for ky in 0..<s.kh {
                        for kx in 0..<s.kw {
                            let (ih, iw) = (
                                y * s.stride + ky * s.dilation - s.top, x * s.stride + kx * s.dilation - s.left
                            )
                            guard ih >= 0, iw >= 0, ih < s.ih, iw < s.iw else { continue }
                            for ic in 0..<s.ic {
                                let value = src[(ic * s.ih + ih) * s.iw + iw]
                                sum += Double(value) * Double(weights[((oc * s.ic + ic) * s.kh + ky) * s.kw + kx])
                            }
                        }
                    }
                    dst[oc, y, x] = Float(s.relu ? max(0, sum) : sum)
                }
            }
        }
        return dst
    }

    /// dst[oc][y * s + ky][x * s + kx] = bias[oc] + Σ src[ic][y][x] * weights[ic][oc][ky][kx], ky and kx in 0..<s
    static func upConvolution(_ c: ConvolutionCase) -> Volume {
        let (s, src, weights, bias) = (c.shape, c.input, c.weights, c.bias)
        var dst = Volume(s.oc, s.oh, s.ow)
        for oc in 0..<s.oc {
            for y in 0..<s.oh {
                for x in 0..<s.ow {
                    var sum = Double(bias[oc])
                    for ic in 0..<s.ic {
                        let weight = weights[((ic * s.oc + oc) * s.kh + y % s.kh) * s.kw + x % s.kw]
                        sum += Double(src[ic, y / s.kh, x / s.kw]) * Double(weight)
                    }
                    dst[oc, y, x] = Float(s.relu ? max(0, sum) : sum)
                }
            }
        }
        return dst
    }

    /// The largest of each window; NaN where it has one.
    static func maxPooling(_ src: Volume, extent: Int, stride: Int) -> Volume {
        var dst = Volume(src.channels, (src.height - extent) / stride + 1, (src.width - extent) / stride + 1)
        for c in 0..<dst.channels {
            for y in 0..<dst.height {
                for x in 0..<dst.width {
                    let window = (0..<extent * extent).map {
                        src[c, y * stride + $0 / extent, x * stride + $0 % extent]
                    }
                    dst[c, y, x] = window.contains(where: \.isNaN) ? .nan : window.max()!
                }
            }
        }
        return dst
    }
}
