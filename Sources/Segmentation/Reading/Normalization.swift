/// What happens to a pixel before the network sees it, in float32:
///
///     (clamp(v) * scale + offset - mean) / std
///
/// Each has one value for each of the network's bands.
public struct Normalization: Hashable, Sendable {
    /// Pixels below and above are taken for these.
    public var minimum: [Float]
    public var maximum: [Float]
    public var scale: [Float]
    public var offset: [Float]
    public var mean: [Float]
    /// None is 0.
    public var std: [Float]

    /// That of nothing: pixels are taken as they are.
    public init(bands: Int) {
        func all(_ value: Float) -> [Float] { Array(repeating: value, count: bands) }
        (minimum, maximum) = (all(-.infinity), all(.infinity))
        (scale, offset, mean, std) = (all(1), all(0), all(0), all(1))
    }

    /// What happens to the pixels of one of the network's bands, counted from 0.
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
