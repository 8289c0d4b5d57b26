import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry

/// Samples and validity of real files. The expected counts and sums come from GDAL's own mask bands and pixels,
/// extracted with gdal_translate and added up with numpy.
@Suite(.needsSharedData)
struct RasterReaderTests {
    struct Scene: Sendable, CustomTestStringConvertible {
        var name: String
        var bands: [Int]
        /// Pixels with data in any of the bands.
        var valid: Int
        var validPerBand: [Int]
        var sums: [Double]
        var testDescription: String { "\(name) \(bands)" }

        init(_ name: String, _ bands: [Int], _ valid: Int, _ validPerBand: [Int], _ sums: [Double]) {
            self.name = name
            self.bands = bands
            self.valid = valid
            self.validPerBand = validPerBand
            self.sums = sums
        }
    }

    static let scenes: [Scene] = [
        // Nodata value, each band its own: a pixel is valid where any band is.
        Scene("RGB.byte.tif", [1, 2, 3], 383115, [382776, 382939, 382743], [17_008_452, 25_282_412, 27_325_233]),
        Scene("RGB.byte.tif", [3], 382743, [382743], [27_325_233]),
        Scene("rgb_nodata.tif", [1, 2, 3], 86492, [86126, 86473, 86492], [8_583_568, 9_358_908, 9_550_347]),
        Scene("mosaic_cog1.tif", [2], 415657, [415657], [3_841_200_860]),
        // A mask inside the file, one for all bands.
        Scene("rgb_mask.tif", [1, 2, 3], 86117, [86117, 86117, 86117], [8_583_299, 9_349_748, 9_518_335]),
        Scene("cogeo.tif", [2], 1_048_576, [1_048_576], [126_529_641]),
        // A mask inside the file for each band.
        Scene("small/test3_with_mask_8bit.tif", [3, 1], 100, [100, 100], [12700, 12700]),
        // Alpha, 8 and 16 bits, holds for all bands. In the 16-bit file opaque is 255, not 65535. Where it is read itself,
        // it is data, and hides nothing.
        Scene("rgb_alpha.tif", [1, 2, 3], 78812, [78812, 78812, 78812], [7_865_688, 8_573_414, 8_748_644]),
        Scene("rgb_alpha.tif", [2, 4], 88856, [88856, 88856], [9_654_437, 78812 * 255]),
        Scene(
            "RGBA.uint16.tif", [3, 2, 1], 127316, [127316, 127316, 127316], [Double](repeating: 1.27316e9, count: 3)),
        Scene("dummy_fotomap_small.tif", [3], 1_045_363, [1_045_363], [97_617_248]),
        // Nodata that is NaN, that is the largest float32 or a little more, that covers everything.
        Scene("float_nan.tif", [1], 5, [5], [0.85]),
        Scene("small/nan32_nodata.tif", [1], 90, [90], [4860]),
        Scene("GA4886_VanderfordGlacier_64m.tif", [1], 364224, [364224], [-316_616_901.452]),
        Scene("inverted_lat.tif", [1], 0, [0], [0]),
        Scene("small/sparse_tiled_contig.tif", [1, 2, 3], 0, [0, 0, 0], [0, 0, 0]),
        // Sample types and storage: float64, int16, packed 12 and 1 bits, half floats, big-endian, BigTIFF, uint16.
        Scene("2d_test.tif", [1], 100, [100], [20.8838126]),
        Scene("cog_scale.tif", [2, 1], 65530, [65530, 65530], [320_952_198, 320_952_198]),
        Scene("small/int12.tif", [1], 400, [400], [50706]),
        Scene("small/oddsize1bit.tif", [1], 9801, [9801], [5918]),
        Scene("small/float16.tif", [1], 400, [400], [50706]),
        Scene("small/int16_big_endian.tif", [1], 400, [400], [50706]),
        Scene("small/byte_bigtiff_strip5lines.tif", [1], 400, [400], [50706]),
        Scene("cog_gcps.tif", [1], 1_071_360, [1_071_360], [108_699_786]),
        Scene("test_rpcs.tif", [1], 53052, [53052], [23_044_935]),
        Scene("LisbonElevation.tif", [1], 230287, [230287], [8_926_724.97]),
    ]

    @Test("samples and validity of whole scenes", arguments: scenes)
    func wholeScene(_ scene: Scene) throws {
        let pixels = try Pixels(RasterReader(path: SharedData.geotiff(scene.name)), bands: scene.bands)
        #expect(pixels.validCount == scene.valid)
        #expect(pixels.validity.allSatisfy { $0 <= 1 })
        for index in scene.bands.indices {
            #expect(pixels.validCount(index) == scene.validPerBand[index])
            #expect(abs(pixels.sum(index) - scene.sums[index]) <= 1e-6 * abs(scene.sums[index]))
        }
    }

    @Test("a window is the same part of the whole, in any order of reading")
    func windows() throws {
        let reader = try RasterReader(path: SharedData.geotiff("rgb_mask.tif"))
        let whole = try Pixels(reader, bands: [3, 1])
        let windows = [
            PixelWindow(x: 300, y: 200, width: 83, height: 32), PixelWindow(x: 0, y: 0, width: 1, height: 1),
            PixelWindow(x: 17, y: 0, width: 200, height: 232), PixelWindow(x: 382, y: 231, width: 1, height: 1),
        ]
        for window in windows {
            let part = try Pixels(reader, bands: [3, 1], window: window)
            for y in 0..<window.height {
                for x in 0..<window.width {
                    let inPart = y * window.width + x
                    let inWhole = (window.y + y) * reader.size.width + window.x + x
                    try #require(part.validity[inPart] == whole.validity[inWhole])
                    for band in 0..<2 {
                        let got = part.samples[band * part.area + inPart].bitPattern
                        try #require(got == whole.samples[band * whole.area + inWhole].bitPattern)
                    }
                }
            }
        }
    }

    @Test("what a reader knows of its bands")
    func bands() throws {
        let alpha = try RasterReader(path: SharedData.geotiff("rgb_alpha.tif"))
        #expect(alpha.size == PixelSize(width: 383, height: 232))
        #expect(alpha.driverName == "GTiff")
        #expect(alpha.bands.map(\.number) == [1, 2, 3, 4])
        #expect(alpha.bands.map(\.isAlpha) == [false, false, false, true])
        #expect(alpha.bands.map(\.colorInterpretation) == ["Red", "Green", "Blue", "Alpha"])
        #expect(alpha.bands[0].sampleType == .uint8)
        #expect(alpha.bands[0].nodata == nil)
        #expect(alpha.bands[0].blockSize == PixelSize(width: 383, height: 5))
        let scaled = try RasterReader(path: SharedData.geotiff("cog_scale.tif"))
        #expect(scaled.bands.map(\.sampleType) == [.int16, .int16])
        #expect(scaled.bands[0].scale == 0.0001)
        #expect(scaled.bands[0].offset == 1000)
        #expect(scaled.bands[0].nodata == 0)
        #expect(try RasterReader(path: SharedData.geotiff("float_nan.tif")).bands[0].nodata?.isNaN == true)
    }

    @Test("the user's nodata value takes the place of the file's")
    func nodataOverride() throws {
        // RGB.byte's own 0 is data then; 255 is not.
        let own = try Pixels(RasterReader(path: SharedData.geotiff("RGB.byte.tif")), bands: [1])
        let reader = try RasterReader(path: SharedData.geotiff("RGB.byte.tif"), nodata: 255)
        #expect(reader.bands.allSatisfy { $0.nodata == 255 })
        let pixels = try Pixels(reader, bands: [1])
        let white = own.samples.count { $0 == 255 }
        #expect(white > 0)
        #expect(pixels.validCount == own.area - white)
        // It holds beside a mask.
        let masked = try Pixels(RasterReader(path: SharedData.geotiff("rgb_mask.tif")), bands: [1])
        let both = try Pixels(RasterReader(path: SharedData.geotiff("rgb_mask.tif"), nodata: 140), bands: [1])
        #expect(both.validCount == masked.validCount - masked.samples.count { $0 == 140 })
        // NaN: nothing but what is not finite.
        let all = try Pixels(RasterReader(path: SharedData.geotiff("inverted_lat.tif"), nodata: .nan), bands: [1])
        #expect(all.validCount == 720 * 360)
        #expect(all.samples.allSatisfy { $0 == -9999 })
    }

    @Test("a mosaic, a path of GDAL's own, an image with its georeferencing beside it")
    func otherSources() throws {
        let folder = try TemporaryFolder()
        let scene = SharedData.geotiff("small/byte_point.tif")
        let mosaic = try folder.write(
            Array(
                """
                <VRTDataset rasterXSize="40" rasterYSize="20"><VRTRasterBand dataType="Byte" band="1">
                <NoDataValue>107</NoDataValue>
                <SimpleSource><SourceFilename>\(scene)</SourceFilename><SourceBand>1</SourceBand>
                <SrcRect xOff="0" yOff="0" xSize="20" ySize="20"/>
                <DstRect xOff="20" yOff="0" xSize="20" ySize="20"/></SimpleSource></VRTRasterBand></VRTDataset>
                """.utf8), to: "mosaic.vrt")
        let own = try Pixels(RasterReader(path: scene), bands: [1])
        let pixels = try Pixels(RasterReader(path: mosaic), bands: [1])
        #expect(pixels.validCount == own.samples.count { $0 != 107 })  // the left half is nodata as a whole
        let virtual = try Pixels(RasterReader(path: "/vsisubfile/0,/" + scene), bands: [1])
        #expect(virtual.samples == own.samples)
        let tile = try RasterReader(path: SharedData.root.appendingPathComponent("data/s2forest/cnn_25_image.jpg").path)
        #expect(tile.driverName == "JPEG")
        #expect(tile.spatialReference.geoTransform != nil)
        #expect(tile.spatialReference.crs?.identifier == "EPSG:32633")
    }

    @Test("reading leaves nothing beside the scene")
    func noSidecars() throws {
        let folder = try TemporaryFolder()
        let path = try folder.copy(SharedData.geotiff("RGB.byte.tif"), as: "scene.tif")
        do {
            let reader = try RasterReader(path: path, nodata: 3)
            _ = try Pixels(reader, bands: [1, 2, 3])
        }
        #expect(try folder.names == ["scene.tif"])
    }
}
