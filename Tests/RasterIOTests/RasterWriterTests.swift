import RasterIO
import TestData
import Testing
import TileGeometry

/// What is written comes back, whatever the windows; the file's bytes follow from the calls alone.
struct RasterWriterTests {
    /// A number for each pixel and band, different from its neighbours', that every type holds.
    private func value(_ x: Int, _ y: Int, band: Int) -> Int { (x * 7 + y * 13 + band * 101) % 251 }

    private func samples<S: RasterSample>(_ window: PixelWindow, band: Int, as convert: (Int) -> S) -> [S] {
        (0..<window.size.area).map {
            convert(value(window.x + $0 % window.width, window.y + $0 / window.width, band: band))
        }
    }

    /// Windows that cover a raster and keep to no block: steps of 37 x 23 pixels, rows from the top.
    private func windows(_ size: PixelSize) -> [PixelWindow] {
        stride(from: 0, to: size.height, by: 23).flatMap { y in
            stride(from: 0, to: size.width, by: 37).map { x in
                PixelWindow(x: x, y: y, width: 37, height: 23).intersection(PixelWindow(size))
            }
        }
    }

    private func write<S: RasterSample>(
        _ path: String, _ options: RasterWriter.Options, as convert: (Int) -> S
    ) throws(RasterError) {
        let writer = try RasterWriter(path: path, options: options)
        for window in windows(options.size) {
            for band in 1...options.bandCount {
                let content = samples(window, band: band, as: convert)
                try content.withUnsafeBufferPointer { (buffer) throws(RasterError) in
                    try writer.write(window, band: band, samples: buffer)
                }
            }
        }
        try writer.commit()
    }

    struct Layout: Sendable, CustomTestStringConvertible {
        var size: PixelSize
        var bands: Int
        var creationOptions: [String] = []
        var testDescription: String { "\(size.width) x \(size.height) x \(bands) \(creationOptions)" }
    }

    static let layouts = [
        // Smaller than a block, one pixel, blocks exactly, ragged edges.
        Layout(size: PixelSize(width: 10, height: 7), bands: 1),
        Layout(size: PixelSize(width: 1, height: 1), bands: 1),
        Layout(size: PixelSize(width: 128, height: 64), bands: 1),
        Layout(size: PixelSize(width: 131, height: 67), bands: 1),
        Layout(size: PixelSize(width: 131, height: 67), bands: 3),
        // The user's own options: other compression, all bands together, strips, BigTIFF.
        Layout(size: PixelSize(width: 131, height: 67), bands: 1, creationOptions: ["compress=zstd"]),
        Layout(size: PixelSize(width: 131, height: 67), bands: 3, creationOptions: ["INTERLEAVE=PIXEL"]),
        Layout(size: PixelSize(width: 131, height: 67), bands: 2, creationOptions: ["TILED=NO", "BLOCKYSIZE=5"]),
        Layout(size: PixelSize(width: 131, height: 67), bands: 1, creationOptions: ["COMPRESS=NONE", "BIGTIFF=YES"]),
    ]

    @Test("every sample comes back, for every type", arguments: layouts, [SampleType.uint8, .uint16, .float32])
    func roundTrip(_ layout: Layout, _ type: SampleType) throws {
        let folder = try TemporaryFolder()
        var options = RasterWriter.Options(size: layout.size, bandCount: layout.bands, sampleType: type)
        options.blockSize = PixelSize(width: 64, height: 32)
        options.creationOptions = layout.creationOptions
        let path = folder.path("out.tif")
        let factor: Float
        switch type {
        case .uint8:
            factor = 1
            try write(path, options) { UInt8($0) }
        case .uint16:
            factor = 257
            try write(path, options) { UInt16($0 * 257) }
        default:
            factor = -0.125
            try write(path, options) { Float($0) * -0.125 }
        }
        let reader = try RasterReader(path: path)
        #expect(reader.size == layout.size)
        #expect(reader.bands.map(\.sampleType) == Array(repeating: type, count: layout.bands))
        #expect(reader.spatialReference == .none)
        for band in 1...layout.bands {
            let expected = samples(PixelWindow(layout.size), band: band) { Float($0) * factor }
            #expect(try Pixels(reader, bands: [band]).samples == expected)
        }
        #expect(try folder.names == ["out.tif"])
    }

    @Test("the same calls make the same bytes, while others use GDAL's cache", .needsSharedData)
    func determinism() throws {
        let folder = try TemporaryFolder()
        var options = RasterWriter.Options(
            size: PixelSize(width: 300, height: 200), bandCount: 2, sampleType: .float32)
        options.blockSize = PixelSize(width: 64, height: 64)
        options.nodata = .nan
        options.spatialReference = try RasterReader(path: SharedData.geotiff("RGB.byte.tif")).spatialReference
        options.bandNames = ["water", "land"]
        options.metadata = ["MODEL": "paper", "AUTHOR": "nobody", "THRESHOLD": "0.5"]
        options.legend = [LegendEntry(value: 0, name: "water"), LegendEntry(value: 1, name: "land")]
        let noise = try RasterReader(path: SharedData.geotiff("cogeo.tif"))
        for name in ["first.tif", "second.tif"] {
            try write(folder.path(name), options) { Float($0) / 3 }
            RasterCache.limit(bytes: 1 << 16)
            _ = try Pixels(noise, bands: [1, 2, 3])
        }
        RasterCache.limit(bytes: 1 << 26)
        #expect(RasterCache.limit == 1 << 26)
        #expect(try folder.bytes("first.tif") == folder.bytes("second.tif"))
        #expect(try folder.bytes("first.tif.aux.xml") == folder.bytes("second.tif.aux.xml"))
    }

    @Test("the bytes do not depend on how many threads compress", arguments: layouts)
    func threadsMakeTheSameBytes(_ layout: Layout) throws {
        let folder = try TemporaryFolder()
        var options = RasterWriter.Options(size: layout.size, bandCount: layout.bands, sampleType: .float32)
        options.blockSize = PixelSize(width: 16, height: 16)
        for threads in [[], ["NUM_THREADS=1"], ["num_threads=7"]] {
            options.creationOptions = layout.creationOptions + threads
            try write(folder.path("\(threads.joined()).tif"), options) { Float($0) / 8 }
            #expect(try folder.bytes("\(threads.joined()).tif") == folder.bytes(".tif"))
        }
    }

    @Test("no block is written twice: the file is no longer than its directory and blocks")
    func noWaste() throws {
        let folder = try TemporaryFolder()
        for layout in ["INTERLEAVE=PIXEL", "INTERLEAVE=BAND"] {
            var options = RasterWriter.Options(
                size: PixelSize(width: 256, height: 256), bandCount: 3, sampleType: .uint8)
            options.blockSize = PixelSize(width: 64, height: 64)
            options.creationOptions = ["COMPRESS=NONE", layout]
            options.overwrite = true
            try write(folder.path("out.tif"), options) { UInt8($0) }
            let length = try folder.bytes("out.tif").count
            #expect(length >= 3 * 256 * 256)
            #expect(length < 3 * 256 * 256 + 2000)
        }
    }

    @Test("bands of a block go to the file together, in whatever order they come")
    func interleaving() throws {
        let folder = try TemporaryFolder()
        var options = RasterWriter.Options(size: PixelSize(width: 128, height: 64), bandCount: 3, sampleType: .uint8)
        options.blockSize = PixelSize(width: 64, height: 32)
        options.creationOptions = ["INTERLEAVE=PIXEL"]
        let blocks = (0..<4).map { PixelWindow(x: $0 % 2 * 64, y: $0 / 2 * 32, width: 64, height: 32) }
        let byBand = (1...3).flatMap { band in blocks.map { (band, $0) } }
        let byBlock = blocks.flatMap { block in (1...3).map { ($0, block) } }
        for (name, order) in [("band.tif", byBand), ("block.tif", byBlock)] {
            let writer = try RasterWriter(path: folder.path(name), options: options)
            for (band, block) in order {
                let content = samples(block, band: band) { UInt8($0) }
                try content.withUnsafeBufferPointer { try writer.write(block, band: band, samples: $0) }
            }
            try writer.commit()
        }
        #expect(try folder.bytes("band.tif") == folder.bytes("block.tif"))
    }

    @Test("edges of blocks beyond the raster hold nodata, in the file too")
    func padding() throws {
        let folder = try TemporaryFolder()
        var options = RasterWriter.Options(size: PixelSize(width: 10, height: 10), bandCount: 1, sampleType: .uint16)
        options.blockSize = PixelSize(width: 16, height: 16)
        options.nodata = 65534
        options.creationOptions = ["COMPRESS=NONE"]
        try write(folder.path("out.tif"), options) { UInt16($0) }
        let tail = try folder.bytes("out.tif").suffix(6 * 16 * 2)  // the block's last six rows
        #expect(Array(tail) == (0..<tail.count).map { $0 % 2 == 0 ? 0xFE : 0xFF })
    }

    @Test("nodata, names, metadata and classes come back, from the TIFF alone where they can")
    func description() throws {
        let folder = try TemporaryFolder()
        var options = RasterWriter.Options(size: PixelSize(width: 40, height: 20), bandCount: 1, sampleType: .uint8)
        options.nodata = 255
        options.bandNames = ["land cover"]
        options.metadata = ["MODEL": "paper", "CLASSES": "2"]
        options.legend = [
            LegendEntry(value: 7, name: "forest: dense", color: .init(red: 10, green: 120, blue: 30)),
            LegendEntry(value: 0, name: "água", color: .init(red: 0, green: 0, blue: 200)),
        ]
        try write(folder.path("out.tif"), options) { UInt8($0) }
        #expect(try folder.names == ["out.tif", "out.tif.aux.xml"])
        let sidecar = String(decoding: try folder.bytes("out.tif.aux.xml"), as: UTF8.self)
        #expect(sidecar.contains("<Category>forest: dense</Category>"))

        let alone = try RasterReader(path: folder.copy(folder.path("out.tif"), as: "alone.tif"))
        #expect(alone.bands[0].nodata == 255)
        #expect(alone.bands[0].name == "land cover")
        #expect(alone.bands[0].colorInterpretation == "Palette")
        #expect(alone.metadata["MODEL"] == "paper")
        #expect(alone.metadata["CLASSES"] == "2")
        #expect(alone.legend(ofBand: 1) == options.legend.reversed())
        #expect(alone.driverName == "GTiff")
    }

    @Test("calls that make no sense are refused, and leave the writer of use")
    func refusals() throws {
        let folder = try TemporaryFolder()
        var options = RasterWriter.Options(size: PixelSize(width: 32, height: 32), bandCount: 1, sampleType: .uint8)
        options.blockSize = PixelSize(width: 16, height: 16)
        let writer = try RasterWriter(path: folder.path("out.tif"), options: options)
        let bytes = [UInt8](repeating: 1, count: 32 * 32)
        func attempt(_ window: PixelWindow, band: Int = 1) -> RasterError.Code? {
            do throws(RasterError) {
                try bytes.withUnsafeBufferPointer { (buffer) throws(RasterError) in
                    try writer.write(window, band: band, samples: buffer)
                }
                return nil
            } catch {
                return error.code
            }
        }
        #expect(attempt(PixelWindow(x: 0, y: 0, width: 33, height: 1)) == .badArgument)
        #expect(attempt(PixelWindow(x: 0, y: -1, width: 3, height: 1)) == .badArgument)
        #expect(attempt(PixelWindow(x: 0, y: 0, width: 0, height: 1)) == .badArgument)
        #expect(attempt(PixelWindow(x: 0, y: 0, width: 1, height: 1), band: 2) == .badArgument)
        let floats: [Float] = [1]
        #expect(throws: RasterError.self) {
            try floats.withUnsafeBufferPointer {
                try writer.write(PixelWindow(x: 0, y: 0, width: 1, height: 1), band: 1, samples: $0)
            }
        }
        // Twice into a block that is under way, and into one that is in the file.
        #expect(attempt(PixelWindow(x: 0, y: 0, width: 16, height: 15)) == nil)
        #expect(attempt(PixelWindow(x: 0, y: 14, width: 1, height: 1)) == .badArgument)
        #expect(attempt(PixelWindow(x: 0, y: 15, width: 16, height: 1)) == nil)
        #expect(attempt(PixelWindow(x: 3, y: 3, width: 1, height: 1)) == .badArgument)
        #expect(attempt(PixelWindow(x: 16, y: 0, width: 16, height: 32)) == nil)
        #expect(attempt(PixelWindow(x: 0, y: 16, width: 16, height: 16)) == nil)
        try writer.commit()
        #expect(attempt(PixelWindow(x: 0, y: 0, width: 1, height: 1)) == .badArgument)
        #expect(try Pixels(RasterReader(path: folder.path("out.tif")), bands: [1]).sum(0) == 1024)
    }
}
