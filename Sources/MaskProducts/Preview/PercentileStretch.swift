/// The map from a band's samples to brightness that leaves the darkest and the brightest 2 % without shades, so that haze
/// and a few glints do not decide how the rest looks. Each band has its own, as in QGIS ("cumulative count cut").
struct PercentileStretch: Equatable {
    /// What becomes black, and white.
    let low: Float
    let high: Float

    /// Samples that are looked at for it at most, evenly spread.
    private static let sampleLimit = 1 << 21

    /// - Parameter samples: of a whole picture; NaN without data.
    init(of samples: some RandomAccessCollection<Float>, percent: Double = 2) {
        let step = max(1, (samples.count - 1) / Self.sampleLimit + 1)
        var values: [Float] = []
        values.reserveCapacity(samples.count / step + 1)
        var index = samples.startIndex
        while index < samples.endIndex {
            if samples[index].isFinite { values.append(samples[index]) }
            index = samples.index(index, offsetBy: step, limitedBy: samples.endIndex) ?? samples.endIndex
        }
        values.sort()
        guard let first = values.first, let last = values.last else {
            (low, high) = (0, 1)
            return
        }
        let cut = Int(Double(values.count - 1) * percent / 100)
        let (below, above) = (values[cut], values[values.count - 1 - cut])
        // Where nearly all pixels are the same, the few others are what there is to see.
        (low, high) = below < above ? (below, above) : (first, last)
    }

    /// 0 to 255; the middle where all samples are the same, and 0 for NaN.
    func callAsFunction(_ sample: Float) -> UInt8 {
        guard !sample.isNaN else { return 0 }
        // Halves, so that the difference of the largest numbers is finite.
        let range = high / 2 - low / 2
        guard range > 0 else { return 128 }
        return UInt8((min(max((sample / 2 - low / 2) / range, 0), 1) * 255).rounded())
    }
}
