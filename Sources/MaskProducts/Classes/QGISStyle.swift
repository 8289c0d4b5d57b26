package import FileIO
package import RasterIO

/// A QGIS style file, with which QGIS paints a mask in the colours of its classes and lists their names in the legend.
///
/// QGIS loads the style by itself when it lies beside the raster under the raster's name with the ending `.qml`. Source
/// of the format: the files that QGIS 3 saves ("Layer Styling", "Save as Default").
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

    /// The content of the file: XML in QGIS's format.
    package var text: String {
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

    /// Writes the style beside a mask.
    ///
    /// - Throws: `FileError`, after which no file is left.
    package func write(besideRaster path: String, overwrite: Bool) throws(FileError) {
        try StagedDocument.write(Array(text.utf8), to: Self.path(besideRaster: path), overwrite: overwrite)
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
