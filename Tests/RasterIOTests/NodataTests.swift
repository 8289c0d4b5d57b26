import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry

/// Nodata values of every sample type, as raw files: those that float32 does not hold, those that headers round.
struct NodataTests {
    /// An ENVI raster of one row.
    private func raster<S: BitwiseCopyable>(
        _ samples: [S], enviType: Int, nodata: String, in folder: TemporaryFolder
    ) throws -> String {
        let path = try folder.write(samples.withUnsafeBytes { Array($0) }, to: "scene.img")
        let header = """
            ENVI
            samples = \(samples.count)
            lines = 1
            bands = 1
            data type = \(enviType)
            byte order = 0
            data ignore value = \(nodata)
            """
        _ = try folder.write(Array(header.utf8), to: "scene.hdr")
        return path
    }

    private func valid<S: BitwiseCopyable>(
        _ samples: [S], enviType: Int, nodata: String, override: Double? = nil
    ) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let path = try raster(samples, enviType: enviType, nodata: nodata, in: folder)
        let pixels = try Pixels(RasterReader(path: path, nodata: override), bands: [1])
        #expect(zip(pixels.samples, pixels.validity).allSatisfy { $0.isNaN == ($1 == 0) })
        return pixels.validity
    }

    @Test("float32: the largest number, however it was printed")
    func float32() throws {
        let samples: [Float] = [1, -.greatestFiniteMagnitude, 0, .nan, .infinity, -3.4e38]
        for text in ["-3.4028234663852886e+38", "-3.4028235e+38", "-3.402823e+38"] {
            let found = try valid(samples, enviType: 4, nodata: text)
            #expect(found == [1, 0, 1, 0, 0, 1], "\(text)")
        }
        #expect(try valid([0.1 as Float, 0.2], enviType: 4, nodata: "0.1") == [0, 1])
        #expect(try valid([1e-30 as Float, 0], enviType: 4, nodata: "0") == [1, 0])
    }

    @Test("float64: values that are different only there, and beyond float32")
    func float64() throws {
        #expect(try valid([16_777_216, 16_777_217, 5] as [Double], enviType: 5, nodata: "16777217") == [1, 0, 1])
        #expect(
            try valid([-1.7976931348623157e308, 5] as [Double], enviType: 5, nodata: "-1.7976931348623157e308") == [
                0, 1,
            ])
        // No nodata value, but nothing that float32 could hold.
        #expect(try valid([1e300, 5, .nan], enviType: 5, nodata: "-1") == [0, 1, 0])
    }

    @Test("32 bits: neighbours that float32 takes for the same")
    func integers() throws {
        #expect(try valid([Int32.min, .min + 1, 0], enviType: 3, nodata: "-2147483648") == [0, 1, 1])
        #expect(try valid([UInt32.max, .max - 1, 0], enviType: 13, nodata: "4294967295") == [0, 1, 1])
        #expect(try valid([Int32.max, .max - 1], enviType: 3, nodata: "0", override: 2_147_483_646) == [1, 0])
    }

    @Test("8 and 16 bits: values that no sample has are nobody's")
    func outOfRange() throws {
        #expect(try valid([0, 255, 241] as [UInt8], enviType: 1, nodata: "-9999") == [1, 1, 1])
        #expect(try valid([0, 255, 1] as [UInt8], enviType: 1, nodata: "0", override: 0.5) == [1, 1, 1])
        #expect(try valid([-32768, 0] as [Int16], enviType: 2, nodata: "-32768") == [0, 1])
    }
}
