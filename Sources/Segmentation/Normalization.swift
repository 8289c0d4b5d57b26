/// What happens to a pixel before the network sees it: `(v * scale + offset - mean[band]) / std[band]`, in float32.
public struct Normalization: Hashable, Sendable {
    public var scale: Float
    public var offset: Float
    /// One for each of the network's bands.
    public var mean: [Float]
    /// One for each of the network's bands; none is 0.
    public var std: [Float]

    public init(scale: Float = 1, offset: Float = 0, mean: [Float], std: [Float]) {
        precondition(mean.count == std.count && !std.contains(0))
        self.scale = scale
        self.offset = offset
        self.mean = mean
        self.std = std
    }

    /// What happens to the pixels of one of the network's bands, counted from 0.
    func band(_ band: Int) -> BandNormalization {
        BandNormalization(scale: scale, offset: offset, mean: mean[band], std: std[band])
    }
}

struct BandNormalization {
    let scale: Float
    let offset: Float
    let mean: Float
    let std: Float

    /// An invalid pixel, given as NaN, becomes 0: what its band's mean would become.
    @inline(__always)
    func callAsFunction(_ value: Float) -> Float { value.isNaN ? 0 : (value * scale + offset - mean) / std }
}
