import CGDAL
package import RasterIO

extension VectorWriter {
    /// A column of the layer's table. Shapefiles have names of ten characters at most.
    package struct Field: Sendable {
        /// The kinds of values in a column.
        package enum Kind: Sendable {
            case integer, real, text
        }

        /// The name of the column.
        package var name: String
        /// The kind of its values.
        package var kind: Kind

        /// Makes a column of a name and a kind.
        package init(_ name: String, _ kind: Kind) {
            self.name = name
            self.kind = kind
        }

        func add(to layer: OGRLayerH, _ format: VectorFormat) -> Bool {
            let type =
                switch kind {
                case .integer: OFTInteger64
                case .real: OFTReal
                case .text: OFTString
                }
            guard let definition = OGR_Fld_Create(name, type) else { return false }
            defer { OGR_Fld_Destroy(definition) }
            if format == .shapefile, kind == .real {
                // A dBASE number is text: of GDAL's 24 characters 15 are decimals, too many beside a country's area.
                OGR_Fld_SetWidth(definition, 24)
                OGR_Fld_SetPrecision(definition, 8)
            }
            return OGR_L_CreateField(layer, definition, 0) == OGRERR_NONE
        }
    }

    /// The properties of a layer that is to be written.
    package struct Options: Sendable {
        /// The system of the coordinates; formats that hold WGS 84 only are given other ones and transform them.
        package var crs: CoordinateReferenceSystem?
        /// The columns of the table, in their order.
        package var fields: [Field]
        /// True if a feature may be several polygons.
        package var isMultiPolygon = false
        /// The decimals of GeoJSON's coordinates, 7 to 15: 7 are a centimetre.
        package var decimals = 7
        /// The layer's style in QGIS's format, which a GeoPackage takes with it; nil for none.
        package var style: String?
        /// True if a file under the output's name is replaced.
        package var overwrite = false

        /// Makes the options of a layer of single polygons.
        package init(crs: CoordinateReferenceSystem?, fields: [Field]) {
            self.crs = crs
            self.fields = fields
        }

        func layerItems(_ format: VectorFormat) -> [String] {
            switch format {
            case .geoJSON: ["RFC7946=YES", "COORDINATE_PRECISION=\(decimals)"]
            case .shapefile: ["ENCODING=UTF-8", "DBF_DATE_LAST_UPDATE=1970-01-01"]
            case .geoPackage, .flatGeobuf, .parquet: []
            }
        }

        /// - Throws: `.unsupported` for what the format cannot hold.
        func validate(for format: VectorFormat, path: String) throws(RasterError) {
            guard format.isAlwaysWGS84, crs == nil else { return }
            throw RasterError(
                .unsupported, path: path,
                "cannot write \(path): GeoJSON is in WGS 84 (RFC 7946), and the mask has no coordinate system to get there "
                    + "from; write a .gpkg")
        }
    }
}
