import RasterIO
import TestData
import Testing
import TileGeometry

/// Rasters at fewer pixels than they have.
@Suite struct ReducedReadTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func reduced(
        _ reader: RasterReader, _ window: PixelWindow? = nil, to size: PixelSize, bands: [Int] = [1],
        by reduction: Reduction = .mean
    ) throws -> (samples: [Float], validity: [UInt8]) {
        var samples = [Float](repeating: -1, count: bands.count * size.area)
        var validity = [UInt8](repeating: 9, count: size.area)
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer {
                try reader.readReduced(
                    window ?? PixelWindow(reader.size), to: size, bands: bands, by: reduction, into: samples,
                    validity: $0)
            }
        }
        return (samples, validity)
    }

    @Test("at its own size a raster is itself", arguments: [Reduction.mean, .mode])
    func same(_ reduction: Reduction) throws {
        let path = folder.path("scene.tif")
        try SyntheticScene.write(path, width: 150, height: 70, bands: 3)
        let reader = try RasterReader(path: path)
        let window = PixelWindow(x: 7, y: 3, width: 120, height: 60)
        let (samples, validity) = try reduced(reader, window, to: window.size, bands: [3, 1], by: reduction)
        let pixels = try Pixels(reader, bands: [3, 1], window: window)
        #expect(samples == pixels.samples)
        #expect(validity == pixels.validity)
    }

    @Test("a slope stays a slope: every pixel is the mean of its own place", arguments: [3, 10, 37])
    func slope(_ factor: Int) throws {
        let path = folder.path("scene.tif")
        let size = PixelSize(width: 20 * factor, height: 12 * factor)
        try SyntheticScene.write(path, width: size.width, height: size.height, bands: 2, type: .float32) {
            Float($0 == 0 ? $1 : $2)
        }
        let small = PixelSize(width: 20, height: 12)
        let (samples, validity) = try reduced(try RasterReader(path: path), to: small, bands: [1, 2])
        #expect(validity.allSatisfy { $0 == 1 })
        for y in 0..<12 {
            for x in 0..<20 {
                // Of some pixels that are looked at, none is further than half a step from where it should be.
                let center = (x: (Float(x) + 0.5) * Float(factor) - 0.5, y: (Float(y) + 0.5) * Float(factor) - 0.5)
                #expect(abs(samples[y * 20 + x] - center.x) <= 0.51, "column \(x) of row \(y)")
                #expect(abs(samples[240 + y * 20 + x] - center.y) <= 0.51, "row \(y) of column \(x)")
            }
        }
    }

    @Test("sizes that do not divide the raster's, and rasters that several threads read, have no seams")
    func strips() throws {
        // 4200 x 4100 pixels are decoded by several threads; each pixel says in which part of 7 x 10 it lies.
        let path = folder.path("scene.tif")
        let (width, height) = (4200, 4100)
        try SyntheticScene.write(path, width: width, height: height) { Float($1 * 7 / width + 10 * ($2 * 10 / height)) }
        let small = PixelSize(width: 333, height: 251)
        let (samples, _) = try reduced(try RasterReader(path: path), to: small, by: .mode)
        for y in 0..<small.height {
            for x in 0..<small.width {
                let place = (x: (Double(x) + 0.5) / 333 * 7, y: (Double(y) + 0.5) / 251 * 10)
                // Away from the borders between parts.
                guard abs(place.x - place.x.rounded()) > 0.02, abs(place.y - place.y.rounded()) > 0.04 else { continue }
                #expect(samples[y * 333 + x] == Float(Int(place.x) + 10 * Int(place.y)), "\(x), \(y)")
            }
        }
    }

    @Test("what has no data has no part in a mean; where that is more than half, there is none")
    func nodata() throws {
        let path = folder.path("scene.tif")
        // Of 3 x 3 pixels, as many have data as the number of their column says.
        try SyntheticScene.write(path, width: 30, height: 3, type: .float32, nodata: -9) { _, x, y in
            (x % 3) * 3 + y < x / 3 ? Float(x / 3) : -9
        }
        let (samples, validity) = try reduced(try RasterReader(path: path), to: PixelSize(width: 10, height: 1))
        for x in 0..<10 {
            #expect(validity[x] == (x >= 5 ? 1 : 0), "\(x)")
            #expect(x >= 5 ? samples[x] == Float(x) : samples[x].isNaN, "\(x)")
        }
    }

    @Test("the most frequent class wins, of equally frequent ones the lowest, before pixels without data")
    func mode() throws {
        let path = folder.path("mask.tif")
        let columns: [[Float]] = [
            [7, 7, 7, 7, 7, 2, 2, 2, 2],
            [7, 2, 7, 2, 7, 2, 7, 2, 255],
            [255, 255, 255, 255, 1, 1, 1, 1, 0],
            [255, 255, 255, 255, 255, 1, 1, 1, 1],
            [9, 8, 7, 6, 5, 4, 3, 2, 1],
        ]
        try SyntheticScene.write(path, width: 15, height: 3, nodata: 255) { columns[$1 / 3][$2 * 3 + $1 % 3] }
        let (samples, validity) = try reduced(
            try RasterReader(path: path), to: PixelSize(width: 5, height: 1), by: .mode)
        #expect(validity == [1, 1, 1, 0, 1])
        #expect(Array(samples[..<3]) == [7, 2, 1])
        #expect(samples[4] == 1)
    }

    @Test("overviews are used", .needsSharedData)
    func overviews() throws {
        // 36000 x 18000 pixels that are 1 or without data: decoding all of them would take seconds.
        let reader = try RasterReader(path: SharedData.geotiff("cog_world.tif"))
        let size = PixelSize(width: 360, height: 180)
        let (samples, validity) = try reduced(reader, to: size)
        let share = Double(validity.reduce(0) { $0 + Int($1) }) / Double(size.area)
        #expect((0.2...0.6).contains(share), "\(share)")
        #expect(zip(samples, validity).allSatisfy { $1 == 0 ? $0.isNaN : $0 == 1 })
    }

    @Test("windows, sizes and bands that there are not are refused")
    func refused() throws {
        let path = folder.path("scene.tif")
        try SyntheticScene.write(path, width: 20, height: 10)
        let reader = try RasterReader(path: path)
        let inside = PixelWindow(x: 0, y: 0, width: 20, height: 10)
        let cases: [(PixelWindow, PixelSize, [Int])] = [
            (PixelWindow(x: 1, y: 0, width: 20, height: 10), PixelSize(width: 5, height: 5), [1]),
            (inside, PixelSize(width: 21, height: 5), [1]),
            (inside, PixelSize(width: 5, height: 0), [1]),
            (inside, PixelSize(width: 5, height: 5), [2]),
        ]
        for (window, size, bands) in cases {
            let error = #expect(throws: RasterError.self) { try reduced(reader, window, to: size, bands: bands) }
            #expect(error?.code == .badArgument)
        }
    }
}
