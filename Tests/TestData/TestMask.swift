package import RasterIO
import TileGeometry

/// Masks made by a formula, anywhere on the ground.
package enum TestMask {
    /// - Parameter value: of a column and row; 255 has no data.
    package static func write(
        _ path: String, width: Int, height: Int, reference: SpatialReference = .none, legend: [LegendEntry] = [],
        value: (Int, Int) -> UInt8
    ) throws {
        var options = RasterWriter.Options(
            size: PixelSize(width: width, height: height), bandCount: 1, sampleType: .uint8)
        options.blockSize = PixelSize(width: 16, height: 16)
        options.nodata = 255
        options.legend = legend
        options.spatialReference = reference
        let writer = try RasterWriter(path: path, options: options)
        let pixels = (0..<width * height).map { value($0 % width, $0 / width) }
        try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(options.size), band: 1, samples: $0) }
        try writer.commit()
    }

    package static func reference(_ crs: String, _ coefficients: [Double]) throws -> SpatialReference {
        SpatialReference(crs: try CoordinateReferenceSystem(crs), geoTransform: GeoTransform(coefficients))
    }
}

/// Polygons as GeoJSON, written by hand.
package enum TestPolygons {
    /// - Parameters:
    ///   - epsg: of the coordinates; other than 4326 by the format's older edition.
    ///   - features: attributes as JSON, and the rings' corners.
    package static func geoJSON(epsg: Int, _ features: [(properties: String, corners: [(Double, Double)])]) -> [UInt8] {
        let texts = features.map { feature in
            let corners = (feature.corners + feature.corners.prefix(1)).map { "[\($0.0), \($0.1)]" }
            return """
                {"type": "Feature", "properties": \(feature.properties),
                 "geometry": {"type": "Polygon", "coordinates": [[\(corners.joined(separator: ", "))]]}}
                """
        }
        return Array(
            """
            {"type": "FeatureCollection",
             "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::\(epsg)"}},
             "features": [\(texts.joined(separator: ",\n"))]}
            """.utf8)
    }

    package static func box(_ left: Double, _ bottom: Double, _ right: Double, _ top: Double) -> [(Double, Double)] {
        [(left, bottom), (right, bottom), (right, top), (left, top)]
    }
}
