import CGDAL
import RasterIO
import TileGeometry

/// The way from a vector layer's coordinates to a raster's columns and rows.
final class PolygonPlacement {
    private let path: String
    private let inverse: MapToPixel
    /// The transformation to the raster's coordinate system; nil if that is also the layer's.
    private let transformation: OGRCoordinateTransformationH?
    /// The surroundings of the raster, as a polygon in the layer's coordinates with some room around it; nil as above.
    private let surroundings: OGRGeometryH?
    /// The features that have no place in the raster's system, although they seem to lie near it.
    private(set) var unplaced: [Int] = []

    /// The longest piece of a side in the layer's coordinates: sides are cut before they are reprojected, as straight lines of
    /// one system are curves in another. It is the same for all polygons, so that neighbours keep their common border.
    private let longestPiece: Double

    /// The number of such pieces along the raster: the curve of a whole side is 65,536 times as far from its line as that of
    /// a piece.
    private static let pieces = 256.0
    /// The most pieces of a side: a few more than of one that is as long as the raster with the room around it.
    private static let mostPieces = 300.0
    /// The steps in a pixel on which corners are set, a power of two (`set`).
    private static let steps = Double(1 << 20)
    /// The largest columns and rows, to which others are clamped, because GDAL's rasteriser counts in 32 bits.
    private static let farthest = 1e9

    /// - Parameter crs: the layer's; nil for that of the raster.
    /// - Throws: `.unsupported` where the raster has no place, or GDAL knows no way from one system to the other.
    init(from crs: CoordinateReferenceSystem?, path: String, to reference: SpatialReference, size: PixelSize)
        throws(RasterError)
    {
        guard let inverse = MapToPixel(reference) else {
            throw RasterError(
                .unsupported, path: path,
                "cannot place the polygons of \(path): the raster has no geotransform that could be inverted, and no "
                    + "ground control points")
        }
        self.path = path
        self.inverse = inverse
        let target = reference.system
        guard let crs, let target, !crs.isEquivalent(to: target) else {
            (transformation, surroundings, longestPiece) = (nil, nil, .infinity)
            return
        }
        // PROJ looks for a way for seconds, and finds one of infinite numbers.
        guard !crs.isVertical else {
            throw RasterError(
                .unsupported, path: path,
                "cannot place the polygons of \(path): \(crs.name) is a system of heights; give the layer the one that its "
                    + "coordinates are in")
        }
        let messages = GDALMessages()
        let found = messages.during { () -> (OGRCoordinateTransformationH, OGRGeometryH, Double)? in
            crs.withUnsafeHandle { source in
                target.withUnsafeHandle { target in
                    guard let source, let target else { return nil }
                    guard let back = OCTNewCoordinateTransformation(target, source) else { return nil }
                    defer { OCTDestroyCoordinateTransformation(back) }
                    let boxes = Self.envelopes(
                        of: size, inverse, through: back, areLongitudes: OSRIsGeographic(source) != 0)
                    guard let area = Self.area(of: boxes),
                        let forward = OCTNewCoordinateTransformation(source, target)
                    else { return nil }
                    let sides = boxes.map { max($0.MaxX - $0.MinX, $0.MaxY - $0.MinY) }
                    return (forward, area, sides.max()! / Self.pieces)
                }
            }
        }
        guard let found else {
            let reason = messages.reason(about: path, otherwise: "GDAL knows no way")
            throw RasterError(
                .unsupported, path: path,
                "cannot reproject the polygons of \(path) from \(crs.name) to \(target.name): \(reason)")
        }
        (transformation, surroundings, longestPiece) = found
    }

    deinit {
        if let transformation { OCTDestroyCoordinateTransformation(transformation) }
        if let surroundings { OGR_G_DestroyGeometry(surroundings) }
    }

    /// Returns the polygon in columns and rows, which the caller owns, or nil if it has no part near the raster.
    ///
    /// - Parameter id: the feature's, for messages.
    /// - Throws: `.unsupported` for corners that are no numbers.
    func place(_ polygon: OGRGeometryH, id: Int) throws(RasterError) -> OGRGeometryH? {
        guard var placed = OGR_G_GetLinearGeometry(polygon, 0, nil) else { return nil }
        OGR_G_FlattenTo2D(placed)
        if let transformation, let surroundings {
            // Places far away may not exist in the raster's system at all.
            if let part = Self.clip(placed, to: surroundings) {
                OGR_G_DestroyGeometry(placed)
                placed = part
            }
            // A polygon that could not be clipped may be many times as long as the raster.
            let box = Self.envelope(placed)
            let piece = max(longestPiece, max(box.MaxX - box.MinX, box.MaxY - box.MinY) / Self.mostPieces)
            if piece > 0 { OGR_G_Segmentize(placed, piece) }
            guard OGR_G_Transform(placed, transformation) == OGRERR_NONE else {
                OGR_G_DestroyGeometry(placed)
                unplaced.append(id)
                return nil
            }
        }
        guard move(placed) else {
            OGR_G_DestroyGeometry(placed)
            throw RasterError(
                .unsupported, path: path,
                "cannot use feature \(id) of \(path): its corners are no numbers; correct or remove it")
        }
        return placed
    }

    /// Returns where a raster lies in another system, with a tenth of it as room on each side: one box, or two if the
    /// raster crosses the antimeridian of a system of longitudes, or none if the system does not reach it.
    private static func envelopes(
        of size: PixelSize, _ locator: MapToPixel, through transformation: OGRCoordinateTransformationH,
        areLongitudes: Bool
    ) -> [OGREnvelope] {
        let steps = 32
        var (x, y) = ([Double](), [Double]())
        for row in 0...steps {
            for column in 0...steps {
                x.append(Double(size.width) * Double(column) / Double(steps))
                y.append(Double(size.height) * Double(row) / Double(steps))
            }
        }
        locator.coordinates(&x, &y)
        var isKnown = [Int32](repeating: 0, count: x.count)
        OCTTransformEx(transformation, Int32(x.count), &x, &y, nil, &isKnown)
        let known = x.indices.filter { isKnown[$0] != 0 && x[$0].isFinite && y[$0].isFinite }
        let (columns, rows) = (known.map { x[$0] }.sorted(), known.map { y[$0] })
        guard let bottom = rows.min(), let top = rows.max() else { return [] }
        // Places that are close to each other, with a gap of more than a quarter of the globe between their longitudes.
        let gap = areLongitudes ? columns.indices.dropFirst().first { columns[$0] - columns[$0 - 1] > 90 } : nil
        return [columns[..<(gap ?? columns.count)], columns[(gap ?? columns.count)...]].compactMap { part in
            guard let left = part.first, let right = part.last else { return nil }
            let (roomX, roomY) = ((right - left) / 10, (top - bottom) / 10)
            return OGREnvelope(MinX: left - roomX, MaxX: right + roomX, MinY: bottom - roomY, MaxY: top + roomY)
        }
    }

    private static func envelope(_ geometry: OGRGeometryH) -> OGREnvelope {
        var box = OGREnvelope()
        OGR_G_GetEnvelope(geometry, &box)
        return box
    }

    /// Returns the boxes as one polygon or two, or nil without any.
    private static func area(of boxes: [OGREnvelope]) -> OGRGeometryH? {
        boxes.reduce(nil) { area, box in
            guard let ring = OGR_G_CreateGeometry(wkbLinearRing), let rectangle = OGR_G_CreateGeometry(wkbPolygon)
            else { return area }
            for (x, y) in [
                (box.MinX, box.MinY), (box.MaxX, box.MinY), (box.MaxX, box.MaxY), (box.MinX, box.MaxY),
                (box.MinX, box.MinY),
            ] { OGR_G_AddPoint_2D(ring, x, y) }
            OGR_G_AddGeometryDirectly(rectangle, ring)
            guard let area else { return rectangle }
            defer { OGR_G_DestroyGeometry(rectangle) }
            guard let both = OGR_G_Union(area, rectangle) else { return area }
            OGR_G_DestroyGeometry(area)
            return both
        }
    }

    /// Returns the part of a polygon in an area, which may be empty. Returns nil if all of it lies inside, or GEOS
    /// cannot cut it.
    private static func clip(_ polygon: OGRGeometryH, to area: OGRGeometryH) -> OGRGeometryH? {
        let (box, limits) = (envelope(polygon), envelope(area))
        let isInside =
            box.MinX >= limits.MinX && box.MaxX <= limits.MaxX && box.MinY >= limits.MinY && box.MaxY <= limits.MaxY
        if isInside, OGR_G_GetGeometryCount(area) == 1 { return nil }
        if let part = OGR_G_Intersection(polygon, area) { return part }
        // Files often have borders that cross themselves, which GEOS refuses.
        guard let valid = OGR_G_MakeValid(polygon) else { return nil }
        defer { OGR_G_DestroyGeometry(valid) }
        return OGR_G_Intersection(valid, area)
    }

    /// Sets a corner on a grid of a millionth of a pixel, half a step below the rows' centres.
    ///
    /// GDAL's rasteriser rounds where a side crosses the centres of a row. Where the side meets a pixel's centre, rounding
    /// would decide for each of two neighbours by itself, and the pixel could belong to both or to none. From corners of pixels
    /// moved down by half a step, the side passes beside the centre, by far more than is rounded; and no side lies along the
    /// centres of a row.
    private static func set(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        func clamped(_ value: Double) -> Double { min(max(value, -farthest), farthest) }
        return ((clamped(x) * steps).rounded() / steps, ((clamped(y) * steps).rounded() + 0.5) / steps)
    }

    /// Moves a geometry into the raster's columns and rows.
    ///
    /// - Returns: false for coordinates that are not numbers.
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
            (x[index], y[index]) = Self.set(x[index], y[index])
        }
        OGR_G_SetPoints(geometry, Int32(count), &x, stride, &y, stride, nil, 0)
        return true
    }
}
