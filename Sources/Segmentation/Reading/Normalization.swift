/// The normalisation of a pixel before the network sees it, in float32:
///
///     (clamp(v) * scale + offset - mean) / std
///
/// Each has one value for each of the network's bands.
package struct Normalization: Hashable, Sendable {
    /// The value that smaller pixels are taken for.
    package var minimum: [Float]
    /// The value that larger pixels are taken for.
    package var maximum: [Float]
    /// The factor that pixels are multiplied with.
    package var scale: [Float]
    /// The number that is added to scaled pixels.
    package var offset: [Float]
    /// The mean that is subtracted.
    package var mean: [Float]
    /// The standard deviation that is divided by; none is 0.
    package var std: [Float]

    /// Makes one that takes pixels as they are.
    package init(bands: Int) {
        func all(_ value: Float) -> [Float] { Array(repeating: value, count: bands) }
        (minimum, maximum) = (all(-.infinity), all(.infinity))
        (scale, offset, mean, std) = (all(1), all(0), all(0), all(1))
    }

    /// Returns what happens to the pixels of one of the network's bands, counted from 0.
    func band(_ band: Int) -> BandNormalization {
        BandNormalization(
            range: minimum[band]...max(minimum[band], maximum[band]), scale: scale[band], offset: offset[band],
            mean: mean[band], std: std[band])
    }
}

struct BandNormalization {
    let range: ClosedRange<Float>
    let scale: Float
    let offset: Float
    let mean: Float
    let std: Float

    /// An invalid pixel, given as NaN, becomes 0: what its band's mean would become.
    @inline(__always)
    func callAsFunction(_ value: Float) -> Float {
        value.isNaN ? 0 : (min(max(value, range.lowerBound), range.upperBound) * scale + offset - mean) / std
    }
}
