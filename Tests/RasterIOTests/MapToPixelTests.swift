import Foundation
import RasterIO
import Testing

/// The way from coordinates to pixels is that from pixels to coordinates, backwards.
struct MapToPixelTests {
    private static let places = [(0.0, 0.0), (12.5, 7.25), (-3, 40), (1000, 2000)]

    private func check(_ reference: SpatialReference, to tolerance: Double) throws {
        let way = try #require(MapToPixel(reference))
        var (x, y) = (Self.places.map(\.0), Self.places.map(\.1))
        way.coordinates(&x, &y)
        #expect(zip(x, Self.places).contains { abs($0 - $1.0) > 100 }, "the coordinates are others than the pixels")
        way.pixels(&x, &y)
        for (index, place) in Self.places.enumerated() {
            #expect(abs(x[index] - place.0) < tolerance && abs(y[index] - place.1) < tolerance, "\(place)")
        }
    }

    @Test(
        "north-up, south-up and rotated rasters",
        arguments: [
            [440_690, 60, 0, 3_751_350, 0, -60], [10, 0.5, 0, -5000, 0, 0.5], [1000, 1.5, -5, 2000, -5, -1.5],
        ])
    func transforms(_ coefficients: [Double]) throws {
        try check(SpatialReference(geoTransform: GeoTransform(coefficients)), to: 1e-6)
    }

    @Test("a raster that is a line on the map, and one without a place, have no way back")
    func none() {
        #expect(MapToPixel(SpatialReference(geoTransform: GeoTransform([0, 1, 2, 0, 2, 4]))) == nil)
        #expect(MapToPixel(.none) == nil)
    }

    @Test("ground control points on a plane give the plane's map")
    func controlPoints() throws {
        let plane = GeoTransform([500_000, 10, 2, 4_000_000, 1, -10])
        let points = [(0.0, 0.0), (2000, 0), (2000, 2000), (0, 2000)].map { column, row in
            let place = plane.coordinates(column: column, row: row)
            return GroundControlPoint(id: "", info: "", column: column, row: row, x: place.x, y: place.y, z: 0)
        }
        try check(SpatialReference(groundControlPoints: points), to: 1e-3)
        let line = points.map { point in
            var point = point
            (point.row, point.y) = (point.column, point.x)
            return point
        }
        #expect(MapToPixel(SpatialReference(groundControlPoints: line)) == nil, "points on a line determine nothing")
    }
}
