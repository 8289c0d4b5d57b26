import MaskProducts
import RasterIO
import TestData
import Testing
import TileGeometry
import VectorIO

/// Polygons laid back onto the grid that they were traced on are the mask again, pixel by pixel.
struct PolygonRoundTripTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Real scenes with all that can be wrong with a georeference.
    static let scenes = [
        "RGB.byte.tif",  // UTM, nodata
        "rotated.tif",  // no system
        "small/geomatrix.tif",  // rotated, UTM
        "inverted_lat.tif",  // south-up, degrees, the whole world
        "LisbonElevation.tif",  // degrees
        "small/byte_point.tif",  // pixel-is-point
        "small/epsg_2853_with_us_feet.tif",
        "rgb_nodata.tif", "rgb_mask.tif", "rgb_alpha.tif",
        "cog_gcps.tif",  // ground control points, degrees
    ]

    @Test(
        "a mask's polygons are the mask", .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)),
        arguments: scenes)
    func real(_ name: String) throws {
        let scene = try RasterReader(path: SharedData.geotiff(name))
        var endings = ["gpkg", "fgb", "shp"]
        // A degree's decimals tell a thousandth of a pixel: GeoJSON will do as well, where the way to WGS 84 goes back.
        if scene.spatialReference.crs != nil { endings.append("geojson") }
        let mask = try Self.mask(of: scene, in: folder)
        for connectedness in [PolygonOutput.Connectedness.four, .eight] {
            for ending in endings { try check(mask, connectedness, ending) }
        }
    }

    /// Beyond 4 MB a GeoPackage takes polygons past GDAL, which other formats never do.
    @Test("large polygons are the mask", arguments: [PolygonOutput.Connectedness.four, .eight], ["gpkg", "fgb"])
    func large(_ connectedness: PolygonOutput.Connectedness, _ ending: String) throws {
        let path = folder.path("mask.tif")
        let reference = try TestMask.reference("EPSG:32633", [500_000, 10, 0, 5_000_000, 0, -10])
        try TestMask.write(path, width: 480, height: 460, reference: reference) { x, y in
            x % 2 == 1 && y % 2 == 1 ? 255 : 7
        }
        try check(try RasterReader(path: path), connectedness, ending)
    }

    /// Blobs of three classes over what has data in the scene.
    private static func mask(of scene: RasterReader, in folder: TemporaryFolder) throws -> RasterReader {
        let size = scene.size
        var samples = [Float](repeating: 0, count: size.area)
        var validity = [UInt8](repeating: 0, count: size.area)
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer {
                try scene.read(PixelWindow(size), bands: [1], into: samples, validity: $0)
            }
        }
        // One of the scenes has no data at all.
        let isEmpty = validity.allSatisfy { $0 == 0 }
        func isGap(_ valid: UInt8) -> Bool { valid == 0 && !isEmpty }
        let path = folder.path("mask.tif")
        try TestMask.write(path, width: size.width, height: size.height, reference: scene.spatialReference) { x, y in
            let wave = (x * x + 3 * y * y) / (size.width * size.width / 6 + 1)
            let board = (13 * x / size.width + 9 * y / size.height) % 2
            return isGap(validity[y * size.width + x]) ? 255 : UInt8((wave + board) % 3)
        }
        return try RasterReader(path: path)
    }

    private func check(_ mask: RasterReader, _ connectedness: PolygonOutput.Connectedness, _ ending: String) throws {
        let size = mask.size
        var options = PolygonOutput.Options()
        options.connectedness = connectedness
        options.overwrite = true
        let path = folder.path("polygons.\(ending)")
        let output = try PolygonOutput(mask: mask, options: options, path: path)
        try output.write()
        try output.commit()

        var expected = [Int32](repeating: 0, count: size.area)
        try expected.withUnsafeMutableBufferPointer { try mask.readClasses(PixelWindow(size), into: $0) }
        let polygons = try RasterPolygons(
            path: path, field: "class_id", size: size, reference: mask.spatialReference)
        var burned = [Int32](repeating: -1, count: size.area)
        var overlaps = 0
        for (index, feature) in polygons.features.enumerated() {
            let value = try #require(feature.value.flatMap { Int32($0) })
            var cover = [UInt8](repeating: 0, count: feature.window.size.area)
            try cover.withUnsafeMutableBufferPointer { try polygons.cover(index, feature.window, into: $0) }
            for (place, isInside) in cover.enumerated() where isInside != 0 {
                let x = feature.window.x + place % feature.window.width
                let y = feature.window.y + place / feature.window.width
                if burned[y * size.width + x] >= 0 { overlaps += 1 }
                burned[y * size.width + x] = value
            }
        }
        let differing = zip(burned, expected).count { $0 != $1 }
        #expect(differing == 0, "\(ending), \(connectedness): \(differing) of \(size.area) pixels differ")
        #expect(overlaps == 0)
    }
}
