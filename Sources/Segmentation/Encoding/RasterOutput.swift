import RasterIO
import TileGeometry

/// One of the rasters that a run makes: what it will be called, and what it is.
struct RasterOutput {
    enum Kind: String, Codable {
        case mask
        case probabilities
        case confidence
    }

    let kind: Kind
    /// Of the finished raster.
    let path: String
    let options: RasterWriter.Options

    /// Of all samples as they lie in memory.
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
