import COneDNN

/// What each operation means, as plain loops in double precision.
enum Reference {
    /// dst[oc][y][x] = bias[oc] + sum src[ic][y * s + ky * d][x * s + kx * d] * weights[oc][ic / groups][ky][kx]
    static func convolution(
        _ src: Volume, weights: [Float], bias: [Float], oc: Int, kernel: odnn_kernel, relu: Bool
    ) -> Volume {
        let kh = Int(kernel.height), kw = Int(kernel.width)
        let icPerGroup = src.channels / Int(kernel.groups), ocPerGroup = oc / Int(kernel.groups)
        var dst = Volume(
            oc, (src.height - kernel.reachY) / Int(kernel.stride_y) + 1,
            (src.width - kernel.reachX) / Int(kernel.stride_x) + 1)
        for o in 0..<oc {
            for y in 0..<dst.height {
                for x in 0..<dst.width {
                    var sum = Double(bias[o])
                    for i in 0..<icPerGroup {
                        for ky in 0..<kh {
                            for kx in 0..<kw {
                                let value = src[
                                    o / ocPerGroup * icPerGroup + i,
                                    y * Int(kernel.stride_y) + ky * Int(kernel.dilation_y),
                                    x * Int(kernel.stride_x) + kx * Int(kernel.dilation_x)]
                                sum += Double(value) * Double(weights[((o * icPerGroup + i) * kh + ky) * kw + kx])
                            }
                        }
                    }
                    dst[o, y, x] = Float(relu ? max(0, sum) : sum)
                }
            }
        }
        return dst
    }

    /// dst[oc][y * s + ky * d][x * s + kx * d] += src[ic][y][x] * weights[ic][oc / groups][ky][kx], from the bias on
    static func deconvolution(
        _ src: Volume, weights: [Float], bias: [Float], oc: Int, kernel: odnn_kernel, relu: Bool
    ) -> Volume {
        let kh = Int(kernel.height), kw = Int(kernel.width)
        let icPerGroup = src.channels / Int(kernel.groups), ocPerGroup = oc / Int(kernel.groups)
        let height = (src.height - 1) * Int(kernel.stride_y) + kernel.reachY
        let width = (src.width - 1) * Int(kernel.stride_x) + kernel.reachX
        var sums = [Double](repeating: 0, count: oc * height * width)
        for i in 0..<src.channels {
            for o in 0..<ocPerGroup {
                for y in 0..<src.height {
                    for x in 0..<src.width {
                        for ky in 0..<kh {
                            for kx in 0..<kw {
                                let to =
                                    ((i / icPerGroup * ocPerGroup + o) * height + y * Int(kernel.stride_y)
                                        + ky * Int(kernel.dilation_y)) * width + x * Int(kernel.stride_x)
                                    + kx * Int(kernel.dilation_x)
                                sums[to] +=
                                    Double(src[i, y, x]) * Double(weights[((i * ocPerGroup + o) * kh + ky) * kw + kx])
                            }
                        }
                    }
                }
            }
        }
        let values = sums.indices.map { n in
            let sum = sums[n] + Double(bias[n / (height * width)])
            return Float(relu ? max(0, sum) : sum)
        }
        return Volume(oc, height, width, values: values)
    }

    static func maxPooling(_ src: Volume, kernel: odnn_kernel) -> Volume {
        var dst = Volume(
            src.channels, (src.height - kernel.reachY) / Int(kernel.stride_y) + 1,
            (src.width - kernel.reachX) / Int(kernel.stride_x) + 1)
        for c in 0..<dst.channels {
            for y in 0..<dst.height {
                for x in 0..<dst.width {
                    var largest = -Float.infinity
                    for ky in 0..<Int(kernel.height) {
                        for kx in 0..<Int(kernel.width) {
                            largest = max(
                                largest,
                                src[
                                    c, y * Int(kernel.stride_y) + ky * Int(kernel.dilation_y),
                                    x * Int(kernel.stride_x) + kx * Int(kernel.dilation_x)])
                        }
                    }
                    dst[c, y, x] = largest
                }
            }
        }
        return dst
    }

    /// Half-pixel centres: output pixel i samples at (i + 0.5) / factor - 0.5, clamped to the map.
    static func bilinear(_ src: Volume, height: Int, width: Int) -> Volume {
        func taps(_ i: Int, from: Int, to: Int) -> (Int, Int, Double) {
            let at = max(0, (Double(i) + 0.5) * Double(from) / Double(to) - 0.5)
            let low = min(Int(at), from - 1)
            return (low, min(low + 1, from - 1), at - Double(low))
        }
        var dst = Volume(src.channels, height, width)
        for c in 0..<dst.channels {
            for y in 0..<height {
                let (top, bottom, v) = taps(y, from: src.height, to: height)
                for x in 0..<width {
                    let (left, right, u) = taps(x, from: src.width, to: width)
                    let upper = Double(src[c, top, left]) * (1 - u) + Double(src[c, top, right]) * u
                    let lower = Double(src[c, bottom, left]) * (1 - u) + Double(src[c, bottom, right]) * u
                    dst[c, y, x] = Float(upper * (1 - v) + lower * v)
                }
            }
        }
        return dst
    }
}
