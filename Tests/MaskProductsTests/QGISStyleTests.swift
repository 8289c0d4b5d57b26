import FileIO
import Foundation
import MaskProducts
import RasterIO
import TestData
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// A style file is XML whatever the classes are called, and says of each class what QGIS looks for.
struct QGISStyleTests {
    /// The attributes of each palette entry.
    private final class Entries: NSObject, XMLParserDelegate {
        var found: [[String: String]] = []
        var renderer: [String: String] = [:]

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            if name == "paletteEntry" { found.append(attributes) }
            if name == "rasterrenderer" { renderer = attributes }
        }
    }

    @Test("names come back as they were, colours as hexadecimal digits, in the classes' order")
    func entries() throws {
        let names = ["Wald & Wiese", "<b>\"água\"</b>", "plain", "tab\tand\u{1}control", "🌊"]
        let legend = names.enumerated().map { index, name in
            LegendEntry(value: index * 3, name: name, color: index == 2 ? nil : .init(red: 1, green: 171, blue: 255))
        }
        let parser = XMLParser(data: Data(QGISStyle(legend.reversed()).text.utf8))
        let entries = Entries()
        parser.delegate = entries
        #expect(parser.parse())
        #expect(entries.renderer["type"] == "paletted")
        #expect(entries.renderer["band"] == "1")
        #expect(entries.found.map { $0["value"] } == ["0", "3", "6", "9", "12"])
        #expect(
            entries.found.map { $0["label"] } == ["Wald & Wiese", "<b>\"água\"</b>", "plain", "tab and control", "🌊"])
        #expect(entries.found[0]["color"] == "#01abff")
        #expect(entries.found[2]["color"] == LegendEntry.Color.distinct(6).hexadecimal)
    }

    static let paths = [
        ("mask.tif", "mask.qml"), ("out/a.b.tif", "out/a.b.qml"), ("x.y/mask", "x.y/mask.qml"), (".tif", ".tif.qml"),
    ]

    @Test("it lies where QGIS looks for it", arguments: paths)
    func place(_ raster: String, _ style: String) { #expect(QGISStyle.path(besideRaster: raster) == style) }

    @Test("it appears whole, and replaces nothing unasked")
    func writing() throws {
        let folder = try TemporaryFolder()
        let style = QGISStyle([LegendEntry(value: 1, name: "water")])
        try style.write(besideRaster: folder.path("mask.tif"), overwrite: false)
        #expect(try folder.names == ["mask.qml"])
        #expect(String(decoding: try folder.bytes("mask.qml"), as: UTF8.self) == style.text)
        let error = #expect(throws: FileError.self) {
            try style.write(besideRaster: folder.path("mask.tif"), overwrite: false)
        }
        #expect(error?.code == .outputExists)
        try QGISStyle([]).write(besideRaster: folder.path("mask.tif"), overwrite: true)
        #expect(try folder.names == ["mask.qml"])
        #expect(throws: FileError.self) {
            try style.write(besideRaster: folder.path("none/mask.tif"), overwrite: false)
        }
    }
}
