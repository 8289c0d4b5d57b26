import Foundation

@testable import FileIO
@testable import RasterIO
@testable import TileGeometry

/// Files to begin with: sound ones, small, and one for each way in which files of their kind are laid out.
enum Seeds {
    /// Writes the files, for each target in a folder of its name.
    static func write(to folder: String) throws {
        GDALLibrary.prepare()
        for target in ["raster", "scene", "tiff"] {
            let place = "\(folder)/\(target)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            for raster in Raster.all { try raster.write(to: "\(place)/\(raster.name).tif") }
        }
    }

    private struct Raster: Sendable {
        let name: String
        let type: SampleType
        var bands = 1
        var format = RasterFormat.geoTIFF
        var options: [String] = []
        var nodata: Double?

        static let all = [
            Raster(name: "bytes", type: .uint8, nodata: 255),
            Raster(name: "floats", type: .float32, options: ["COMPRESS=NONE"], nodata: .nan),
            Raster(name: "words", type: .uint16, bands: 3, options: ["COMPRESS=LZW", "INTERLEAVE=PIXEL"]),
            Raster(name: "big", type: .uint8, options: ["BIGTIFF=YES", "COMPRESS=DEFLATE"]),
            Raster(name: "cloud", type: .uint8, format: .cloudOptimized),
        ]

        func write(to path: String) throws {
            var options = RasterWriter.Options(size: Self.size, bandCount: bands, sampleType: type)
            options.spatialReference.geoTransform = GeoTransform([500_000, 10, 0, 5_000_000, 0, -10])
            options.spatialReference.crs = try CoordinateReferenceSystem("EPSG:32633")
            options.blockSize = PixelSize(width: 16, height: 16)
            options.nodata = nodata
            options.format = format
            options.creationOptions = self.options
            options.overwrite = true
            let writer = try RasterWriter(path: path, options: options)
            for band in 1...bands {
                switch type {
                case .uint8: try fill(writer, band, UInt8.self)
                case .uint16: try fill(writer, band, UInt16.self)
                default: try fill(writer, band, Float.self)
                }
            }
            try writer.commit()
            unlink(path + ".aux.xml")
        }

        private func fill<Sample: RasterSample & ExpressibleByIntegerLiteral>(
            _ writer: RasterWriter, _ band: Int, _ type: Sample.Type
        ) throws {
            let size = Self.size
            let samples: [Sample] = (0..<size.area).map { [0, 1, 2][$0 / 7 % 3] }
            try samples.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: band, samples: $0) }
        }

        private static let size = PixelSize(width: 20, height: 18)
    }
}
