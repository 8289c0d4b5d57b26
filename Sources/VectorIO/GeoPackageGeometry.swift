import CGDAL
import CSQLite

/// Writes large polygons of a GeoPackage that GDAL is writing into their rows as bytes.
///
/// On its way into the file, GDAL makes two more copies of a polygon, and SQLite makes a third. Here, the row is made
/// with a rectangle of the same bounds, from which GDAL keeps its counts and its index. The polygon itself is then
/// given to SQLite on GDAL's own connection and in its transaction.
struct GeoPackageGeometry {
    private let database: OpaquePointer
    private let table: String
    private let column: String

    /// - Returns: nil where the data set is none that SQLite holds.
    init?(dataset: GDALDatasetH, layer: OGRLayerH) {
        guard let handle = GDALGetInternalHandle(dataset, "SQLITE_HANDLE"), let name = OGR_L_GetName(layer),
            let column = OGR_L_GetGeometryColumn(layer)
        else { return nil }
        database = OpaquePointer(handle)
        table = String(cString: name)
        self.column = String(cString: column)
    }

    /// Returns the rectangle that stands for a polygon until it is replaced. The caller owns it.
    static func placeholder(of bounds: WellKnownBinary.Bounds, isMultiPolygon: Bool) -> OGRGeometryH? {
        let rectangle = WellKnownBinary(isMultiPolygon: isMultiPolygon)
        rectangle.beginPolygon()
        rectangle.beginRing()
        let (x, y) = (bounds.x, bounds.y)
        rectangle.append(
            x: [x.least, x.greatest, x.greatest, x.least], y: [y.least, y.least, y.greatest, y.greatest])
        rectangle.endRing()
        return rectangle.makeGeometry()
    }

    /// Replaces the rectangle of a row.
    ///
    /// - Returns: the reason why that failed, or nil.
    func replace(feature: Int64, with geometry: WellKnownBinary) -> String? {
        // The header has the coordinate system's number, and the bounds: those of the rectangle.
        guard let header = header(of: feature) else { return String(cString: sqlite3_errmsg(database)) }
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        let text = "UPDATE \(quoted(table)) SET \(quoted(column)) = ?1 WHERE rowid = ?2"
        let isDone = geometry.withUnsafeBytes(after: header) { bytes in
            sqlite3_prepare_v2(database, text, -1, &statement, nil) == SQLITE_OK
                && sqlite3_bind_blob64(statement, 1, bytes.baseAddress, sqlite3_uint64(bytes.count), nil) == SQLITE_OK
                && sqlite3_bind_int64(statement, 2, feature) == SQLITE_OK && sqlite3_step(statement) == SQLITE_DONE
        }
        return isDone ? nil : String(cString: sqlite3_errmsg(database))
    }

    /// "GP", version, flags, the coordinate system's number, and bounds of four numbers (OGC 12-128r18, 2.1.3).
    private func header(of feature: Int64) -> [UInt8]? {
        var blob: OpaquePointer?
        defer { sqlite3_blob_close(blob) }
        var header = [UInt8](repeating: 0, count: WellKnownBinary.headerRoom)
        guard sqlite3_blob_open(database, "main", table, column, feature, 0, &blob) == SQLITE_OK,
            sqlite3_blob_read(blob, &header, Int32(header.count), 0) == SQLITE_OK
        else { return nil }
        return header
    }

    private func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
