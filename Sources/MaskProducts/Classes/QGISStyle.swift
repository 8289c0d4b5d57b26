public import FileIO
package import RasterIO

/// A style file of QGIS's, which paints a mask in its classes' colours and lists their names in the legend.
///
/// QGIS takes it by itself when it opens a raster beside which it lies under the raster's name with `.qml`. Source: the
/// files that QGIS 3 itself saves ("Layer Styling", "Save as Default").
public struct QGISStyle: Sendable {
    private let legend: [LegendEntry]

    /// - Parameter legend: the classes of band 1; those without a colour are given one of their own.
    package init(_ legend: [LegendEntry]) {
        self.legend = legend.sorted { $0.value < $1.value }
    }

    /// Where QGIS looks for the style of a raster.
    public static func path(besideRaster path: String) -> String { FileName.replacingExtension(of: path, by: "qml") }

    public var text: String {
        let entries = legend.map { entry in
            let color = entry.color ?? .distinct(entry.value)
            return "        <paletteEntry value=\"\(entry.value)\" color=\"\(color.hexadecimal)\" alpha=\"255\" "
                + "label=\"\(Self.escaped(entry.name))\"/>\n"
        }
        return """
            <!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
            <qgis version="3.22.0" styleCategories="Symbology">
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
              <blendMode>0</blendMode>
            </qgis>

            """
    }

    /// Puts the style beside a mask.
    ///
    /// - Throws: `FileError`; nothing is left then.
    public func write(besideRaster path: String, overwrite: Bool) throws(FileError) {
        try StagedDocument.write(Array(text.utf8), to: Self.path(besideRaster: path), overwrite: overwrite)
    }

    /// Text in an attribute: XML 1.0 knows no control characters but tab and line ends, which attributes turn to spaces.
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
