import Foundation

/// A GDAL VRT over the bands of a raster, with what a test wants the bands to say of themselves.
package struct VirtualScene {
    /// One band: where its pixels come from, and its properties.
    package struct Band {
        package var source: String
        package var number: Int
        package var type = "Byte"
        /// XML before the source, such as `<ColorInterp>Alpha</ColorInterp>`.
        package var properties = ""

        package init(_ source: String, _ number: Int = 1, type: String = "Byte", properties: String = "") {
            (self.source, self.number, self.type, self.properties) = (source, number, type, properties)
        }
    }

    /// Writes the document.
    ///
    /// - Returns: its path.
    package static func write(
        to name: String, in folder: TemporaryFolder, width: Int, height: Int, _ bands: [Band]
    ) throws -> String {
        let texts = bands.enumerated().map { index, band in
            """
            <VRTRasterBand dataType="\(band.type)" band="\(index + 1)">\(band.properties)<SimpleSource>\
            <SourceFilename relativeToVRT="0">\(band.source)</SourceFilename><SourceBand>\(band.number)</SourceBand>\
            <SrcRect xOff="0" yOff="0" xSize="\(width)" ySize="\(height)"/>\
            <DstRect xOff="0" yOff="0" xSize="\(width)" ySize="\(height)"/></SimpleSource></VRTRasterBand>
            """
        }
        let text = """
            <VRTDataset rasterXSize="\(width)" rasterYSize="\(height)">\
            <GeoTransform>500000, 10, 0, 5000000, 0, -10</GeoTransform>\(texts.joined())</VRTDataset>
            """
        return try folder.write(Array(text.utf8), to: name)
    }
}
