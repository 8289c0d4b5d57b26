import RasterIO
import TileGeometry

/// One of the rasters that a run makes: what it is, and where it will be.
public struct RasterOutput: Sendable {
    /// The rasters that there may be, the mask first, which every run makes.
    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// The class of each pixel.
        case mask
        /// The probability of each class: a band for each output channel of the network.
        case probabilities
        /// The probability of each pixel's class, in whole steps of a byte.
        case confidence
    }

    let kind: Kind
    /// Where the finished raster will be.
    let path: String
    let options: RasterWriter.Options

    /// The bytes of all samples as they lie in memory.
    var byteCount: Int { RawLayout(options).byteCount }
}

extension SampleType {
    /// Of one sample, of the types that rasters are written in.
    var sampleByteCount: Int {
        switch self {
        case .uint8, .int8: 1
        case .uint16, .int16, .float16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        }
    }
}
