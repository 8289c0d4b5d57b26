import CGDAL
import TileGeometry

/// From a vector layer's coordinates to a raster's columns and rows.
final class PolygonPlacement {
    private let path: String
    private let inverse: PixelLocator
    /// To the raster's coordinate system; nil where it is the layer's.
    private let transformation: OGRCoordinateTransformationH?
    /// Where the raster lies in the layer's coordinates, with some room around it; nil as above.
    private let surroundings: OGREnvelope?

    /// Pieces that a polygon's longest side is cut into before it is reprojected: straight lines of one system are curves
    /// in another.
    private static let pieces = 200.0
    /// Columns and rows beyond this are pulled in: GDAL's rasteriser counts in 32 bits.
    private static let farthest = 1e9

    /// - Parameter crs: the layer's; nil for that of the raster.
    /// - Throws: `.unsupported` where the raster has no place, or GDAL knows no way from one system to the other.
    init(from crs: CoordinateReferenceSystem?, path: String, to reference: SpatialReference, size: PixelSize)
        throws(RasterError)
    {
        guard let inverse = PixelLocator(reference) else {
            throw RasterError(
                .unsupported, path: path,
                "cannot place the polygons of \(path): the raster has no geotransform that could be inverted, and no "
                    + "ground control points")
        }
        self.path = path
        self.inverse = inverse
        let target = reference.system
        guard let crs, let target, !crs.isEquivalent(to: target) else {
            (transformation, surroundings) = (nil, nil)
            return
        }
        let messages = GDALMessages()
        let found = messages.during { () -> (OGRCoordinateTransformationH, OGREnvelope)? in
            crs.withUnsafeHandle { source in
                target.withUnsafeHandle { target in
                    guard let source, let target else { return nil }
                    guard let back = OCTNewCoordinateTransformation(target, source) else { return nil }
                    defer { OCTDestroyCoordinateTransformation(back) }
                    guard let box = inverse.envelope(of: size, through: back),
                        let forward = OCTNewCoordinateTransformation(source, target)
                    else { return nil }
                    return (forward, box)
                }
            }
        }
        guard let found else {
            let reason = messages.reason(about: path, otherwise: "GDAL knows no way")
            throw RasterError(
                .unsupported, path: path,
                "cannot reproject the polygons of \(path) from \(crs.name) to \(target.name): \(reason)")
        }
        (transformation, surroundings) = found
    }

    deinit {
        if let transformation { OCTDestroyCoordinateTransformation(transformation) }
    }

    /// The polygon in columns and rows, which the caller owns; nil where it has no part near the raster.
    ///
    /// - Parameter id: the feature's, for messages.
    /// - Throws: `.unsupported` for corners that are nowhere: no numbers, or without a place in the raster's system.
    func place(_ polygon: OGRGeometryH, id: Int) throws(RasterError) -> OGRGeometryH? {
        guard var placed = OGR_G_GetLinearGeometry(polygon, 0, nil) else { return nil }
        OGR_G_FlattenTo2D(placed)
        if let transformation, let surroundings {
            var box = OGREnvelope()
            OGR_G_GetEnvelope(placed, &box)
            guard box.MinX <= surroundings.MaxX, box.MaxX >= surroundings.MinX, box.MinY <= surroundings.MaxY,
                box.MaxY >= surroundings.MinY
            else {
                OGR_G_DestroyGeometry(placed)
                return nil
            }
            // What lies far off may have no place in the raster's system at all.
            if let part = Self.clip(placed, box, to: surroundings) {
                OGR_G_DestroyGeometry(placed)
                placed = part
                OGR_G_GetEnvelope(placed, &box)
            }
            let side = max(box.MaxX - box.MinX, box.MaxY - box.MinY)
            if side > 0 { OGR_G_Segmentize(placed, side / Self.pieces) }
            guard OGR_G_Transform(placed, transformation) == OGRERR_NONE else {
                OGR_G_DestroyGeometry(placed)
                throw nowhere(id, "its corners have no place in the raster's coordinate system")
            }
        }
        guard move(placed) else {
            OGR_G_DestroyGeometry(placed)
            throw nowhere(id, "its corners are no numbers")
        }
        return placed
    }

    private func nowhere(_ id: Int, _ reason: String) -> RasterError {
        RasterError(
            .unsupported, path: path, "cannot place feature \(id) of \(path): \(reason); correct or remove it")
    }

    /// nil where all of the polygon lies inside, or GEOS cannot cut it.
    private static func clip(_ polygon: OGRGeometryH, _ box: OGREnvelope, to limits: OGREnvelope) -> OGRGeometryH? {
        let isInside =
            box.MinX >= limits.MinX && box.MaxX <= limits.MaxX && box.MinY >= limits.MinY && box.MaxY <= limits.MaxY
        guard !isInside, let ring = OGR_G_CreateGeometry(wkbLinearRing) else { return nil }
        for (x, y) in [
            (limits.MinX, limits.MinY), (limits.MaxX, limits.MinY), (limits.MaxX, limits.MaxY),
            (limits.MinX, limits.MaxY), (limits.MinX, limits.MinY),
        ] { OGR_G_AddPoint_2D(ring, x, y) }
        guard let rectangle = OGR_G_CreateGeometry(wkbPolygon) else { return nil }
        defer { OGR_G_DestroyGeometry(rectangle) }
        OGR_G_AddGeometryDirectly(rectangle, ring)
        if let part = OGR_G_Intersection(polygon, rectangle) { return part }
        // Borders that cross themselves are common in files, and GEOS refuses them.
        guard let valid = OGR_G_MakeValid(polygon) else { return nil }
        defer { OGR_G_DestroyGeometry(valid) }
        return OGR_G_Intersection(valid, rectangle)
    }

    /// - Returns: false for coordinates that are no numbers.
    private func move(_ geometry: OGRGeometryH) -> Bool {
        for index in 0..<OGR_G_GetGeometryCount(geometry) {
            guard let part = OGR_G_GetGeometryRef(geometry, index), move(part) else { return false }
        }
        let count = Int(OGR_G_GetPointCount(geometry))
        guard count > 0 else { return true }
        var (x, y) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
        let stride = Int32(MemoryLayout<Double>.stride)
        OGR_G_GetPoints(geometry, &x, stride, &y, stride, nil, 0)
        inverse.pixels(&x, &y)
        for index in 0..<count {
            guard x[index].isFinite, y[index].isFinite else { return false }
            x[index] = min(max(x[index], -Self.farthest), Self.farthest)
            y[index] = min(max(y[index], -Self.farthest), Self.farthest)
        }
        OGR_G_SetPoints(geometry, Int32(count), &x, stride, &y, stride, nil, 0)
        return true
    }
}
