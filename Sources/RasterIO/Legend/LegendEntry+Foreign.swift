import CGDAL

extension LegendEntry {
    /// The classes as other programs leave them: rows of an attribute table (ArcGIS, Erdas, QGIS) or category names (GDAL,
    /// GRASS, Idrisi). Of the colours, the attribute table's come before the colour table's.
    ///
    /// Rows without a name and those that stand for ranges of values are no classes.
    static func readForeign(from band: GDALRasterBandH) -> [LegendEntry] {
        let palette = GDALGetRasterColorTable(band)
        func color(_ value: Int) -> Color? {
            // Beyond its entries GDAL gives none.
            palette.flatMap { GDALGetColorEntry($0, Int32(value)) }.map { Color($0.pointee) }
        }
        let rows = attributes(of: band)
        if !rows.isEmpty {
            return rows.map { LegendEntry(value: $0.value, name: $0.name, color: $0.color ?? color($0.value)) }
        }
        let names = CStringList.items(GDALGetRasterCategoryNames(band)).prefix(mostValues)
        return names.enumerated().filter { !$0.element.isEmpty }.map {
            LegendEntry(value: $0.offset, name: $0.element, color: color($0.offset))
        }
    }

    /// Classes are 0 to 65535.
    private static let mostValues = 65536

    /// The named rows of a band's attribute table, by value, the first of equal ones.
    private static func attributes(of band: GDALRasterBandH) -> [LegendEntry] {
        guard let table = GDALGetDefaultRAT(band) else { return [] }
        func type(_ column: Int32) -> GDALRATFieldType { GDALRATGetTypeOfCol(table, column) }
        func title(_ column: Int32) -> String {
            GDALRATGetNameOfCol(table, column).map { String(cString: $0).lowercased() } ?? ""
        }
        let columns = 0..<GDALRATGetColumnCount(table)
        // Some programs say what a column is for, others leave that to its name.
        func find(_ usages: [GDALRATFieldUsage], otherwise isMeant: (Int32) -> Bool) -> Int32? {
            for usage in usages {
                let column = GDALRATGetColOfUsage(table, usage)
                if column >= 0 { return column }
            }
            return columns.first(where: isMeant)
        }
        guard let value = find([GFU_MinMax, GFU_Min], otherwise: { title($0) == "value" && type($0) != GFT_String }),
            let name = find([GFU_Name], otherwise: { type($0) == GFT_String })
        else { return [] }
        let highest = GDALRATGetColOfUsage(table, GFU_Max)
        let colors = [GFU_Red, GFU_Green, GFU_Blue].map { GDALRATGetColOfUsage(table, $0) }
        // Parts of 1, as Erdas has them, are in the colour table too.
        let isColored = colors.allSatisfy { $0 >= 0 && type($0) == GFT_Integer }
        var entries: [Int: LegendEntry] = [:]
        for row in 0..<min(GDALRATGetRowCount(table), Int32(mostValues)) {
            let number = GDALRATGetValueAsDouble(table, row, value)
            guard let number = Int(exactly: number), (0..<mostValues).contains(number), entries[number] == nil,
                highest < 0 || GDALRATGetValueAsDouble(table, row, highest) == Double(number),
                let text = GDALRATGetValueAsString(table, row, name).map({ String(cString: $0) }), !text.isEmpty
            else { continue }
            let components = isColored ? colors.map { UInt8(clamping: GDALRATGetValueAsInt(table, row, $0)) } : []
            let color = isColored ? Color(red: components[0], green: components[1], blue: components[2]) : nil
            entries[number] = LegendEntry(value: number, name: text, color: color)
        }
        return entries.values.sorted { $0.value < $1.value }
    }
}
