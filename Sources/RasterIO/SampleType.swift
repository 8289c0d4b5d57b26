import CGDAL

/// The type of a raster's stored samples. The raw values are GDAL's names.
///
/// Complex types have no case: such rasters are refused.
///
///     var options = SegmentationOptions()
///     options.probabilityType = .uint8  // a quarter of the disk that float32 takes
public enum SampleType: String, Sendable, CustomStringConvertible {
    /// Whole numbers from 0 to 255.
    case uint8 = "Byte"
    /// Whole numbers from -128 to 127.
    case int8 = "Int8"
    /// Whole numbers from 0 to 65,535.
    case uint16 = "UInt16"
    /// Whole numbers from -32,768 to 32,767.
    case int16 = "Int16"
    /// Whole numbers of 32 bits from 0 on.
    case uint32 = "UInt32"
    /// Whole numbers of 32 bits with a sign.
    case int32 = "Int32"
    /// Whole numbers of 64 bits from 0 on.
    case uint64 = "UInt64"
    /// Whole numbers of 64 bits with a sign.
    case int64 = "Int64"
    /// IEEE 754 numbers of 16 bits.
    case float16 = "Float16"
    /// IEEE 754 numbers of 32 bits.
    case float32 = "Float32"
    /// IEEE 754 numbers of 64 bits.
    case float64 = "Float64"

    /// GDAL's name of the type.
    public var description: String { rawValue }

    /// True for the types that have fractions and NaN.
    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .float32, .float64: true
        default: false
        }
    }

    /// True if every value of the type is a float32 too, so that nothing is lost in reading it as one.
    var fitsFloat32: Bool {
        switch self {
        case .uint8, .int8, .uint16, .int16, .float16, .float32: true
        case .uint32, .int32, .uint64, .int64, .float64: false
        }
    }
}

/// int8 samples that were read as if they had no sign.
enum SampleSign {
    /// Gives samples from 128 to 255 their meaning as int8, -128 to -1.
    static func restore(_ samples: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count where samples[i] > 127 { samples[i] -= 256 }
    }
}

/// A Swift type whose values `RasterWriter` takes as samples.
package protocol RasterSample: BitwiseCopyable, Sendable {
    /// The sample type that the values are stored as.
    static var sampleType: SampleType { get }
}

extension UInt8: RasterSample {
    /// The type of bytes.
    package static var sampleType: SampleType { .uint8 }
}

extension UInt16: RasterSample {
    /// The type of whole numbers of 16 bits.
    package static var sampleType: SampleType { .uint16 }
}

extension Float: RasterSample {
    /// The type of floating-point numbers of 32 bits.
    package static var sampleType: SampleType { .float32 }
}

extension SampleType {
    /// The properties of a type that `RasterWriter` can write; nil for the types that are only read.
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
