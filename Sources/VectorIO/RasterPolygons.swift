import CGDAL
package import RasterIO
package import TileGeometry

/// The polygons of a vector layer, placed on a raster's grid.
///
/// They are reprojected if their coordinate system is another one, and kept in memory, whatever the size of the raster.
/// One thread at a time may use them.
package final class RasterPolygons {
    /// One polygon, or one of several parts.
    package struct Feature: Sendable {
        /// The number of the feature in the layer.
        package let id: Int
        /// The value of the field that was asked for; nil if it is not set.
        package let value: String?
        /// The pixels that it may cover; empty if it misses the raster.
        package let window: PixelWindow
    }

    /// The vector file, as it was named.
    package let path: String
    /// The name of the layer.
    package let layerName: String
    /// True if the layer names its coordinate system.
    package let hasSystem: Bool
    /// The features, in the layer's order.
    package let features: [Feature]
    /// Lines for the user: a layer that does not say where it lies, features that have no place.
    package let warnings: [String]
    private let shapes: [Shape?]

    /// Returns the names of a layer's fields, for a user who has to choose one.
    ///
    /// - Throws: as `init`.
    package static func fields(ofFile path: String, layer: String? = nil) throws(RasterError) -> [String] {
        try VectorReader(path: path, layer: layer).fields
    }

    /// Reads a layer and places its polygons on a raster's grid.
    ///
    /// - Parameters:
    ///   - path: the vector file.
    ///   - layer: the name of the layer; nil for the only one of the file.
    ///   - field: the field whose values are wanted; nil for none.
    ///   - size: the size of the raster.
    ///   - reference: where the raster lies.
    /// - Throws: `.noSuchFile`, `.permissionDenied`; `.notARaster` if the file is not a vector file; `.badArgument` for
    ///   a layer or field that does not exist; `.unsupported` for features that are not polygons, and if the layer or
    ///   the raster has no georeference; `.readFailed`.
    package init(
        path: String, layer: String? = nil, field: String? = nil, size: PixelSize, reference: SpatialReference
    ) throws(RasterError) {
        let reader = try VectorReader(path: path, layer: layer)
        var index: Int?
        if let field { index = try reader.index(ofField: field) }
        let placement = try PolygonPlacement(from: reader.crs, path: path, to: reference, size: size)
        var features: [Feature] = []
        var shapes: [Shape?] = []
        try reader.forEach(field: index) { (feature) throws(RasterError) in
            var shape: Shape?
            if let geometry = feature.geometry {
                guard Self.isPolygon(geometry) else {
                    let name = OGR_G_GetGeometryName(geometry).map { String(cString: $0) } ?? "geometry"
                    throw RasterError(
                        .unsupported, path: path,
                        "cannot use layer \"\(reader.layerName)\" of \(path): its feature \(feature.id) is a \(name), "
                            + "and polygons are needed")
                }
                shape = try GDALMessages().during { () throws(RasterError) in
                    try placement.place(geometry, id: feature.id).map { Shape(owning: $0) }
                }
            }
            let window = shape?.window(in: size) ?? PixelWindow(x: 0, y: 0, width: 0, height: 0)
            features.append(Feature(id: feature.id, value: feature.value, window: window))
            // Polygons that miss the raster need not be kept.
            shapes.append(window.isEmpty ? nil : shape)
        }
        self.path = path
        layerName = reader.layerName
        hasSystem = reader.crs != nil
        self.features = features
        self.shapes = shapes
        var warnings: [String] = []
        if (reader.crs == nil) != (reference.system == nil) {
            warnings.append(
                "\(reader.crs == nil ? path : "the raster") does not name its coordinate system: taken for that of "
                    + (reader.crs == nil ? "the raster" : path))
        }
        if let first = placement.unplaced.first {
            warnings.append(
                "\(placement.unplaced.count) features of \(path), the first of them \(first), have no place in the "
                    + "raster's coordinate system, and count as outside of it")
        }
        self.warnings = warnings
    }

    /// Places one polygon on a raster's grid.
    ///
    /// - Parameters:
    ///   - ring: its corners in the coordinates of `system`, without the first one again at the end.
    ///   - name: what it is, for messages.
    /// - Throws: `.unsupported` if the raster has no georeference, or GDAL knows no way from one system to the other.
    package init(
        ring: [(x: Double, y: Double)], system: CoordinateReferenceSystem?, name: String, size: PixelSize,
        reference: SpatialReference
    ) throws(RasterError) {
        let placement = try PolygonPlacement(from: system, path: name, to: reference, size: size)
        let shape = try GDALMessages().during { () throws(RasterError) -> Shape? in
            guard let outline = OGR_G_CreateGeometry(wkbLinearRing), let polygon = OGR_G_CreateGeometry(wkbPolygon)
            else { preconditionFailure("no memory for a polygon") }
            defer { OGR_G_DestroyGeometry(polygon) }
            for corner in ring + ring.prefix(1) { OGR_G_AddPoint_2D(outline, corner.x, corner.y) }
            OGR_G_AddGeometryDirectly(polygon, outline)
            return try placement.place(polygon, id: 0).map { Shape(owning: $0) }
        }
        path = name
        layerName = ""
        hasSystem = system != nil
        let window = shape?.window(in: size) ?? PixelWindow(x: 0, y: 0, width: 0, height: 0)
        features = [Feature(id: 0, value: nil, window: window)]
        shapes = [window.isEmpty ? nil : shape]
        warnings = []
    }

    /// Finds the pixels of a window that have their centre inside a polygon.
    ///
    /// - Parameters:
    ///   - index: the place of the feature in `features`.
    ///   - window: lies inside the raster.
    ///   - mask: height x width, 1 inside and 0 outside.
    /// - Throws: `.readFailed` where GDAL has no memory for it.
    /// - Precondition: `mask` is large enough.
    package func cover(
        _ index: Int, _ window: PixelWindow, into mask: UnsafeMutableBufferPointer<UInt8>
    ) throws(RasterError) {
        precondition(mask.count >= window.size.area, "buffer too small for the window")
        guard let start = mask.baseAddress, !window.isEmpty else { return }
        guard let shape = shapes[index] else { return start.update(repeating: 0, count: window.size.area) }
        let messages = GDALMessages()
        guard messages.during({ shape.burn(window, into: start) }) else {
            let reason = messages.reason(about: path, otherwise: "GDAL gave no reason")
            throw RasterError(
                .readFailed, path: path,
                "cannot rasterise feature \(features[index].id) of \(path) over \(window): \(reason)")
        }
    }

    private static func isPolygon(_ geometry: OGRGeometryH) -> Bool {
        let type = OGR_GT_Flatten(OGR_G_GetGeometryType(geometry))
        return [wkbPolygon, wkbMultiPolygon, wkbCurvePolygon, wkbMultiSurface].contains(type)
    }

    /// A polygon in columns and rows.
    private final class Shape {
        private let geometry: OGRGeometryH

        init(owning geometry: OGRGeometryH) { self.geometry = geometry }

        deinit { OGR_G_DestroyGeometry(geometry) }

        func window(in size: PixelSize) -> PixelWindow? {
            var box = OGREnvelope()
            guard OGR_G_IsEmpty(geometry) == 0 else { return nil }
            OGR_G_GetEnvelope(geometry, &box)
            // A file may hold any coordinates, and not all are whole numbers of 64 bits.
            func column(_ x: Double) -> Int { Int(min(max(x, -1), Double(size.width) + 1)) }
            func row(_ y: Double) -> Int { Int(min(max(y, -1), Double(size.height) + 1)) }
            guard [box.MinX, box.MinY, box.MaxX, box.MaxY].allSatisfy({ !$0.isNaN }) else { return nil }
            let (left, top) = (column(box.MinX.rounded(.down)), row(box.MinY.rounded(.down)))
            let (right, bottom) = (column(box.MaxX.rounded(.up)), row(box.MaxY.rounded(.up)))
            return PixelWindow(x: left, y: top, width: right - left, height: bottom - top)
                .intersection(PixelWindow(size))
        }

        /// - Returns: false if GDAL failed.
        func burn(_ window: PixelWindow, into mask: UnsafeMutablePointer<UInt8>) -> Bool {
            guard let driver = GDALGetDriverByName("MEM"),
                let canvas = GDALCreate(
                    driver, "", Int32(window.width), Int32(window.height), 1, GDT_Byte, nil)
            else { return false }
            defer { GDALClose(canvas) }
            var origin = SIMD2(Double(window.x), Double(window.y))
            var (band, value): (Int32, Double) = (1, 1)
            let move: GDALTransformerFunc = { argument, _, count, x, y, _, success in
                guard let origin = argument?.load(as: SIMD2<Double>.self), let x, let y, let success else { return 0 }
                for index in 0..<Int(count) {
                    x[index] -= origin.x
                    y[index] -= origin.y
                    success[index] = 1
                }
                return 1
            }
            let geometries: [OGRGeometryH?] = [geometry]
            let burned = CStringList(["OPTIM=RASTER"]).withUnsafe { options in
                GDALRasterizeGeometries(
                    canvas, 1, &band, 1, geometries, move, &origin, &value, options, nil, nil)
            }
            guard burned == CE_None else { return false }
            return GDALRasterIO(
                GDALGetRasterBand(canvas, 1), GF_Read, 0, 0, Int32(window.width), Int32(window.height), mask,
                Int32(window.width), Int32(window.height), GDT_Byte, 0, 0) == CE_None
        }
    }
}
