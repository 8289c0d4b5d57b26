import MaskProducts
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

    struct Foreign: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Of the mask's band, in GDAL's sidecar.
        let sidecar: String
        let expected: [LegendEntry]
    }

    private static let water = LegendEntry.Color(red: 0, green: 10, blue: 200)
    private static func field(_ name: String, type: Int, usage: Int) -> String {
        "<FieldDefn><Name>\(name)</Name><Type>\(type)</Type><Usage>\(usage)</Usage></FieldDefn>"
    }
    private static func row(_ values: String...) -> String {
        "<Row>" + values.map { "<F>\($0)</F>" }.joined() + "</Row>"
    }
    private static func table(_ parts: String...) -> String {
        // A row has its number, without which GDAL takes it for the first.
        let (fields, rows) = (parts.filter { !$0.hasPrefix("<Row>") }, parts.filter { $0.hasPrefix("<Row>") })
        let numbered = rows.enumerated().map { "<Row index=\"\($0.offset)\">\($0.element.dropFirst(5))" }
        return "<GDALRasterAttributeTable>\((fields + numbered).joined())</GDALRasterAttributeTable>"
    }

    static let foreign = [
        Foreign(
            testDescription: "category names, some empty",
            sidecar: "<CategoryNames><Category>land</Category><Category/><Category>ice</Category></CategoryNames>",
            expected: [LegendEntry(value: 0, name: "land"), LegendEntry(value: 2, name: "ice")]),
        Foreign(
            testDescription: "a table of attributes with usages and colours",
            sidecar: table(
                field("Red", type: 0, usage: 6), field("Green", type: 0, usage: 7), field("Blue", type: 0, usage: 8),
                field("Code", type: 0, usage: 5), field("Kind", type: 2, usage: 2),
                row("0", "10", "200", "7", "water"), row("1", "1", "1", "8", ""), row("1", "1", "1", "-3", "none")),
            expected: [LegendEntry(value: 7, name: "water", color: water)]),
        Foreign(
            testDescription: "a table of attributes that says by its names what it holds, as ArcGIS writes it",
            sidecar: table(
                field("Value", type: 0, usage: 0), field("Count", type: 0, usage: 0),
                field("Landcover", type: 2, usage: 0), row("2", "99", "wood"), row("1", "98", "field")),
            expected: [LegendEntry(value: 1, name: "field"), LegendEntry(value: 2, name: "wood")]),
        Foreign(
            testDescription: "ranges of values are no classes",
            sidecar: table(
                field("From", type: 1, usage: 3), field("To", type: 1, usage: 4), field("Name", type: 2, usage: 2),
                row("0", "10", "low"), row("12", "12", "one"), row("12.5", "20", "high")),
            expected: [LegendEntry(value: 12, name: "one")]),
        Foreign(
            testDescription: "numbers without names",
            sidecar: table(field("Value", type: 0, usage: 5), field("Count", type: 0, usage: 1), row("1", "10")),
            expected: []),
    ]

    @Test("other programs' masks have their classes' names and colours", arguments: foreign)
    func others(_ foreign: Foreign) throws {
        let path = try mask([]).path
        let text = "<PAMDataset><PAMRasterBand band=\"1\">\(foreign.sidecar)</PAMRasterBand></PAMDataset>"
        _ = try folder.write(Array(text.utf8), to: "mask.tif.aux.xml")
        #expect(ClassLegend(of: try RasterReader(path: path)).entries == foreign.expected)
    }

    @Test(
        "a palette paints classes without names",
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)))
    func palette() throws {
        let mask = try RasterReader(path: SharedData.geotiff("small_world_pct.tif"))
        let palette = try #require(mask.palette(ofBand: 1))
        let legend = ClassLegend(of: mask)
        #expect(legend.entries.isEmpty)
        #expect(Set(palette.map(\.hexadecimal)).count > 100)
        for value in palette.indices { #expect(legend.color(of: value) == palette[value]) }
        #expect(legend.color(of: 300) == .distinct(300))
        #expect(legend.name(of: 3) == "class 3")
    }
}
