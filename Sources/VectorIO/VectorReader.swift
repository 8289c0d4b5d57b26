import CGDAL
import RasterIO

/// One layer of a vector file, read feature by feature.
final class VectorReader {
    let path: String
    let layerName: String
    /// Names of the attributes, in the layer's order.
    let fields: [String]
    /// The system of the coordinates; nil where the layer does not say.
    let crs: CoordinateReferenceSystem?

    private let dataset: DatasetHandle
    private let layer: OGRLayerH

    /// A feature while it is being looked at.
    struct Feature {
        let id: Int
        /// The geometry, which stays GDAL's; nil where the feature has none.
        let geometry: OGRGeometryH?
        /// The value of the field that was asked for; nil where it is not set.
        let value: String?
    }

    /// Opens anything that GDAL's vector drivers do, for reading only.
    ///
    /// - Parameter layer: its name; nil for the only one of a file, in which QGIS's table of styles does not count.
    /// - Throws: `.noSuchFile`, `.permissionDenied`, `.notARaster`; `.badArgument` for a layer that is not there, and
    ///   for a file of several where none is named.
    init(path: String, layer name: String? = nil) throws(RasterError) {
        let dataset = try RasterSource(path: path, kind: .vector).open()
        let found = GDALMessages().during {
            (0..<GDALDatasetGetLayerCount(dataset.raw)).compactMap { GDALDatasetGetLayer(dataset.raw, $0) }
                .map { (name: OGR_L_GetName($0).map { String(cString: $0) } ?? "", layer: $0) }
                .filter { $0.name == name || $0.name != LayerStyles.table }
        }
        let names = Self.list(found.map(\.name))
        guard let only = name == nil ? found.first : found.first(where: { $0.name == name }) else {
            let reason = name.map { "it has no layer \"\($0)\", but \(names)" } ?? "it has no layers"
            throw RasterError(
                name == nil ? .unsupported : .badArgument, path: path, "cannot use \(path): \(reason)")
        }
        guard name != nil || found.count == 1 else {
            throw RasterError(
                .badArgument, path: path, "cannot use \(path): it has several layers, \(names); name one of them")
        }
        self.path = path
        self.dataset = dataset
        layer = only.layer
        layerName = only.name
        let layer = only.layer
        (fields, crs) = GDALMessages().during { () -> ([String], CoordinateReferenceSystem?) in
            let definition = OGR_L_GetLayerDefn(layer)
            let fields = (0..<OGR_FD_GetFieldCount(definition)).map { index in
                OGR_FD_GetFieldDefn(definition, index).flatMap { OGR_Fld_GetNameRef($0) }
                    .map { String(cString: $0) } ?? ""
            }
            let crs = OGR_L_GetSpatialRef(layer).flatMap { CoordinateReferenceSystem(handle: $0) }
            // A GeoPackage's layer always has a system, if only one that says it is none (OGC 12-128r18, requirement 11).
            return (fields, crs?.name.hasPrefix("Undefined ") == true ? nil : crs)
        }
    }

    /// The number of a field: by its name, or else by its name in other letters' case.
    ///
    /// - Throws: `.badArgument` naming the fields that there are.
    func index(ofField name: String) throws(RasterError) -> Int {
        let index =
            fields.firstIndex(of: name) ?? fields.firstIndex { $0.lowercased() == name.lowercased() }
        if let index { return index }
        throw RasterError(
            .badArgument, path: path,
            "\(path) has no field \"\(name)\": it has " + (fields.isEmpty ? "none" : Self.list(fields)))
    }

    /// Looks at all features, in the file's order.
    ///
    /// - Throws: `.readFailed`, and what `body` throws.
    func forEach(field: Int?, _ body: (Feature) throws(RasterError) -> Void) throws(RasterError) {
        let messages = GDALMessages()
        messages.during { OGR_L_ResetReading(layer) }
        while let feature = messages.during({ OGR_L_GetNextFeature(layer) }) {
            defer { OGR_F_Destroy(feature) }
            var value: String?
            if let field, OGR_F_IsFieldSetAndNotNull(feature, Int32(field)) != 0 {
                value = OGR_F_GetFieldAsString(feature, Int32(field)).map { String(cString: $0) }
            }
            try body(
                Feature(id: Int(OGR_F_GetFID(feature)), geometry: OGR_F_GetGeometryRef(feature), value: value))
        }
        guard messages.failures.isEmpty else {
            let reason = messages.reason(about: path, otherwise: "GDAL gave no reason")
            throw RasterError(
                .readFailed, path: path,
                "cannot read layer \"\(layerName)\" of \(path): \(reason); check it with ogrinfo -al")
        }
    }

    /// Names for a message, not too many of them.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(20).map { "\"\($0)\"" }.joined(separator: ", ")
        return names.count > 20 ? shown + " and \(names.count - 20) more" : shown
    }
}
