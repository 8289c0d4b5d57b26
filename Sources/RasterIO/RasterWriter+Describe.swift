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
            if number <= bandNames.count { GDALSetDescription(band, bandNames[number - 1]) }
        }
        guard !legend.isEmpty, let band = GDALGetRasterBand(dataset, 1) else { return true }
        return applyLegend(to: band)
    }

    /// Names go into the TIFF as metadata, so that it is of use alone, and as categories, where GIS programs look for
    /// them and GDAL keeps them in the sidecar; colours into the TIFF's colour table.
    private func applyLegend(to band: GDALRasterBandH) -> Bool {
        let entries = legend.sorted { $0.value < $1.value }
        var names = [String](repeating: "", count: (entries.last?.value ?? 0) + 1)
        for entry in entries {
            names[entry.value] = entry.name
            guard GDALSetMetadataItem(band, entry.metadataKey, entry.name, nil) == CE_None else { return false }
        }
        guard CStringList(names).withUnsafe({ GDALSetRasterCategoryNames(band, $0) == CE_None }) else { return false }
        let colors = entries.compactMap { entry in entry.color.map { (Int32(entry.value), $0.entry) } }
        guard colors.count == entries.count, bandCount == 1, !sampleType.isFloatingPoint else { return true }
        guard let table = GDALCreateColorTable(GPI_RGB) else { return false }
        defer { GDALDestroyColorTable(table) }
        for (value, color) in colors { withUnsafePointer(to: color) { GDALSetColorEntry(table, value, $0) } }
        return GDALSetRasterColorTable(band, table) == CE_None
    }
}
