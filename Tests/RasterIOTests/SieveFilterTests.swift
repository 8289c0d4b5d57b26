import RasterIO
import TestData
import Testing
import TileGeometry

/// Small islands go to their largest neighbour; what has no data stays as it is.
struct SieveFilterTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let mask: String
        let pixels: Int
        var connectsCorners = false
        let expected: String
    }

    static let cases = [
        Case(testDescription: "an island", mask: "1111\n1211\n1111", pixels: 2, expected: "1111\n1111\n1111"),
        Case(
            testDescription: "as large as asked for", mask: "1111\n1221\n1111", pixels: 2, expected: "1111\n1221\n1111"),
        Case(
            testDescription: "the largest neighbour", mask: "1122\n1322\n1122", pixels: 2, expected: "1122\n1222\n1122"),
        Case(testDescription: "alone among nodata", mask: "...\n.1.\n...", pixels: 5, expected: "...\n.1.\n..."),
        Case(testDescription: "holes of nodata", mask: "1111\n1..1\n1111", pixels: 5, expected: "1111\n1..1\n1111"),
        Case(testDescription: "a diagonal", mask: "2111\n1211\n1121", pixels: 3, expected: "1111\n1111\n1111"),
        Case(
            testDescription: "a diagonal that belongs together", mask: "2111\n1211\n1121", pixels: 3,
            connectsCorners: true, expected: "2111\n1211\n1121"),
    ]

    private func write(_ mask: String, _ name: String) throws -> RasterReader {
        let lines = mask.split(separator: "\n")
        let pixels = lines.joined().map { UInt8($0.wholeNumberValue ?? 255) }
        let size = PixelSize(width: lines[0].count, height: lines.count)
        let writer = try RasterWriter(path: folder.path(name), options: options(size))
        try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: 1, samples: $0) }
        try writer.commit()
        return try RasterReader(path: folder.path(name))
    }

    private func options(_ size: PixelSize) -> RasterWriter.Options {
        var options = RasterWriter.Options(size: size, bandCount: 1, sampleType: .uint8)
        options.blockSize = PixelSize(width: 16, height: 16)
        options.nodata = 255
        return options
    }

    @Test("small masks", arguments: cases)
    func small(_ sieved: Case) throws {
        let mask = try write(sieved.mask, "mask.tif")
        let writer = try RasterWriter(path: folder.path("sieved.tif"), options: options(mask.size))
        let filter = SieveFilter(minimumPixels: sieved.pixels, connectsCorners: sieved.connectsCorners)
        #expect(try filter.write(mask, to: writer))
        try writer.commit()
        let found = try RasterReader.wholeBand(ofFile: folder.path("sieved.tif"))
        let text = found.map { $0.isNaN ? "." : "\(Int($0))" }.joined()
        #expect(text == sieved.expected.split(separator: "\n").joined())
        #expect(try folder.names == ["mask.tif", "sieved.tif"])
    }

    @Test("stopped half-way, it leaves nothing")
    func stopped() throws {
        let mask = try write("1111\n1211\n1111", "mask.tif")
        let writer = try RasterWriter(path: folder.path("sieved.tif"), options: options(mask.size))
        #expect(try !SieveFilter(minimumPixels: 2).write(mask, to: writer) { _ in false })
        writer.discard()
        #expect(try folder.names == ["mask.tif"])
    }

    @Test("what does not fit is refused")
    func refused() throws {
        let mask = try write("11\n11", "mask.tif")
        let other = try RasterWriter(
            path: folder.path("sieved.tif"), options: options(PixelSize(width: 3, height: 2)))
        #expect(throws: RasterError.self) { try SieveFilter(minimumPixels: 2).write(mask, to: other) }
        let writer = try RasterWriter(path: folder.path("sieved2.tif"), options: options(mask.size))
        #expect(throws: RasterError.self) { try SieveFilter(minimumPixels: 0).write(mask, to: writer) }
    }
}
