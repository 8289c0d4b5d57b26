import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry

/// Each file that cannot be used, and what the user is told.
@Suite(.needsSharedData)
struct RasterErrorTests {
    static let unusable: [(name: String, code: RasterError.Code, says: String)] = [
        ("small/cint16.tif", .unsupported, "band 1 has complex samples of type CInt16"),
        // Cut where the pixels should begin: no strip is there. A tile at byte 4294967167. One of the tiles beyond the
        // end, which GDAL finds only on reaching it.
        ("small/byte_truncated.tif", .truncated, "2 of its 2 blocks"),
        ("small/tiled_bad_offset.tif", .truncated, "1 of its 1 blocks"),
        ("corrupt.tif", .truncated, "1 of its 20 blocks"),
        // Cut before the directory, which GDAL cannot open at all.
        ("RGB.byte.truncated.tif", .truncated, "lies beyond the end of its 900000 bytes"),
        // 1.6 thousand million strips in 192 bytes.
        ("small/huge-number-strips.tif", .damaged, "which a file of 192 bytes has no room to list"),
    ]

    @Test("files that are refused when they are opened", arguments: unusable)
    func refused(_ file: (name: String, code: RasterError.Code, says: String)) throws {
        let path = SharedData.geotiff(file.name)
        let start = ContinuousClock.now
        let error = try #require(throws: RasterError.self) { _ = try RasterReader(path: path) }
        #expect(ContinuousClock.now - start < .seconds(1))
        #expect(error.code == file.code)
        #expect(error.path == path)
        #expect(error.message.contains(file.says), "\(error.message)")
        #expect(error.message.contains(path))
        #expect(!error.message.contains("\n"))
    }

    @Test("a block that cannot be decoded is found when it is read, and named")
    func corruptBlock() throws {
        let folder = try TemporaryFolder()
        var bytes = try folder.bytes(of: SharedData.geotiff("mosaic_cog1.tif"))
        // In the middle of the file: a few bytes of one deflated tile of 256 x 256, all bands together.
        for i in 0..<64 { bytes[bytes.count * 2 / 3 + i] = 0xFF }
        let reader = try RasterReader(path: folder.write(bytes, to: "scene.tif"))
        let first = PixelWindow(x: 0, y: 0, width: 256, height: 256)
        _ = try Pixels(reader, bands: [1], window: first)
        let all = PixelWindow(reader.size)
        let error = try #require(throws: RasterError.self) { _ = try Pixels(reader, bands: [1, 3]) }
        #expect(error.code == .readFailed)
        #expect(error.message.contains("cannot read bands 1, 3, \(all) of \(reader.path): "), "\(error.message)")
        #expect(error.message.contains("ZIPDecode"), "\(error.message)")
        // The reader is of use afterwards.
        _ = try Pixels(reader, bands: [2], window: first)
    }

    /// A file that fuzzing has found.
    private static func fuzzed(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../fuzz/corpus/\(name)").path
    }

    @Test("paths that lead nowhere, to folders, to other files")
    func paths() throws {
        let folder = try TemporaryFolder()
        let cases: [(path: String, code: RasterError.Code, says: String)] = [
            (folder.path("none.tif"), .noSuchFile, "No such file or directory"),
            (folder.path("none/none.tif"), .noSuchFile, "No such file or directory"),
            ("/vsizip/" + folder.path("none.zip") + "/scene.tif", .noSuchFile, "none.zip"),
            ("/vsimem/none.tif", .noSuchFile, "/vsimem/none.tif"),
            ("", .badArgument, "empty"),
            (folder.url.path, .notARaster, "folder"),
            (try folder.write(Array("not a raster\n".utf8), to: "text.tif"), .notARaster, "gdalinfo"),
            (try folder.write([], to: "empty.tif"), .truncated, "0 bytes"),
            // 65,275 bands in 773 bytes, for each of which GDAL would take a kilobyte.
            (Self.fuzzed("tiff/many-bands.tif"), .damaged, "claims 65275 bands"),
            // Only the first four bytes of a TIFF.
            (try folder.write([0x49, 0x49, 42, 0], to: "four.tif"), .truncated, "4 bytes"),
        ]
        for (path, code, says) in cases {
            let error = try #require(throws: RasterError.self) { _ = try RasterReader(path: path) }
            #expect(error.code == code, "\(path): \(error.message)")
            #expect(error.message.contains(says), "\(error.message)")
        }
    }

    @Test("a file that may not be read", .enabled(if: getuid() != 0, "root may read everything"))
    func forbidden() throws {
        let folder = try TemporaryFolder()
        let path = try folder.copy(SharedData.geotiff("rotated.tif"), as: "secret.tif")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        let error = try #require(throws: RasterError.self) { _ = try RasterReader(path: path) }
        #expect(error.code == .permissionDenied)
    }

    @Test("windows and bands that the raster does not have")
    func badArguments() throws {
        let reader = try RasterReader(path: SharedData.geotiff("rotated.tif"))  // 10 x 15
        let windows = [
            PixelWindow(x: 0, y: 0, width: 11, height: 1), PixelWindow(x: -1, y: 0, width: 5, height: 1),
            PixelWindow(x: 0, y: 15, width: 1, height: 1), PixelWindow(x: 3, y: 3, width: 0, height: 2),
        ]
        for window in windows {
            let error = #expect(throws: RasterError.self) { try check(reader, window: window, bands: [1]) }
            #expect(error?.code == .badArgument)
        }
        for bands in [[0], [2], [1, -1], []] {
            let error = #expect(throws: RasterError.self) {
                try check(reader, window: PixelWindow(x: 0, y: 0, width: 1, height: 1), bands: bands)
            }
            #expect(error?.code == .badArgument)
        }
    }

    private func check(_ reader: RasterReader, window: PixelWindow, bands: [Int]) throws {
        let samples = UnsafeMutableBufferPointer<Float>.allocate(capacity: 100)
        let validity = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 100)
        defer {
            samples.deallocate()
            validity.deallocate()
        }
        try reader.read(window, bands: bands, into: samples, validity: validity)
    }

    @Test("a mosaic of a file that is not all there is refused too")
    func truncatedSource() throws {
        let folder = try TemporaryFolder()
        let source = SharedData.geotiff("small/byte_truncated.tif")
        let mosaic = try folder.write(
            Array(
                """
                <VRTDataset rasterXSize="20" rasterYSize="20"><VRTRasterBand dataType="Byte" band="1">
                <SimpleSource><SourceFilename>\(source)</SourceFilename><SourceBand>1</SourceBand></SimpleSource>
                </VRTRasterBand></VRTDataset>
                """.utf8), to: "mosaic.vrt")
        let error = try #require(throws: RasterError.self) { _ = try RasterReader(path: mosaic) }
        #expect(error.code == .truncated)
        #expect(error.path == source)
    }
}
