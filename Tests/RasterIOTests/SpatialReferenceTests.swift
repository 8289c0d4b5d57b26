import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry

/// What ties a scene to the ground survives into an output.
struct SpatialReferenceTests {
    /// Every raster that can be opened, whatever its georeferencing: none, half, rotated, south-up, points, RPCs.
    static let scenes: [String] = {
        let folder = SharedData.root.appendingPathComponent("data/geotiff").path
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".tif") && (try? RasterReader(path: SharedData.geotiff($0))) != nil }
            .sorted()
    }()

    @Test("an output lies where its scene does", .needsSharedData, arguments: scenes)
    func roundTrip(_ name: String) throws {
        let folder = try TemporaryFolder()
        let scene = try RasterReader(path: SharedData.geotiff(name))
        let path = folder.path("out.tif")
        let size = PixelSize(width: 20, height: 10)
        try writeZeros(size, to: path, lying: scene.spatialReference)
        let copy = try RasterReader(path: path).spatialReference
        // The same system, in GDAL's other words for it where it passes through the tags of a GeoTIFF.
        #expect(copy.isEquivalent(to: scene.spatialReference))
        #expect(copy.crs?.identifier == scene.spatialReference.crs?.identifier)
        #expect(copy.crs?.axisMapping == scene.spatialReference.crs?.axisMapping)
        #expect(copy.geoTransform == scene.spatialReference.geoTransform)
        #expect(try !folder.names.contains("out.tfw"))
    }

    @Test("nearly all scenes are there to be tried", .needsSharedData)
    func sceneCount() { #expect(Self.scenes.count >= 42) }

    @Test("what the scenes say", .needsSharedData)
    func values() throws {
        func reference(_ name: String) throws -> SpatialReference {
            try RasterReader(path: SharedData.geotiff(name)).spatialReference
        }
        let rgb = try reference("RGB.byte.tif")
        #expect(rgb.crs?.identifier == "EPSG:32618")
        #expect(rgb.crs?.name == "WGS 84 / UTM zone 18N")
        #expect(rgb.crs?.axisMapping == [1, 2])
        #expect(rgb.geoTransform?.isAxisAligned == true)
        #expect(!rgb.pixelIsPoint)
        // Latitude first in the definition, longitude first in the data.
        #expect(try reference("LisbonElevation.tif").crs?.axisMapping == [2, 1])
        // Corners, although the file counts from centres: its tie point is (440720, 3751320).
        let point = try reference("small/byte_point.tif")
        #expect(point.pixelIsPoint)
        #expect(point.geoTransform == GeoTransform([440690, 60, 0, 3_751_350, 0, -60]))
        let matrix = try reference("small/geomatrix.tif")
        #expect(matrix.geoTransform == GeoTransform([1_841_001.75, 1.5, -5, 1_144_003.25, -5, -1.5]))
        #expect(matrix.geoTransform?.isAxisAligned == false)
        // Nothing is made up.
        #expect(try reference("small/byte_nogeoref.tif") == .none)
        let radar = try reference("cog_gcps.tif")
        #expect(radar.geoTransform == nil)
        #expect(radar.crs == nil)
        #expect(radar.groundControlPoints.count == 210)
        #expect(radar.groundControlPointCRS?.identifier == "EPSG:4326")
        let satellite = try reference("test_rpcs.tif")
        #expect(satellite.rationalPolynomials["LINE_OFF"] == "2295")
        #expect(satellite.rationalPolynomials.count == 16)
        // A geotransform without a system.
        let rotated = try reference("rotated.tif")
        #expect(rotated.crs == nil)
        #expect(rotated.geoTransform != nil)
    }

    @Test("a system of one's own, without any register's number")
    func ownSystem() throws {
        let folder = try TemporaryFolder()
        let definition = "+proj=laea +lat_0=52.5 +lon_0=13.25 +x_0=1000 +ellps=bessel +units=m +no_defs"
        let reference = SpatialReference(
            crs: try CoordinateReferenceSystem(definition), geoTransform: GeoTransform([10, 0.5, 0.25, 20, 0.25, -0.5]))
        try writeZeros(PixelSize(width: 3, height: 5), to: folder.path("out.tif"), lying: reference)
        let copy = try RasterReader(path: folder.path("out.tif")).spatialReference
        #expect(copy.geoTransform == reference.geoTransform)
        #expect(copy.crs?.identifier == nil)
        #expect(copy.crs?.wkt.contains("Lambert Azimuthal Equal Area") == true)
        #expect(copy.crs?.wkt.contains("52.5") == true)
        let error = #expect(throws: RasterError.self) { _ = try CoordinateReferenceSystem("EPSG:nothing") }
        #expect(error?.code == .badArgument)
    }

    @Test("coordinates of places in the raster")
    func coordinates() {
        let transform = GeoTransform([100, 2, 0, 50, 0, -2])
        #expect(transform.coordinates(column: 0, row: 0) == (100, 50))
        #expect(transform.coordinates(column: 1.5, row: 2) == (103, 46))
    }

    private func writeZeros(_ size: PixelSize, to path: String, lying reference: SpatialReference) throws {
        var options = RasterWriter.Options(size: size, bandCount: 1, sampleType: .uint8)
        options.spatialReference = reference
        let writer = try RasterWriter(path: path, options: options)
        let zeros = [UInt8](repeating: 0, count: size.area)
        try zeros.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: 1, samples: $0) }
        try writer.commit()
    }

    /// STAC items and layers of polygons must be the same bytes in every process.
    @Test("WKT of 2015 is the same with a datum ensemble and without")
    func ensembles() throws {
        let systems = try WorldGeodeticSystem.both()
        #expect(systems[0].wkt2015 == systems[1].wkt2015)
        #expect(systems[0].wkt2015.contains("DATUM[") && !systems[1].wkt2015.contains("ENSEMBLE["))
    }
}
