public import RasterIO
package import VectorIO

/// A file of polygons for which a mask is counted one by one.
public struct ZoneLayer: Equatable, Sendable {
    public var path: String
    /// nil for the only one.
    public var layer: String?
    /// The field with the zones' names; nil for "name", where there is one.
    public var field: String?

    public init(path: String, layer: String? = nil, field: String? = nil) {
        self.path = path
        self.layer = layer
        self.field = field
    }

    /// Whether the file can be read, and has the field, before any work is spent on a mask.
    ///
    /// - Throws: as `RasterPolygons.fields(ofFile:layer:)`; `.badArgument` for a field that is not there.
    public func check() throws(RasterError) {
        let fields = try RasterPolygons.fields(ofFile: path, layer: layer)
        guard let field, !fields.contains(field) else { return }
        throw RasterError(
            .badArgument, path: path, "\(path) has no field \"\(field)\": it has \(fields.joined(separator: ", "))")
    }

    /// The zones on a mask's grid.
    ///
    /// - Throws: as `RasterPolygons.init`.
    package func place(on mask: RasterReader) throws(RasterError) -> RasterPolygons {
        var field = field
        if field == nil {
            field = try RasterPolygons.fields(ofFile: path, layer: layer).first { $0.lowercased() == "name" }
        }
        return try RasterPolygons(
            path: path, layer: layer, field: field, size: mask.size, reference: mask.spatialReference)
    }
}
