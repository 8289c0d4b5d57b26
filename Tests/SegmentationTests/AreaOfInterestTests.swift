import Foundation
import Models
import RasterIO
import TestData
import TestNetworks
import Testing
import TileGeometry

@testable import Segmentation

/// A part of a scene has the same bytes as the whole has there, whatever the scene's place and the part's.
@Suite struct AreaOfInterestTests {
    private let folder: TemporaryFolder
    private let model: Model
    private static let size = PixelSize(width: 190, height: 130)
    /// A triangle in columns and rows, across several tiles of 44 pixels.
    private static let triangle: [(x: Double, y: Double)] = [(31.3, 22.6), (140.2, 41.9), (77.7, 101.4)]

    init() throws {
        folder = try TemporaryFolder()
        model = try Model(path: ModelFile.paperUNet(in: folder.url.path, bands: 1, classes: 2, depth: 2, base: 4))
    }

    /// Where a scene may lie.
    enum Place: String, CaseIterable {
        case upright, southUp, rotated, controlPoints, degrees, polar

        var reference: SpatialReference {
            get throws {
                var reference = SpatialReference.none
                func transform(_ coefficients: [Double], _ system: String) throws {
                    reference.geoTransform = GeoTransform(coefficients)
                    reference.crs = try CoordinateReferenceSystem(system)
                }
                switch self {
                case .upright: try transform([500_000, 10, 0, 5_000_000, 0, -10], "EPSG:32633")
                case .southUp: try transform([500_000, 10, 0, 4_990_000, 0, 10], "EPSG:32633")
                case .rotated: try transform([500_000, 8, 3, 5_000_000, 4, -9], "EPSG:32633")
                case .degrees: try transform([13, 0.001, 0, 52, 0, -0.001], "EPSG:4326")
                case .polar: try transform([-200_000, 100, 0, 300_000, 0, -100], "EPSG:3413")
                case .controlPoints:
                    let corners = [(0, 0), (190, 0), (0, 130), (190, 130)].map { (Double($0), Double($1)) }
                    reference.groundControlPoints = corners.map { column, row in
                        GroundControlPoint(
                            column: column, row: row, x: 500_000 + 7 * column + 2 * row,
                            y: 5_000_000 + column - 8 * row)
                    }
                    reference.groundControlPointCRS = try CoordinateReferenceSystem("EPSG:32633")
                }
                return reference
            }
        }

        /// The scene's coordinates of a place in it.
        func coordinates(_ place: (x: Double, y: Double)) throws -> (x: Double, y: Double) {
            if self == .controlPoints {
                return (500_000 + 7 * place.x + 2 * place.y, 5_000_000 + place.x - 8 * place.y)
            }
            return try #require(try reference.geoTransform).coordinates(column: place.x, row: place.y)
        }

        var system: CoordinateReferenceSystem? {
            get throws { try reference.crs ?? reference.groundControlPointCRS }
        }
    }

    private func scene(_ place: Place) throws -> String {
        let path = folder.path("\(place).tif")
        var options = RasterWriter.Options(size: Self.size, bandCount: 1, sampleType: .uint8)
        options.spatialReference = try place.reference
        options.nodata = 0
        options.overwrite = true
        let writer = try RasterWriter(path: path, options: options)
        let bytes = (0..<Self.size.area).map { index -> UInt8 in
            let (x, y) = (index % Self.size.width, index / Self.size.width)
            return (60..<70).contains(x) && y > 50 ? 0 : UInt8(max(1, SyntheticScene.wave(0, x, y)))
        }
        try bytes.withUnsafeBufferPointer { try writer.write(PixelWindow(Self.size), band: 1, samples: $0) }
        try writer.commit()
        return path
    }

    /// A GeoJSON file with the triangle, in the scene's own system.
    private func polygons(_ place: Place) throws -> String {
        let corners = try (Self.triangle + Self.triangle.prefix(1)).map { try place.coordinates($0) }
        let ring = corners.map { "[\($0.x), \($0.y)]" }.joined(separator: ", ")
        let code = try #require(try place.system).wkt.matches(of: /ID\["EPSG",([0-9]+)\]\]$/).last?.1 ?? "4326"
        let text = """
            {"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::\(code)"}},
            "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[\(ring)]]}}]}
            """
        return try folder.write(Array(text.utf8), to: "\(place).geojson")
    }

    /// True well inside of the triangle, false well outside, nil near its sides.
    private func isInside(_ x: Double, _ y: Double) -> Bool? {
        let corners = Self.triangle
        let sides = (0..<3).map { index in
            let (a, b) = (corners[index], corners[(index + 1) % 3])
            let length = ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot()
            return ((b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x)) / length
        }
        if sides.allSatisfy({ $0 > 0.05 }) { return true }
        return sides.contains { $0 < -0.05 } ? false : nil
    }

    @discardableResult
    private func segment(
        _ scene: String, to name: String, cancellation: Cancellation = Cancellation(), verify: Int = 0,
        progress: @escaping (Int, Int) -> Void = { _, _ in }, _ change: (inout SegmentationOptions) -> Void
    ) throws -> SegmentationSummary {
        var options = SegmentationOptions()
        (options.scale, options.tile, options.overwrites) = (1 / 255, 44, true)
        change(&options)
        let job = try SegmentationJob(
            scene: try options.open(scene: scene, for: model), model: model, options: options,
            kinds: [.probabilities, .confidence])
        return try job.run(
            [
                .mask: folder.path("\(name).tif"), .probabilities: folder.path("\(name)-p.tif"),
                .confidence: folder.path("\(name)-c.tif"),
            ], verifiedWindows: verify, cancellation: cancellation, progress: progress)
    }

    /// Compares every output of a part with the same of the whole.
    ///
    /// - Parameters:
    ///   - part: in the outputs' pixels.
    ///   - isWanted: by column and row of the whole; nil where either is right.
    private func expectSame(_ part: PixelWindow, _ isWanted: (Int, Int) -> Bool?) throws {
        for (ending, bands) in [("", 1), ("-p", 2), ("-c", 1)] {
            let whole = try RasterReader(path: folder.path("whole\(ending).tif"))
            let cut = try RasterReader(path: folder.path("part\(ending).tif"))
            #expect(cut.size == part.size)
            for band in 1...bands {
                let (all, some) = (try whole.wholeBand(band), try cut.wholeBand(band))
                var wrong = 0
                for y in 0..<part.height {
                    for x in 0..<part.width {
                        let found = some[y * part.width + x]
                        let there = all[(part.y + y) * whole.size.width + part.x + x]
                        let isSame = found == there || (found.isNaN && there.isNaN)
                        switch isWanted(part.x + x, part.y + y) {
                        case true: wrong += isSame ? 0 : 1
                        case false: wrong += found.isNaN ? 0 : 1
                        case nil: wrong += isSame || found.isNaN ? 0 : 1
                        }
                    }
                }
                #expect(wrong == 0, "band \(band)\(ending)")
            }
        }
    }

    @Test("polygons: the same bytes inside, nothing outside, on any scene", arguments: Place.allCases)
    func polygons(on place: Place) throws {
        let scene = try scene(place)
        let path = try polygons(place)
        let whole = try segment(scene, to: "whole") { _ in }
        let found = try segment(scene, to: "part") { $0.area = .polygons(path: path, layer: nil) }
        let part = PixelWindow(x: 31, y: 22, width: 110, height: 80)
        try expectSame(part) { isInside(Double($0) + 0.5, Double($1) + 0.5) }
        #expect(found.tiles < whole.tiles && found.tilesComputed < found.tiles)
        // The part lies where it lay in the scene.
        let (mine, all) = try (
            RasterReader(path: folder.path("part.tif")).spatialReference, RasterReader(path: scene).spatialReference
        )
        if let transform = mine.geoTransform {
            let (corner, expected) = (transform.coordinates(column: 0, row: 0), try place.coordinates((31, 22)))
            #expect(abs(corner.x - expected.x) < 1e-6 && abs(corner.y - expected.y) < 1e-6)
        } else {
            #expect(mine.groundControlPoints.map(\.column) == all.groundControlPoints.map { $0.column - 31 })
        }
    }

    @Test("a box in the scene's own system, and in another")
    func box() throws {
        let scene = try scene(.upright)
        try segment(scene, to: "whole") { _ in }
        // Columns 50 to 119 and rows 20 to 59, a little off the pixels' borders.
        try segment(scene, to: "part") {
            $0.area = .box(west: 500_503, south: 4_999_398, east: 501_199, north: 4_999_801, system: nil)
        }
        try expectSame(PixelWindow(x: 50, y: 20, width: 70, height: 40)) { _, _ in true }
        // Beyond the scene it ends with it.
        try segment(scene, to: "part") {
            $0.area = .box(west: 0, south: 0, east: 500_700, north: 9_000_000, system: nil)
        }
        try expectSame(PixelWindow(x: 0, y: 0, width: 70, height: 130)) { _, _ in true }

        try segment(scene, to: "part") {
            $0.area = .box(west: 15.005, south: 45.145, east: 15.015, north: 45.15, system: "EPSG:4326")
        }
        let reader = try RasterReader(path: folder.path("part.tif"))
        let transform = try #require(reader.spatialReference.geoTransform)
        let part = PixelWindow(
            x: Int(((transform.originX - 500_000) / 10).rounded()),
            y: Int(((5_000_000 - transform.originY) / 10).rounded()),
            width: reader.size.width, height: reader.size.height)
        #expect(!part.isEmpty && part.width < 90)
        try expectSame(part) { _, _ in nil }
    }

    @Test("any tile size, number of workers and moment of a stop give the same bytes")
    func sameBytes() throws {
        let scene = try scene(.upright)
        let path = try polygons(.upright)
        func run(_ name: String, _ change: @escaping (inout SegmentationOptions) -> Void = { _ in }) throws -> [UInt8] {
            try segment(scene, to: name, verify: 2) {
                $0.area = .polygons(path: path, layer: nil)
                change(&$0)
            }
            return try folder.bytes("\(name).tif") + folder.bytes("\(name)-p.tif") + folder.bytes("\(name)-c.tif")
        }
        let one = try run("one") { $0.workers = 1 }
        #expect(try run("three") { $0.workers = 3 } == one)
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try segment(
                scene, to: "three", cancellation: cancellation,
                progress: { done, _ in if done >= 4 { cancellation.cancel() } },
                { $0.area = .polygons(path: path, layer: nil) })
        }
        #expect(try run("three") == one)
        try segment(scene, to: "large") {
            $0.area = .polygons(path: path, layer: nil)
            $0.tile = 108
        }
        let pairs = zip(
            try RasterReader.wholeBand(ofFile: folder.path("one-p.tif")),
            try RasterReader.wholeBand(ofFile: folder.path("large-p.tif")))
        #expect(pairs.allSatisfy { $0.isNaN && $1.isNaN || abs($0 - $1) < 1e-4 })
    }

    @Test(
        "on other pixels: laid on the scene's, and on the model's own",
        arguments: [SegmentationOptions.PixelGrid.scene, .model])
    func resampled(grid: SegmentationOptions.PixelGrid) throws {
        let scene = try scene(.upright)
        let path = try polygons(.upright)
        func change(_ options: inout SegmentationOptions) {
            (options.resolution, options.outputPixelGrid) = (.metres(20), grid)
        }
        try segment(scene, to: "whole", change)
        try segment(scene, to: "part") {
            change(&$0)
            $0.area = .polygons(path: path, layer: nil)
        }
        if grid == .scene {
            try expectSame(PixelWindow(x: 31, y: 22, width: 110, height: 80)) {
                isInside(Double($0) + 0.5, Double($1) + 0.5)
            }
        } else {
            try expectSame(PixelWindow(x: 15, y: 11, width: 56, height: 40)) {
                isInside(2 * Double($0) + 1, 2 * Double($1) + 1)
            }
        }
    }

    @Test("areas that cannot be")
    func refused() throws {
        let scene = try scene(.upright)
        func code(_ area: AreaOfInterest, _ scene: String) throws -> SegmentationError.Code? {
            let error = #expect(throws: SegmentationError.self) { try segment(scene, to: "part") { $0.area = area } }
            #expect(try folder.names.allSatisfy { !$0.hasPrefix("part") })
            return error?.code
        }
        let far = AreaOfInterest.box(west: 900_000, south: 4_000_000, east: 900_100, north: 4_000_100, system: nil)
        #expect(try code(far, scene) == .outsideArea)
        #expect(try code(.box(west: 1, south: 0, east: 2, north: 1, system: "EPSG:nothing"), scene) == .usage)
        #expect(try code(.box(west: 2, south: 0, east: 1, north: 1, system: nil), scene) == .usage)
        let nowhere = folder.path("nowhere.tif")
        var options = RasterWriter.Options(size: PixelSize(width: 20, height: 20), bandCount: 1, sampleType: .uint8)
        options.spatialReference = .none
        let writer = try RasterWriter(path: nowhere, options: options)
        try [UInt8](repeating: 1, count: 400).withUnsafeBufferPointer {
            try writer.write(PixelWindow(options.size), band: 1, samples: $0)
        }
        try writer.commit()
        #expect(try code(far, nowhere) == .usage)
        #expect(throws: RasterError.self) {
            try segment(scene, to: "part") { $0.area = .polygons(path: folder.path("gone.gpkg"), layer: nil) }
        }
    }
}
