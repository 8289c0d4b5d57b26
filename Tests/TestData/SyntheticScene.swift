import Foundation
package import RasterIO
import TileGeometry

/// Scenes made by a formula, so that a test can say which pixel has which value.
package enum SyntheticScene {
    package static let spatialReference: SpatialReference = {
        var reference = SpatialReference.none
        reference.geoTransform = GeoTransform([500_000, 10, 0, 5_000_000, 0, -10])
        return reference
    }()

    /// Waves of several lengths, 0 to 255, different in each band.
    package static func wave(_ band: Int, _ x: Int, _ y: Int) -> Float {
        let (x, y, band) = (Double(x), Double(y), Double(band))
        let value = 127 + 60 * sin(x * 0.11 + band) + 50 * cos(y * 0.17 - band * x * 0.01) + 10 * sin(x * y * 0.9)
        return Float(value.rounded())
    }

    /// - Parameters:
    ///   - type: `.uint8` or `.float32`.
    ///   - value: by band (from 0), column and row.
    package static func write(
        _ path: String, width: Int, height: Int, bands: Int = 1, type: SampleType = .uint8, nodata: Double? = nil,
        crs: String? = nil, value: (Int, Int, Int) -> Float = wave
    ) throws {
        let size = PixelSize(width: width, height: height)
        var options = RasterWriter.Options(size: size, bandCount: bands, sampleType: type)
        options.spatialReference = spatialReference
        options.spatialReference.crs = try crs.map { try CoordinateReferenceSystem($0) }
        options.nodata = nodata
        options.blockSize = PixelSize(width: 128, height: 128)
        let writer = try RasterWriter(path: path, options: options)
        for band in 0..<bands {
            var samples: [Float] = []
            for y in 0..<height { for x in 0..<width { samples.append(value(band, x, y)) } }
            if type == .float32 {
                try samples.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: band + 1, samples: $0) }
            } else {
                let bytes = samples.map { UInt8($0) }
                try bytes.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: band + 1, samples: $0) }
            }
        }
        try writer.commit()
    }
}

extension RasterReader {
    /// All of one band, NaN where invalid.
    package func wholeBand(_ band: Int = 1) throws -> [Float] {
        var samples = [Float](repeating: 0, count: size.area)
        var validity = [UInt8](repeating: 0, count: size.area)
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer {
                try read(PixelWindow(size), bands: [band], into: samples, validity: $0)
            }
        }
        return samples
    }

    package static func wholeBand(ofFile path: String, _ band: Int = 1) throws -> [Float] {
        try RasterReader(path: path).wholeBand(band)
    }
}
