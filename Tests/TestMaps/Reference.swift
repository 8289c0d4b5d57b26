/// What each operation means, as plain loops in double precision.
package enum Reference {
    /// The taps of a window, and how they are spread.
    package struct Taps: Sendable {
        package var height: Int
        package var width: Int
        package var strideY = 1
        package var strideX = 1
        package var dilationY = 1
        package var dilationX = 1
        package var groups = 1

        package init(
            height: Int, width: Int, strideY: Int = 1, strideX: Int = 1, dilationY: Int = 1, dilationX: Int = 1,
            groups: Int = 1
        ) {
            (self.height, self.width, self.strideY, self.strideX) = (height, width, strideY, strideX)
            (self.dilationY, self.dilationX, self.groups) = (dilationY, dilationX, groups)
        }

        /// Rows from the first tap to the last, both counted.
        package var reachY: Int { (height - 1) * dilationY + 1 }
        /// Columns from the first tap to the last, both counted.
        package var reachX: Int { (width - 1) * dilationX + 1 }
    }

    /// dst[o][y][x] = bias[o] + Σ src[i][y * s + ky * d - top][x * s + kx * d - left] * weights[o][i / groups][ky][kx],
    /// with zeros around src
    ///
    /// - Parameter output: channels, height and width of dst.
    package static func convolution(
        _ src: Volume, weights: [Float], bias: [Float], _ taps: Taps, top: Int = 0, left: Int = 0,
        to output: (channels: Int, height: Int, width: Int), relu: Bool
    ) -> Volume {
        let (kh, kw, values) = (taps.height, taps.width, src.values)
        let (icPerGroup, ocPerGroup) = (src.channels / taps.groups, output.channels / taps.groups)
        var dst = Volume(output.channels, output.height, output.width)
        for o in 0..<dst.channels {
            let first = o / ocPerGroup * icPerGroup
            for y in 0..<dst.height {
                for x in 0..<dst.width {
                    var sum = Double(bias[o])
                    for ky in 0..<kh {
                        for kx in 0..<kw {
                            let ih = y * taps.strideY + ky * taps.dilationY - top
                            let iw = x * taps.strideX + kx * taps.dilationX - left
                            guard ih >= 0, iw >= 0, ih < src.height, iw < src.width else { continue }
                            for i in 0..<icPerGroup {
                                let value = values[((first + i) * src.height + ih) * src.width + iw]
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

    /// dst[o][y * s + ky * d][x * s + kx * d] += src[i][y][x] * weights[i][o / groups][ky][kx], from the bias on
    package static func transposedConvolution(
        _ src: Volume, weights: [Float], bias: [Float], _ taps: Taps, oc: Int, relu: Bool
    ) -> Volume {
        let (kh, kw) = (taps.height, taps.width)
        let icPerGroup = src.channels / taps.groups, ocPerGroup = oc / taps.groups
        let height = (src.height - 1) * taps.strideY + taps.reachY
        let width = (src.width - 1) * taps.strideX + taps.reachX
        var sums = [Double](repeating: 0, count: oc * height * width)
        for i in 0..<src.channels {
            for o in 0..<ocPerGroup {
                for y in 0..<src.height {
                    for x in 0..<src.width {
                        for ky in 0..<kh {
                            for kx in 0..<kw {
                                let row = y * taps.strideY + ky * taps.dilationY
                                let column = x * taps.strideX + kx * taps.dilationX
                                let to = ((i / icPerGroup * ocPerGroup + o) * height + row) * width + column
                                let weight = weights[((i * ocPerGroup + o) * kh + ky) * kw + kx]
                                sums[to] += Double(src[i, y, x]) * Double(weight)
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

    /// The largest of each window; NaN where it has one.
    package static func maxPooling(_ src: Volume, _ taps: Taps) -> Volume {
        var dst = Volume(
            src.channels, (src.height - taps.reachY) / taps.strideY + 1, (src.width - taps.reachX) / taps.strideX + 1)
        for c in 0..<dst.channels {
            for y in 0..<dst.height {
                for x in 0..<dst.width {
                    var largest = -Float.infinity
                    for ky in 0..<taps.height {
                        for kx in 0..<taps.width {
                            let value = src[
                                c, y * taps.strideY + ky * taps.dilationY, x * taps.strideX + kx * taps.dilationX]
                            if value > largest || value.isNaN { largest = value }
                        }
                    }
                    dst[c, y, x] = largest
                }
            }
        }
        return dst
    }

    /// Half-pixel centres: output pixel i samples at (i + 0.5) / factor - 0.5, clamped to the map.
    package static func bilinear(_ src: Volume, height: Int, width: Int) -> Volume {
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
