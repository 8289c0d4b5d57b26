import CGDAL

extension RasterWriter.Options {
    /// Gives a new dataset all that is known of it but its pixels: before the first of them, so that the file's
    /// directory is written once.
    ///
    /// - Returns: false where GDAL refuses a part.
    func apply(to dataset: GDALDatasetH) -> Bool {
        guard spatialReference.apply(to: dataset) else { return false }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            guard GDALSetMetadataItem(dataset, key, value, nil) == CE_None else { return false }
        }
        for number in 1...bandCount {
            guard let band = GDALGetRasterBand(dataset, Int32(number)) else { return false }
            if let nodata, GDALSetRasterNoDataValue(band, nodata) != CE_None { return false }
            if let scale, GDALSetRasterScale(band, scale) != CE_None || GDALSetRasterOffset(band, 0) != CE_None {
                return false
            }
            if number <= bandNames.count { GDALSetDescription(band, bandNames[number - 1]) }
        }
        guard !legend.isEmpty, let band = GDALGetRasterBand(dataset, 1) else { return true }
        return applyLegend(to: band)
    }

    /// Names go into the TIFF as metadata, so that it is of use alone, and as categories, where QGIS and gdalinfo look for
    /// them, and as a table of attributes, where ArcGIS does: GDAL keeps both in the sidecar. Colours go into the TIFF's
    /// colour table, and into that of attributes, which 16-bit masks have too.
    private func applyLegend(to band: GDALRasterBandH) -> Bool {
        let entries = legend.sorted { $0.value < $1.value }
        var names = [String](repeating: "", count: (entries.last?.value ?? 0) + 1)
        for entry in entries {
            names[entry.value] = entry.name
            guard GDALSetMetadataItem(band, entry.metadataKey, entry.name, nil) == CE_None else { return false }
        }
        guard CStringList(names).withUnsafe({ GDALSetRasterCategoryNames(band, $0) == CE_None }) else { return false }
        guard applyAttributes(of: entries, to: band) else { return false }
        let colors = entries.compactMap { entry in entry.color.map { (Int32(entry.value), $0.entry) } }
        guard colors.count == entries.count, bandCount == 1, !sampleType.isFloatingPoint else { return true }
        guard let table = GDALCreateColorTable(GPI_RGB) else { return false }
        defer { GDALDestroyColorTable(table) }
        for (value, color) in colors { withUnsafePointer(to: color) { GDALSetColorEntry(table, value, $0) } }
        return GDALSetRasterColorTable(band, table) == CE_None
    }

    /// A row for each class: its value, its name, and red, green and blue from 0 to 255 where all have colours.
    private func applyAttributes(of entries: [LegendEntry], to band: GDALRasterBandH) -> Bool {
        guard let table = GDALCreateRasterAttributeTable() else { return false }
        defer { GDALDestroyRasterAttributeTable(table) }
        let isColored = entries.allSatisfy { $0.color != nil }
        let columns: [(name: String, type: GDALRATFieldType, usage: GDALRATFieldUsage)] =
            [("Value", GFT_Integer, GFU_MinMax), ("Class", GFT_String, GFU_Name)]
            + (isColored
                ? [("Red", GFT_Integer, GFU_Red), ("Green", GFT_Integer, GFU_Green), ("Blue", GFT_Integer, GFU_Blue)]
                : [])
        for column in columns {
            guard GDALRATCreateColumn(table, column.name, column.type, column.usage) == CE_None else { return false }
        }
        GDALRATSetTableType(table, GRTT_THEMATIC)
        GDALRATSetRowCount(table, Int32(entries.count))
        for (row, entry) in entries.enumerated() {
            GDALRATSetValueAsInt(table, Int32(row), 0, Int32(entry.value))
            GDALRATSetValueAsString(table, Int32(row), 1, entry.name)
            guard isColored, let color = entry.color else { continue }
            for (index, component) in [color.red, color.green, color.blue].enumerated() {
                GDALRATSetValueAsInt(table, Int32(row), Int32(2 + index), Int32(component))
            }
        }
        return GDALSetDefaultRAT(band, table) == CE_None
    }
}
