import RasterIO
import TestData
import Testing
import TileGeometry

/// Rasters read on grids of other pixels: means over areas, lines between centres, and nothing that adds up.
@Suite struct ResampledReaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func reader(
        width: Int, height: Int, steps: (Double, Double), nodata: Double? = nil, value: (Int, Int) -> Float
    ) throws -> ResampledReader {
        let path = folder.path("raster-\(width)-\(height)-\(steps.0).tif")
        try SyntheticScene.write(path, width: width, height: height, bands: 2, type: .float32, nodata: nodata) {
            $0 == 0 ? value($1, $2) : 7
        }
        let raster = try RasterReader(path: path)
        return ResampledReader(
            raster, grid: ResampledGrid(raster: raster.size, columnStep: steps.0, rowStep: steps.1))
    }

    private func read(_ reader: ResampledReader, _ window: PixelWindow) throws -> (samples: [Float], validity: [UInt8])
    {
        var samples = [Float](repeating: -1, count: 2 * window.size.area)
        var validity = [UInt8](repeating: 9, count: window.size.area)
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer {
                try reader.read(window, bands: [1, 2], into: samples, validity: $0)
            }
        }
        return (samples, validity)
    }

    /// The mean of x, or y, over a pixel of the grid, whose place is worked out from its number.
    private func mean(_ index: Int, _ step: Double, _ length: Int) -> Double {
        let (start, end) = (Double(index) * step, min(Double(index + 1) * step, Double(length)))
        if step < 1 {
            return min(max((Double(index) + 0.5) * step - 0.5, 0), Double(length - 1))
        }
        var sum = 0.0
        for pixel in Int(start)..<Int(end.rounded(.up)) {
            sum += Double(pixel) * (min(end, Double(pixel + 1)) - max(start, Double(pixel)))
        }
        return sum / (end - start)
    }

    @Test(
        "no drift: at the far corner of a wide raster, pixels are where their numbers say",
        arguments: [1 / 0.37, 0.37, 3, 1.000_01, 41.3])
    func drift(step: Double) throws {
        let width = 60_000
        let reader = try reader(width: width, height: 5, steps: (step, step)) { x, y in Float(x) + Float(y) / 8 }
        let size = reader.grid.size
        #expect(
            abs(Double(size.width) * step - Double(width)) < step && Double(size.width) * step > Double(width) - 1e-3)
        let window = PixelWindow(
            x: size.width - min(50, size.width), y: 0, width: min(50, size.width), height: size.height)
        let samples = try read(reader, window).samples
        for row in 0..<window.height {
            for column in 0..<window.width {
                let expected = mean(window.x + column, step, width) + mean(row, step, 5) / 8
                #expect(abs(Double(samples[row * window.width + column]) - expected) < 0.02)
            }
        }
    }

    @Test("a pixel does not depend on the window that it is read in", arguments: [(1.5, 1.5), (0.6, 2.3), (0.25, 0.3)])
    func windows(steps: (Double, Double)) throws {
        let reader = try reader(width: 1700, height: 60, steps: steps) { x, y in SyntheticScene.wave(0, x, y) }
        let size = reader.grid.size
        let whole = try read(reader, PixelWindow(size)).samples
        for window in [
            PixelWindow(x: 0, y: 0, width: 31, height: 17), PixelWindow(x: 613, y: 3, width: 300, height: 9),
            PixelWindow(x: size.width - 45, y: size.height - 11, width: 45, height: 11),
        ] {
            let part = try read(reader, window).samples
            for row in 0..<window.height {
                let start = (window.y + row) * size.width + window.x
                #expect(
                    Array(part[row * window.width..<(row + 1) * window.width])
                        == Array(whole[start..<start + window.width]))
            }
        }
        #expect(whole.suffix(size.area).allSatisfy { $0 == 7 }, "the second band is constant")
    }

    @Test("pixels without data have no part in any mean, and hold where data end")
    func nodata() throws {
        // Columns below 7 have no data.
        for step in [2.5, 0.4] {
            let reader = try reader(width: 20, height: 20, steps: (step, step), nodata: -9) { x, _ in x < 7 ? -9 : 50 }
            let size = reader.grid.size
            var samples = [Float](repeating: 0, count: size.area)
            var validity = [UInt8](repeating: 9, count: size.area)
            try samples.withUnsafeMutableBufferPointer { samples in
                try validity.withUnsafeMutableBufferPointer {
                    try reader.read(PixelWindow(size), bands: [1], into: samples, validity: $0)
                }
            }
            for index in samples.indices {
                let column = index % size.width
                // Shrunk: any data at all make a pixel. Enlarged: those under its centre.
                let isValid = step > 1 ? Double(column + 1) * step > 7 : (Double(column) + 0.5) * step >= 7
                #expect(validity[index] == (isValid ? 1 : 0), "column \(column) at step \(step)")
                #expect(isValid ? samples[index] == 50 : samples[index].isNaN)
            }
        }
        // One band of two without data: the pixel is valid, and that band is NaN in it.
        let reader = try reader(width: 8, height: 8, steps: (2, 2), nodata: -9) { x, _ in x < 4 ? -9 : 1 }
        let (samples, validity) = try read(reader, PixelWindow(reader.grid.size))
        #expect(validity.allSatisfy { $0 == 1 } && samples[0].isNaN && samples[3] == 1 && samples[16] == 7)
    }

    @Test("windows of a grid share out the raster's pixels", arguments: [0.01, 0.3, 0.37, 1, 1.4, 2, 2.7, 19.9])
    func partition(step: Double) {
        let raster = PixelSize(width: 61, height: 1)
        let grid = ResampledGrid(raster: raster, columnStep: step, rowStep: 1)
        var next = 0
        for x in stride(from: 0, to: grid.size.width, by: 3) {
            let part = PixelWindow(x: x, y: 0, width: 3, height: 1).intersection(PixelWindow(grid.size))
            let window = grid.rasterWindow(under: part)
            #expect(window.x == next && window.height == 1)
            next = window.maxX
            for (pixel, column) in zip(
                window.x..<window.maxX, grid.columns(of: window.x..<window.maxX, in: x..<part.maxX))
            {
                let center = Double(pixel) + 0.5
                #expect(Double(column) * step <= center + 1e-9 && Double(column + 1) * step >= center - 1e-9)
            }
        }
        #expect(next == raster.width)
    }
}
