import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry
import VectorIO

/// Layers of polygons, from the first vertex to the file's name.
@Suite struct VectorWriterTests {
    private let folder: TemporaryFolder
    /// Pixels of a tenth of a degree.
    private let transform = GeoTransform([10, 0.1, 0, 50, 0, -0.1])

    init() throws { folder = try TemporaryFolder() }

    private func writer(
        _ name: String, crs: CoordinateReferenceSystem? = nil, overwrite: Bool = false
    ) throws -> VectorWriter {
        var options = VectorWriter.Options(
            crs: try crs ?? CoordinateReferenceSystem("EPSG:4326"),
            fields: [.init("class", .integer), .init("name", .text)])
        options.overwrite = overwrite
        return try VectorWriter(path: folder.path(name), options: options)
    }

    /// Columns 1 to 5 and rows 1 to 5, without column 2 to 4 of rows 2 to 4.
    private func addSquare(to writer: VectorWriter, name: String) throws {
        writer.beginPolygon()
        for (near, far) in [(1.0, 6.0), (2.0, 5.0)] {
            writer.beginRing()
            let corners = [(near, near), (far, near), (far, far), (near, far)].map {
                transform.coordinates(column: $0.0, row: $0.1)
            }
            let isHole = near == 2
            writer.addPoints(
                x: isHole ? corners.map(\.x) : corners.reversed().map(\.x),
                y: isHole ? corners.map(\.y) : corners.reversed().map(\.y))
            writer.endRing()
        }
        writer.set(0, 3)
        writer.set(1, name)
        try writer.endFeature()
    }

    @Test("a polygon with a hole comes back from every format", arguments: ["a.gpkg", "a.fgb", "a.geojson", "a.shp"])
    func roundTrip(_ name: String) throws {
        let writer = try writer(name)
        try addSquare(to: writer, name: "Wasser & Öl")
        #expect(try !folder.names.contains(name), "not before it is complete")
        try writer.commit()
        #expect(try folder.names.allSatisfy { !$0.hasPrefix(".") } && folder.names.contains(name))
        let size = PixelSize(width: 8, height: 8)
        let reference = SpatialReference(
            crs: try CoordinateReferenceSystem("EPSG:4326"), geoTransform: transform)
        let polygons = try RasterPolygons(path: folder.path(name), field: "name", size: size, reference: reference)
        #expect(polygons.features.map(\.value) == ["Wasser & Öl"])
        var mask = [UInt8](repeating: 0, count: size.area)
        try mask.withUnsafeMutableBufferPointer { try polygons.cover(0, PixelWindow(size), into: $0) }
        for index in mask.indices {
            let (column, row) = (index % size.width, index / size.width)
            let isInside = (1..<6).contains(column) && (1..<6).contains(row)
            let isHole = (2..<5).contains(column) && (2..<5).contains(row)
            #expect(mask[index] == (isInside && !isHole ? 1 : 0), "\(column), \(row)")
        }
    }

    @Test("the same calls make the same bytes, and what is there is replaced only where that is wanted")
    func sameBytes() throws {
        for name in ["a.gpkg", "b.gpkg"] {
            let writer = try writer(name)
            try addSquare(to: writer, name: "water")
            try writer.commit()
        }
        let first = try folder.bytes("a.gpkg")
        let error = #expect(throws: RasterError.self) { try writer("a.gpkg") }
        #expect(error?.code == .outputExists)
        let again = try writer("a.gpkg", overwrite: true)
        try addSquare(to: again, name: "water")
        try again.commit()
        #expect(try folder.bytes("a.gpkg") == first)
    }

    @Test(
        "a datum ensemble, which GDAL has or not by what it looked up before, makes no other bytes",
        arguments: ["gpkg", "fgb", "geojson", "shp"])
    func ensembles(_ ending: String) throws {
        let files = try zip(["datum", "ensemble"], WorldGeodeticSystem.both()).map { kind, system in
            let name = "\(kind)/a.\(ending)"
            try FileManager.default.createDirectory(atPath: folder.path(kind), withIntermediateDirectories: true)
            let writer = try writer(name, crs: system)
            try addSquare(to: writer, name: "water")
            try writer.commit()
            return try folder.bytes(name)
        }
        #expect(files[0] == files[1])
    }

    @Test("a finished file has no name until it is committed, and one that was made in the meantime stays")
    func finished() throws {
        let first = try writer("a.gpkg")
        try addSquare(to: first, name: "water")
        try first.finish()
        #expect(try !folder.names.contains("a.gpkg"))
        let second = try writer("a.gpkg")
        try addSquare(to: second, name: "land")
        try second.commit()
        let bytes = try folder.bytes("a.gpkg")
        let error = #expect(throws: RasterError.self) { try first.commit() }
        #expect(error?.code == .outputExists)
        #expect(try folder.names == ["a.gpkg"])
        #expect(try folder.bytes("a.gpkg") == bytes)
    }

    @Test("what is given up leaves nothing")
    func discarded() throws {
        let writer = try writer("a.gpkg")
        try addSquare(to: writer, name: "water")
        writer.discard()
        #expect(try folder.names.isEmpty)
        let late = #expect(throws: RasterError.self) { try addSquare(to: writer, name: "late") }
        #expect(late?.code == .badArgument)
    }

    @Test("a place that will not do, and an unknown ending, are refused before any work")
    func refused() throws {
        let cases: [(String, RasterError.Code)] = [
            (folder.path("a.dxf"), .badArgument), (folder.path("none/a.gpkg"), .cannotCreate),
        ]
        for (path, code) in cases {
            let error = #expect(throws: RasterError.self) { try VectorWriter.check(path: path, overwrite: false) }
            #expect(error?.code == code)
        }
        #expect(try folder.names.isEmpty)
    }

    /// GDAL refused the layer when all had been computed.
    @Test("a name that a format does not take for a layer is refused before anything is made")
    func layerName() throws {
        let error = #expect(throws: RasterError.self) {
            try VectorWriter.check(path: folder.path("~.gpkg"), overwrite: false)
        }
        #expect(error?.code == .cannotCreate && error?.message.contains("choose another name") == true)
        for name in ["a.gpkg", "a b.gpkg", "Wälder.gpkg", "~.geojson", "a.shp", "a.fgb"] {
            try VectorWriter.check(path: folder.path(name), overwrite: false)
        }
        #expect(try folder.names.isEmpty)
    }
}
