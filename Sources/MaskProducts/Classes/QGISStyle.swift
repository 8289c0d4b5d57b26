import FileIO
import Foundation
package import RasterIO

/// QGIS's styles of a mask and of its polygons, by which QGIS paints the classes in their colours and lists their names in
/// the legend.
///
/// QGIS loads a mask's style by itself when it lies beside the raster under the raster's name with the ending `.qml`. That of
/// polygons lies in their GeoPackage. Source of the format: the files that QGIS 3 saves ("Layer Styling", "Save as Default").
package struct QGISStyle: Sendable {
    private let legend: [LegendEntry]

    /// Makes the style of a mask.
    ///
    /// - Parameter legend: the classes of band 1. Those without a colour get a distinct one.
    package init(_ legend: [LegendEntry]) {
        self.legend = legend.sorted { $0.value < $1.value }
    }

    /// Returns the path at which QGIS looks for the style of a raster.
    package static func path(besideRaster path: String) -> String { FileName.replacingExtension(of: path, by: "qml") }

    /// The style of a mask: XML in QGIS's format.
    package var text: String {
        let entries = legend.map { entry in
            "        <paletteEntry value=\"\(entry.value)\" color=\"\(color(of: entry).hexadecimal)\" alpha=\"255\" "
                + "label=\"\(Self.escaped(entry.name))\"/>\n"
        }
        return Self.document(
            """
              <pipe>
                <rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1" nodataColor="">
                  <rasterTransparency/>
                  <colorPalette>
            \(entries.joined().dropLast())
                  </colorPalette>
                </rasterrenderer>
                <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
                <huesaturation saturation="0" grayscaleMode="0"/>
                <rasterresampler maxOversampling="2"/>
              </pipe>
            """)
    }

    /// The style of polygons with a field of the class's number: XML in QGIS's format.
    ///
    /// - Parameter field: the name of the field.
    package func text(ofPolygonsBy field: String) -> String {
        let categories = legend.enumerated().map { index, entry in
            "      <category value=\"\(entry.value)\" symbol=\"\(index)\" label=\"\(Self.escaped(entry.name))\" "
                + "render=\"true\" type=\"long\"/>\n"
        }
        let symbols = legend.enumerated().map { index, entry in
            let color = color(of: entry)
            let values = [
                ("color", "\(color.red),\(color.green),\(color.blue),255"), ("style", "solid"), ("outline_style", "no"),
            ]
            // QGIS 3 wrote `prop` up to version 3.26, and `Option` since 3.22.
            let options = values.map { "            <Option name=\"\($0)\" type=\"QString\" value=\"\($1)\"/>\n" }
            let props = values.map { "          <prop k=\"\($0)\" v=\"\($1)\"/>\n" }
            return """
                      <symbol name="\(index)" type="fill" alpha="1" clip_to_extent="1" force_rhr="0">
                        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
                          <Option type="Map">
                \(options.joined())          </Option>
                \(props.joined())        </layer>
                      </symbol>

                """
        }
        return Self.document(
            """
              <renderer-v2 type="categorizedSymbol" attr="\(Self.escaped(field))" symbollevels="0" enableorderby="0" \
            forceraster="0">
                <categories>
            \(categories.joined())    </categories>
                <symbols>
            \(symbols.joined())    </symbols>
              </renderer-v2>
            """)
    }

    private func color(of entry: LegendEntry) -> LegendEntry.Color { entry.color ?? .distinct(entry.value) }

    private static func document(_ content: String) -> String {
        let text = """
            <!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
            <qgis version="3.22.0" styleCategories="Symbology">
            \(content)
              <blendMode>0</blendMode>
            </qgis>

            """
        return text + mark(of: text)
    }

    /// The last line of a style, by which one that nobody has changed is known. QGIS leaves comments out of what it saves.
    private static func mark(of text: String) -> String {
        "<!-- made by Overtile: \(SHA256.checksum(of: text)) -->\n"
    }

    /// More bytes than a style of Overtile's has: 65,535 classes of some hundred bytes each.
    package static let mostBytes = 64 << 20

    /// Returns true if a style may be written at a path without loss: where there is none, or one that nobody has changed
    /// since Overtile wrote it.
    package static func mayReplace(_ path: String) -> Bool {
        guard FileStatus.exists(path) else { return true }
        guard let status = FileStatus(path: path), status.kind == .file, status.size <= mostBytes,
            let data = FileManager.default.contents(atPath: path)
        else { return false }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 2 else { return false }
        let text = lines.dropLast(2).joined(separator: "\n") + "\n"
        return lines.suffix(2).joined(separator: "\n") == mark(of: text)
    }

    /// Escapes text for an attribute. Control characters become spaces: XML 1.0 allows only tabs and line ends, and
    /// attributes turn those into spaces.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
