import TileGeometry

/// A sample that overviews are made of.
protocol PyramidSample: RasterSample, Comparable {
    var isNaN: Bool { get }
    /// The mean of one to four samples, given their sum.
    static func mean(sum: Float, count: Int) -> Self
    var float: Float { get }
}

extension UInt8: PyramidSample {
    var isNaN: Bool { false }
    var float: Float { Float(self) }
    static func mean(sum: Float, count: Int) -> UInt8 { UInt8(sum / Float(count) + 0.5) }
}

extension UInt16: PyramidSample {
    var isNaN: Bool { false }
    var float: Float { Float(self) }
    static func mean(sum: Float, count: Int) -> UInt16 { UInt16(sum / Float(count) + 0.5) }
}

extension Float: PyramidSample {
    var float: Float { self }
    static func mean(sum: Float, count: Int) -> Float { sum / Float(count) }
}

/// Makes one pixel of every two by two: of fewer at a right or lower edge of odd length.
struct PixelReducer<Sample: PyramidSample> {
    let method: OverviewPyramid.Method
    /// The value of samples without data; NaN is one in any case.
    let nodata: Sample?

    /// - Parameters:
    ///   - source: height x width.
    ///   - target: half of that, rounded up.
    func reduce(
        _ source: UnsafePointer<Sample>, of sourceSize: PixelSize, into target: UnsafeMutablePointer<Sample>,
        of targetSize: PixelSize
    ) {
        for y in 0..<targetSize.height {
            let upper = source + 2 * y * sourceSize.width
            let lower = 2 * y + 1 < sourceSize.height ? upper + sourceSize.width : upper
            let hasLower = lower != upper
            for x in 0..<targetSize.width {
                let left = 2 * x
                let hasRight = left + 1 < sourceSize.width
                let right = hasRight ? left + 1 : left
                let four = (upper[left], upper[right], lower[left], lower[right])
                target[y * targetSize.width + x] = one(four, hasRight: hasRight, hasLower: hasLower)
            }
        }
    }

    /// - Parameter four: upper left, upper right, lower left, lower right; those beyond an edge repeat their neighbour.
    private func one(_ four: (Sample, Sample, Sample, Sample), hasRight: Bool, hasLower: Bool) -> Sample {
        let (a, b, c, d) = four
        if method == .nearest || (a == b && a == c && a == d) { return a }
        var values = (a, a, a, a)
        var count = 0
        withUnsafeMutableBytes(of: &values) { bytes in
            let values = bytes.bindMemory(to: Sample.self)
            func add(_ value: Sample) {
                guard !hasNoData(value) else { return }
                values[count] = value
                count += 1
            }
            add(a)
            if hasRight { add(b) }
            if hasLower { add(c) }
            if hasRight && hasLower { add(d) }
        }
        guard count > 0 else { return a }
        return withUnsafeBytes(of: values) { bytes in
            let valid = bytes.bindMemory(to: Sample.self)[..<count]
            return method == .mode
                ? mostFrequent(valid) : Sample.mean(sum: valid.reduce(0) { $0 + $1.float }, count: count)
        }
    }

    private func hasNoData(_ value: Sample) -> Bool { value.isNaN || value == nodata }

    private func mostFrequent(_ values: Slice<UnsafeBufferPointer<Sample>>) -> Sample {
        var best = values[values.startIndex]
        var votes = 0
        for candidate in values {
            let count = values.count { $0 == candidate }
            if count > votes || (count == votes && candidate < best) { (best, votes) = (candidate, count) }
        }
        return best
    }
}
