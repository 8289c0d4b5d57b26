import FileIO
import Foundation
import Glibc
import MaskProducts
import RasterIO
import TestData
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// A style is XML whatever the classes are called, and says of each class what QGIS looks for.
struct QGISStyleTests {
    /// The attributes of each element.
    private final class Elements: NSObject, XMLParserDelegate {
        private var found: [(name: String, attributes: [String: String])] = []

        func of(_ name: String) -> [[String: String]] { found.filter { $0.name == name }.map(\.attributes) }

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            found.append((name, attributes))
        }
    }

    @Test("names come back as they were, colours as hexadecimal digits, in the classes' order")
    func entries() throws {
        let names = ["Wald & Wiese", "<b>\"água\"</b>", "plain", "tab\tand\u{1}control", "🌊"]
        let legend = names.enumerated().map { index, name in
            LegendEntry(value: index * 3, name: name, color: index == 2 ? nil : .init(red: 1, green: 171, blue: 255))
        }
        let parser = XMLParser(data: Data(QGISStyle(legend.reversed()).text.utf8))
        let found = Elements()
        parser.delegate = found
        #expect(parser.parse())
        #expect(found.of("rasterrenderer").first?["type"] == "paletted")
        #expect(found.of("rasterrenderer").first?["band"] == "1")
        let entries = found.of("paletteEntry")
        #expect(entries.map { $0["value"] } == ["0", "3", "6", "9", "12"])
        #expect(
            entries.map { $0["label"] } == ["Wald & Wiese", "<b>\"água\"</b>", "plain", "tab and control", "🌊"])
        #expect(entries[0]["color"] == "#01abff")
        #expect(entries[2]["color"] == LegendEntry.Color.distinct(6).hexadecimal)
    }

    static let paths = [
        ("mask.tif", "mask.qml"), ("out/a.b.tif", "out/a.b.qml"), ("x.y/mask", "x.y/mask.qml"), (".tif", ".tif.qml"),
    ]

    @Test("it lies where QGIS looks for it", arguments: paths)
    func place(_ raster: String, _ style: String) { #expect(QGISStyle.path(besideRaster: raster) == style) }

    @Test(
        "a style as Overtile wrote it may be replaced, and nothing else: not what was edited, or QGIS saved, nor a pipe"
    )
    func replacing() throws {
        let folder = try TemporaryFolder()
        let style = QGISStyle([LegendEntry(value: 1, name: "water")]).text
        #expect(QGISStyle.mayReplace(folder.path("mask.qml")))
        #expect(QGISStyle.mayReplace(try folder.write(Array(style.utf8), to: "mask.qml")))
        // QGIS leaves comments out of what it saves.
        let saved = style.split(separator: "\n").filter { !$0.contains("<!--") }.joined(separator: "\n")
        #expect(!QGISStyle.mayReplace(try folder.write(Array(saved.utf8), to: "saved.qml")))
        let edited = style.replacing("water", with: "lake")
        #expect(!QGISStyle.mayReplace(try folder.write(Array(edited.utf8), to: "edited.qml")))
        for text in ["", "\n", style + "\n", String(style.dropLast()), "<!-- made by Overtile -->\n"] {
            #expect(!QGISStyle.mayReplace(try folder.write(Array(text.utf8), to: "other.qml")), "\(text.suffix(90))")
        }
        #expect(mkfifo(folder.path("pipe.qml"), 0o600) == 0)
        #expect(!QGISStyle.mayReplace(folder.path("pipe.qml")))
    }

    @Test("polygons are painted by the number of their class, in the mask's colours")
    func polygons() throws {
        let legend = [
            LegendEntry(value: 3, name: "<sea> & \"lake\"", color: .init(red: 1, green: 171, blue: 255)),
            LegendEntry(value: 7, name: "land"),
        ]
        let parser = XMLParser(data: Data(QGISStyle(legend).text(ofPolygonsBy: "class_id").utf8))
        let found = Elements()
        parser.delegate = found
        #expect(parser.parse())
        #expect(found.of("renderer-v2").first?["type"] == "categorizedSymbol")
        #expect(found.of("renderer-v2").first?["attr"] == "class_id")
        #expect(found.of("category").map { $0["value"] } == ["3", "7"])
        #expect(found.of("category").map { $0["label"] } == ["<sea> & \"lake\"", "land"])
        #expect(found.of("category").map { $0["symbol"] } == found.of("symbol").map { $0["name"] })
        let land = LegendEntry.Color.distinct(7)
        let colors = ["1,171,255,255", "\(land.red),\(land.green),\(land.blue),255"]
        #expect(found.of("Option").filter { $0["name"] == "color" }.map { $0["value"] } == colors)
        #expect(found.of("prop").filter { $0["k"] == "color" }.map { $0["v"] } == colors)
    }
}
