import Dispatch
import RasterIO
import TestData
import Testing
import TileGeometry

@testable import Segmentation

/// The file in which a raster is made: whatever windows it is written in, and read in, each sample keeps its place.
@Suite struct RawRasterTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func output(_ size: PixelSize, block: Int, bands: Int, _ type: SampleType) -> RasterOutput {
        var options = RasterWriter.Options(size: size, bandCount: bands, sampleType: type)
        options.blockSize = PixelSize(width: block, height: block)
        return RasterOutput(kind: .probabilities, path: folder.path("p.tif"), options: options)
    }

    /// Sides that blocks divide, that they do not, and rasters smaller than a block.
    static let sizes = [(64, 32), (70, 41), (16, 16), (5, 3), (1, 50), (33, 1)]

    @Test("every byte of the file belongs to one sample", arguments: sizes, [16, 32])
    func layout(size: (Int, Int), block: Int) {
        let size = PixelSize(width: size.0, height: size.1)
        let layout = RawLayout(output(size, block: block, bands: 2, .uint16).options)
        var owners = [Int](repeating: 0, count: layout.byteCount)
        for band in 1...2 {
            layout.forEachPiece(of: PixelWindow(size), band: band) { piece in
                for byte in piece.offset..<piece.offset + piece.byteCount { owners[byte] += 1 }
            }
        }
        #expect(owners.allSatisfy { $0 == 1 })
        #expect(layout.byteCount == size.area * 4)
    }

    @Test("a window that fills a block is one piece of the file")
    func blocks() {
        let layout = RawLayout(output(PixelSize(width: 70, height: 41), block: 32, bands: 1, .float32).options)
        func pieces(_ window: PixelWindow) -> [RawLayout.Piece] {
            var found: [RawLayout.Piece] = []
            layout.forEachPiece(of: window, band: 1) { found.append($0) }
            return found
        }
        // Inside, at the right edge, at the lower right corner.
        for (window, offset) in [
            (PixelWindow(x: 32, y: 0, width: 32, height: 32), 32 * 32),
            (PixelWindow(x: 64, y: 0, width: 6, height: 32), 64 * 32),
            (PixelWindow(x: 64, y: 32, width: 6, height: 9), 70 * 32 + 64 * 9),
        ] {
            let found = pieces(window)
            #expect(found.count == 1 && found[0].offset == 4 * offset)
            #expect(found[0].rows == 1 && found[0].byteCount == 4 * window.size.area)
        }
        // Two blocks side by side: their rows alternate in memory.
        #expect(pieces(PixelWindow(x: 0, y: 0, width: 64, height: 32)).map(\.rows) == [32, 32])
        // A row of each block that is not filled.
        #expect(pieces(PixelWindow(x: 1, y: 30, width: 40, height: 4)).count == 2 * 4)
        #expect(pieces(PixelWindow(x: 3, y: 3, width: 0, height: 0)).isEmpty)
    }

    @Test("what is written in windows of one kind is read in windows of another", arguments: sizes)
    func windows(size: (Int, Int)) throws {
        let size = PixelSize(width: size.0, height: size.1)
        let output = output(size, block: 16, bands: 2, .uint16)
        // Blocks; tiles of several blocks; what fits nothing; rows; all at once.
        let shapes = [(16, 16), (32, 48), (13, 7), (1000, 1), (1000, 1000)]
        for written in shapes {
            let raster = try RawRaster(path: folder.path("raw"), for: output, isNew: true)
            try forEachWindow(of: size, written) { window in
                for band in 1...2 {
                    let samples = Self.samples(window, band, size)
                    try samples.withUnsafeBufferPointer { try raster.write(window, band: band, samples: $0) }
                }
            }
            let reopened = try RawRaster(path: folder.path("raw"), for: output, isNew: false)
            for read in shapes {
                try forEachWindow(of: size, read) { window in
                    for band in 1...2 {
                        var found = [UInt16](repeating: 0, count: window.size.area)
                        try found.withUnsafeMutableBytes {
                            try reopened.read(window, band: band, into: $0.baseAddress!)
                        }
                        #expect(found == Self.samples(window, band, size), "\(written), \(read), \(window)")
                    }
                }
            }
        }
    }

    /// More rows than the system takes in one call, and from several threads.
    @Test func highBlocksAndSeveralThreads() throws {
        let size = PixelSize(width: 3 * 2048, height: 2100)
        let raster = try RawRaster(
            path: folder.path("raw"), for: output(size, block: 2048, bands: 1, .uint16), isNew: true)
        DispatchQueue.concurrentPerform(iterations: 3) { part in
            let window = PixelWindow(x: part * 2048, y: 0, width: 2048, height: 2100)
            #expect(throws: Never.self) {
                try Self.samples(window, 1, size).withUnsafeBufferPointer {
                    try raster.write(window, band: 1, samples: $0)
                }
            }
        }
        var found = [UInt16](repeating: 0, count: size.area)
        try found.withUnsafeMutableBytes { try raster.read(PixelWindow(size), band: 1, into: $0.baseAddress!) }
        #expect(found == Self.samples(PixelWindow(size), 1, size))
    }

    /// Neighbours differ, as do bands.
    private static func samples(_ window: PixelWindow, _ band: Int, _ size: PixelSize) -> [UInt16] {
        (window.y..<window.maxY).flatMap { y in
            (window.x..<window.maxX).map { x in UInt16(truncatingIfNeeded: (y * size.width + x) &* 40_503 + band) }
        }
    }

    private func forEachWindow(
        of size: PixelSize, _ shape: (width: Int, height: Int), _ body: (PixelWindow) throws -> Void
    ) rethrows {
        for y in stride(from: 0, to: size.height, by: shape.height) {
            for x in stride(from: 0, to: size.width, by: shape.width) {
                try body(
                    PixelWindow(x: x, y: y, width: shape.width, height: shape.height).intersection(PixelWindow(size)))
            }
        }
    }
}
