import CGDAL

extension RasterReader {
    /// The colours that a band's values stand for, from value 0 on; nil for bands that hold measurements.
    public func palette(ofBand number: Int) -> [LegendEntry.Color]? {
        let handle = dataset.band(number)
        return GDALMessages().during {
            guard GDALGetRasterColorInterpretation(handle) == GCI_PaletteIndex,
                let table = GDALGetRasterColorTable(handle), GDALGetPaletteInterpretation(table) == GPI_RGB
            else { return nil }
            return (0..<GDALGetColorEntryCount(table)).map { index in
                GDALGetColorEntry(table, index).map { LegendEntry.Color($0.pointee) }
                    ?? LegendEntry.Color(red: 0, green: 0, blue: 0, alpha: 0)
            }
        }
    }
}
