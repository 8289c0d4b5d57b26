import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry

/// Cloud-optimised outputs: what is written comes back, the overviews are the right ones, and nothing else is left.
struct CloudOptimizedTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func options(
        _ size: PixelSize, bands: Int = 1, type: SampleType = .uint8, _ creation: [String] = []
    ) throws -> RasterWriter.Options {
        var options = RasterWriter.Options(size: size, bandCount: bands, sampleType: type)
        options.format = .cloudOptimized
        options.blockSize = PixelSize(width: 128, height: 128)
        options.nodata = type == .float32 ? .nan : 255
        options.spatialReference = SyntheticScene.spatialReference
        options.spatialReference.crs = try CoordinateReferenceSystem("EPSG:32633")
        options.creationOptions = creation
        options.overwrite = true
        return options
    }

    private static let classes = [
        LegendEntry(value: 0, name: "land", color: .init(red: 200, green: 180, blue: 90)),
        LegendEntry(value: 1, name: "água: deep", color: .init(red: 0, green: 0, blue: 200)),
        LegendEntry(value: 7, name: "wood", color: .init(red: 10, green: 120, blue: 30)),
    ]

    @discardableResult
    private func write<Sample: RasterSample>(
        _ name: String, _ options: RasterWriter.Options, value: (Int, Int, Int) -> Sample
    ) throws -> String {
        let writer = try RasterWriter(path: folder.path(name), options: options)
        for y in stride(from: 0, to: options.size.height, by: 100) {
            let window = PixelWindow(x: 0, y: y, width: options.size.width, height: 100)
                .intersection(PixelWindow(options.size))
            for band in 0..<options.bandCount {
                let samples = (0..<window.size.area).map {
                    value(band, $0 % window.width, window.y + $0 / window.width)
                }
                try samples.withUnsafeBufferPointer { try writer.write(window, band: band + 1, samples: $0) }
            }
        }
        try writer.commit()
        return folder.path(name)
    }

    static let sizes = [
        PixelSize(width: 1, height: 1), PixelSize(width: 512, height: 300), PixelSize(width: 513, height: 2),
        PixelSize(width: 1300, height: 77),
    ]

    @Test("a mask comes back with all that it says of itself, and is valid", arguments: sizes)
    func mask(_ size: PixelSize) throws {
        var options = try options(size)
        options.legend = Self.classes
        options.bandNames = ["class"]
        options.metadata = ["OVERTILE_VERSION": "1.2", "TIFFTAG_SOFTWARE": "Overtile 1.2"]
        let values: [UInt8] = [0, 1, 7, 255]
        let path = try write("mask.tif", options) { _, x, y in values[(x / 50 + y / 70) % 4] }
        #expect(try folder.names == ["mask.tif", "mask.tif.aux.xml"])
        let reader = try RasterReader(path: path)
        #expect(reader.size == size)
        #expect(reader.spatialReference.isEquivalent(to: options.spatialReference))
        #expect(reader.legend(ofBand: 1) == Self.classes)
        #expect(reader.bands[0].nodata == 255)
        #expect(reader.bands[0].name == "class")
        #expect(reader.bands[0].colorInterpretation == "Palette")
        #expect(reader.metadata["OVERTILE_VERSION"] == "1.2")
        #expect(reader.metadata["TIFFTAG_SOFTWARE"] == "Overtile 1.2")
        let pixels = try Pixels(reader, bands: [1]).samples
        for (index, pixel) in pixels.enumerated() {
            let expected = values[(index % size.width / 50 + index / size.width / 70) % 4]
            guard expected == 255 ? pixel.isNaN : pixel == Float(expected) else {
                Issue.record("pixel \(index) is \(pixel), not \(expected)")
                break
            }
        }
        let sidecar = String(decoding: try folder.bytes("mask.tif.aux.xml"), as: UTF8.self)
        #expect(sidecar.contains("<Category>água: deep</Category>"))
        #expect(sidecar.contains("<GDALRasterAttributeTable"))
        let check = try GeoTIFFCheck(path: path)
        #expect(check.format == .cloudOptimized)
        #expect(check.errors == [])
        #expect(check.warnings == [])
        let wanted = max(size.width, size.height) > 1024 ? 2 : max(size.width, size.height) > 512 ? 1 : 0
        #expect(check.overviews.count == wanted)
    }

    @Test(
        "probabilities of several bands, of any type, come back and are valid",
        arguments: [SampleType.float32, .uint16])
    func probabilities(_ type: SampleType) throws {
        let size = PixelSize(width: 700, height: 60)
        var options = try options(size, bands: 3, type: type)
        options.bandNames = ["land", "water", "wood"]
        if type == .uint16 { options.scale = 1.0 / 10000 }
        let path: String
        if type == .float32 {
            path = try write("p.tif", options) { band, x, y in x < 10 ? .nan : Float(band + x + y) / 2000 }
        } else {
            path = try write("p.tif", options) { band, x, y in x < 10 ? 255 : UInt16(band + x + y + 1000) }
        }
        let reader = try RasterReader(path: path)
        #expect(reader.bands.map(\.name) == ["land", "water", "wood"])
        #expect(reader.bands.map(\.scale) == Array(repeating: type == .uint16 ? 1.0 / 10000 : nil, count: 3))
        let pixels = try Pixels(reader, bands: [2]).samples
        #expect(pixels[9].isNaN)
        #expect(pixels[700 + 20] == (type == .float32 ? 0.011 : 1022))
        let check = try GeoTIFFCheck(path: path)
        #expect(check.errors == [])
        #expect(check.warnings == [])
    }

    @Test("overviews: the class of most pixels, the lowest of equals; none where none has data")
    func modes() throws {
        var options = try options(PixelSize(width: 1025, height: 26), ["BLOCKSIZE=128", "COMPRESS=NONE"])
        options.legend = Self.classes
        // Each two by two: a majority, a tie, data outvoted by its absence, absence alone.
        let patterns: [[UInt8]] = [[7, 1, 7, 7], [7, 1, 1, 7], [255, 255, 255, 7], [255, 255, 255, 255]]
        let path = try write("mask.tif", options) { _, x, y in patterns[x / 2 % 4][y % 2 * 2 + x % 2] }
        let overview = try Overview(of: path)
        #expect(overview.size == PixelSize(width: 513, height: 13))
        #expect(Array(overview.pixels[..<4]) == [7, 1, 7, 255])
        // The last column is one pixel wide, and votes alone: x = 1024 is the first pattern's left column.
        #expect(overview.pixels[512] == 7)
    }

    @Test("overviews of probabilities: the mean of what has data")
    func means() throws {
        let options = try options(PixelSize(width: 1024, height: 60), type: .float32)
        let path = try write("p.tif", options) { _, x, y in
            x % 2 == 0 ? Float(0.25) : y % 2 == 0 ? Float(0.75) : .nan
        }
        let overview = try Overview(of: path)
        #expect(Set(overview.pixels) == [Float(1.25) / 3])
    }

    @Test("the bytes do not depend on how many threads compress, nor on what else uses GDAL's cache")
    func determinism() throws {
        for type in [SampleType.uint8, .float32] {
            for threads in ["NUM_THREADS=1", "NUM_THREADS=2", "num_threads=7"] {
                let options = try options(PixelSize(width: 1100, height: 90), bands: 2, type: type, [threads])
                RasterCache.limit(bytes: threads == "NUM_THREADS=2" ? 1 << 16 : 1 << 26)
                defer { RasterCache.limit(bytes: 1 << 26) }
                if type == .uint8 {
                    try write("\(threads).tif", options) { band, x, y in UInt8((x * y + band) % 200) }
                } else {
                    try write("\(threads).tif", options) { band, x, y in Float((x * y + band) % 200) / 200 }
                }
                #expect(try folder.bytes("\(threads).tif") == folder.bytes("NUM_THREADS=1.tif"))
            }
        }
    }

    static let allowed = [
        ["COMPRESS=ZSTD"], ["BLOCKSIZE=256", "BIGTIFF=YES"], ["OVERVIEW_RESAMPLING=NEAREST"], ["COMPRESS=LERC"],
        ["OVERVIEWS=IGNORE_EXISTING"], ["COMPRESS=NONE"],
    ]

    @Test("creation options are those of GDAL's COG driver", arguments: allowed)
    func creationOptions(_ creation: [String]) throws {
        var options = try options(PixelSize(width: 1100, height: 150), creation)
        options.legend = Self.classes
        let path = try write("mask.tif", options) { _, x, y in UInt8((x ^ y) & 64 == 0 ? 7 : 1) }
        #expect(try folder.names == ["mask.tif", "mask.tif.aux.xml"])
        let check = try GeoTIFFCheck(path: path)
        #expect(check.errors == [])
        #expect(try Pixels(RasterReader(path: path), bands: [1]).samples[64] == 1)
    }

    static let refused = [
        "BLOCKXSIZE=256", "TILED=YES", "COMPRESS=JPEG", "OVERVIEW_COMPRESS=WEBP", "OVERVIEW_RESAMPLING=AVERAGE",
        "RESAMPLING=CUBIC", "TILING_SCHEME=GoogleMapsCompatible", "RES=3", "MAX_Z_ERROR=1", "NONSENSE=1",
    ]

    @Test("options of other drivers, and those that change classes or move pixels, are refused", arguments: refused)
    func refusals(_ option: String) throws {
        var options = try options(PixelSize(width: 20, height: 20), [option])
        options.legend = Self.classes
        let error = #expect(throws: RasterError.self) {
            _ = try RasterWriter(path: folder.path("mask.tif"), options: options)
        }
        #expect(error?.code == .badArgument)
        #expect(try folder.names.isEmpty)
    }

    @Test("given up while it is made, it leaves nothing")
    func stopped() throws {
        var options = try options(PixelSize(width: 1100, height: 150))
        options.legend = Self.classes
        for patience in [0, 1, 5] {
            let writer = try RasterWriter(path: folder.path("mask.tif"), options: options)
            let pixels = [UInt8](repeating: 1, count: options.size.area)
            try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(options.size), band: 1, samples: $0) }
            var questions = 0
            #expect(throws: RasterError.self) {
                try writer.finish {
                    questions += 1
                    return questions > patience
                }
            }
            #expect(try folder.names.isEmpty)
        }
    }

    @Test("every real scene's place survives the copy", .needsSharedData)
    func places() throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: SharedData.geotiff("")).sorted()
        var tried = 0
        for name in names where name.hasSuffix(".tif") && name != "cog_world.tif" {
            guard let scene = try? RasterReader(path: SharedData.geotiff(name)) else { continue }
            var options = try options(PixelSize(width: 40, height: 30))
            options.spatialReference = scene.spatialReference
            options.legend = Self.classes
            let path = try write("mask.tif", options) { _, _, _ in UInt8(1) }
            let copy = try RasterReader(path: path)
            #expect(copy.spatialReference.isEquivalent(to: scene.spatialReference), "\(name)")
            #expect(try GeoTIFFCheck(path: path).errors == [], "\(name)")
            tried += 1
        }
        #expect(tried >= 40)
    }
}

/// The first overview of a raster's first band, 255 where there is no data.
private struct Overview {
    let size: PixelSize
    let pixels: [Float]

    init(of path: String) throws {
        let reader = try RasterReader(path: "GTIFF_DIR:2:\(path)")
        size = reader.size
        pixels = try Pixels(reader, bands: [1]).samples.map { $0.isNaN ? 255 : $0 }
    }
}
