import GISOutputs
import RasterIO
import TestData
import Testing
import TileGeometry

/// What a mask's values are called, painted, and found by.
@Suite struct ClassLegendTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func mask(_ legend: [LegendEntry]) throws -> RasterReader {
        var options = RasterWriter.Options(
            size: PixelSize(width: 16, height: 16), bandCount: 1, sampleType: .uint8)
        options.blockSize = PixelSize(width: 16, height: 16)
        options.nodata = 255
        options.legend = legend
        let path = folder.path("mask.tif")
        let writer = try RasterWriter(path: path, options: options)
        let pixels = [UInt8](repeating: 1, count: 256)
        try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(options.size), band: 1, samples: $0) }
        try writer.commit()
        return try RasterReader(path: path)
    }

    @Test("classes are found by name and by number, and others are refused by name")
    func named() throws {
        let blue = LegendEntry.Color(red: 0, green: 0, blue: 200)
        let legend = ClassLegend(
            of: try mask([
                LegendEntry(value: 0, name: "land", color: .distinct(0)),
                LegendEntry(value: 1, name: "water", color: blue),
            ]))
        #expect(try legend.values(of: ["water"]) == [1])
        #expect(try legend.values(of: ["0", "water", "1"]) == [0, 1])
        #expect(legend.name(of: 1) == "water")
        #expect(legend.color(of: 1) == blue)
        #expect(legend.name(of: 9) == "class 9")
        #expect(legend.color(of: 9) == .distinct(9))
        for unknown in ["wood", "2", "-1", "Water"] {
            let error = #expect(throws: RasterError.self) { _ = try legend.values(of: [unknown]) }
            #expect(error?.code == .badArgument)
            #expect(error?.message.contains("land (0), water (1)") == true)
        }
    }

    @Test("a mask without names takes any number that a mask can hold")
    func nameless() throws {
        let legend = ClassLegend(of: try mask([]))
        #expect(try legend.values(of: ["3"]) == [3])
        for unknown in ["water", "-1", "65536"] {
            #expect(throws: RasterError.self) { _ = try legend.values(of: [unknown]) }
        }
    }
}
