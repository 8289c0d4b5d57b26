import CGDAL

/// The table in which QGIS keeps the styles of a GeoPackage's layers, and looks for the one by which it draws a layer.
///
/// Its columns are those of the table that QGIS 3 makes itself ("Save Style", "In Datasource").
enum LayerStyles {
    /// The name of the table.
    static let table = "layer_styles"

    private static let columns: [(name: String, type: OGRFieldType, width: Int32)] = [
        ("f_table_catalog", OFTString, 256), ("f_table_schema", OFTString, 256), ("f_table_name", OFTString, 256),
        ("f_geometry_column", OFTString, 256), ("styleName", OFTString, 30), ("styleQML", OFTString, 0),
        ("styleSLD", OFTString, 0), ("useAsDefault", OFTInteger, 0), ("description", OFTString, 0),
        ("owner", OFTString, 30), ("ui", OFTString, 30), ("update_time", OFTDateTime, 0),
    ]

    /// Makes the table with one style, which QGIS takes by itself. Any style that is saved later is newer.
    ///
    /// - Parameter style: the text of a `.qml`.
    /// - Returns: false if GDAL failed.
    static func add(_ style: String, of layer: OGRLayerH, to dataset: GDALDatasetH) -> Bool {
        guard let styles = GDALDatasetCreateLayer(dataset, table, nil, wkbNone, nil) else { return false }
        for column in columns {
            guard let definition = OGR_Fld_Create(column.name, column.type) else { return false }
            defer { OGR_Fld_Destroy(definition) }
            OGR_Fld_SetWidth(definition, column.width)
            if column.name == "useAsDefault" { OGR_Fld_SetSubType(definition, OFSTBoolean) }
            guard OGR_L_CreateField(styles, definition, 0) == OGRERR_NONE else { return false }
        }
        guard let feature = OGR_F_Create(OGR_L_GetLayerDefn(styles)) else { return false }
        defer { OGR_F_Destroy(feature) }
        let texts = [
            "", "", OGR_L_GetName(layer).map { String(cString: $0) } ?? "",
            OGR_L_GetGeometryColumn(layer).map { String(cString: $0) } ?? "", "classes", style, "",
        ]
        for (index, text) in texts.enumerated() { OGR_F_SetFieldString(feature, Int32(index), text) }
        OGR_F_SetFieldInteger(feature, 7, 1)
        OGR_F_SetFieldString(feature, 8, "The colours of the classes")
        OGR_F_SetFieldDateTime(feature, 11, 1970, 1, 1, 0, 0, 0, 100)
        return OGR_L_CreateFeature(styles, feature) == OGRERR_NONE
    }
}
