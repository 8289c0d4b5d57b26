import CGDAL

/// A Swift type whose values `RasterWriter` takes as samples.
public protocol RasterSample: BitwiseCopyable, Sendable {
    static var sampleType: SampleType { get }
}

extension UInt8: RasterSample {
    public static var sampleType: SampleType { .uint8 }
}

extension UInt16: RasterSample {
    public static var sampleType: SampleType { .uint16 }
}

extension Float: RasterSample {
    public static var sampleType: SampleType { .float32 }
}

extension SampleType {
    /// What `RasterWriter` needs to know of a type that it writes; nil for the types that are only read.
    var writing: (gdalType: GDALDataType, bytes: Int)? {
        switch self {
        case .uint8: (GDT_Byte, 1)
        case .uint16: (GDT_UInt16, 2)
        case .float32: (GDT_Float32, 4)
        default: nil
        }
    }

    /// The bytes of `value` as a sample of a type that is written; nil where the type does not have the value.
    func bytes(of value: Double) -> [UInt8]? {
        switch self {
        case .uint8: UInt8(exactly: value).map { [$0] }
        case .uint16: UInt16(exactly: value).map { sample in withUnsafeBytes(of: sample) { Array($0) } }
        case .float32: withUnsafeBytes(of: Float(value)) { Array($0) }
        default: nil
        }
    }
}
