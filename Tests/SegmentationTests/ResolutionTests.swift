import Foundation
import Models
import RasterIO
import TestData
import Testing
import TestNetworks
import TileGeometry

@testable import Segmentation

/// Scenes run at another resolution than their own.
@Suite struct ResolutionTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// - Parameter resolution: what the model says of itself, in metres.
    private func model(_ resolution: Double? = nil) throws -> Model {
        let path = try ModelFile.paperUNet(in: folder.url.path, bands: 2, depth: 2)
        let said = resolution.map { "\"overtile.resolution\": \($0)" } ?? ""
        let text = #"{"properties": {"mlm:input": [], "mlm:hyperparameters": {\#(said)}}}"#
        return try Model(path: path, item: try folder.write(Array(text.utf8), to: "item.json"))
    }

    static let northUp = [500_000.0, 30, 0, 5_000_000, 0, -30]
    static let southUp = [500_000.0, 30, 0, 5_000_000, 0, 30]
    static let rotated = [500_000.0, 18, 24, 5_000_000, 24, -18]

    private func scene(
        _ coefficients: [Double] = northUp, crs: String? = "EPSG:32633", width: Int = 61, height: Int = 47,
        nodata: Double? = nil, value: (Int, Int, Int) -> Float = SyntheticScene.wave
    ) throws -> String {
        let path = folder.path("scene.tif")
        var options = RasterWriter.Options(
            size: PixelSize(width: width, height: height), bandCount: 2, sampleType: .float32)
        options.spatialReference.crs = try crs.map { try CoordinateReferenceSystem($0) }
        options.spatialReference.geoTransform = GeoTransform(coefficients)
        options.nodata = nodata
        options.overwrite = true
        try write(path, options, value)
        return path
    }

    private func write(_ path: String, _ options: RasterWriter.Options, _ value: (Int, Int, Int) -> Float) throws {
        let writer = try RasterWriter(path: path, options: options)
        for band in 0..<2 {
            var samples: [Float] = []
            for y in 0..<options.size.height { for x in 0..<options.size.width { samples.append(value(band, x, y)) } }
            try samples.withUnsafeBufferPointer {
                try writer.write(PixelWindow(options.size), band: band + 1, samples: $0)
            }
        }
        try writer.commit()
    }

    /// Runs a scene into `NAME.tif` and `NAME-p.tif`.
    @discardableResult
    private func segment(
        _ scene: String, _ model: Model, to name: String, _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> SegmentationJob {
        var options = SegmentationOptions()
        options.scale = 1 / 255
        options.overwrites = true
        change(&options)
        let job = try SegmentationJob(
            scene: try options.open(scene: scene, for: model), model: model, options: options, kinds: [.probabilities]
        )
        _ = try job.run([.mask: folder.path("\(name).tif"), .probabilities: folder.path("\(name)-p.tif")])
        return job
    }

    private func pixels(_ name: String, _ band: Int = 1) throws -> [Float] {
        try RasterReader.wholeBand(ofFile: folder.path("\(name).tif"), band)
    }

    @Test(
        "a scene at a third of the model's resolution, and at three times: all corners are where they were",
        arguments: [northUp, southUp, rotated], [10, 90, 81.081_081])
    func corners(coefficients: [Double], metres: Double) throws {
        let path = try scene(coefficients)
        let scene = try RasterReader(path: path)
        let model = try model(metres)
        try segment(path, model, to: "on-scene")
        for name in ["on-scene", "on-scene-p"] {
            let mask = try RasterReader(path: folder.path("\(name).tif"))
            #expect(mask.size == scene.size && mask.spatialReference == scene.spatialReference)
        }
        try segment(path, model, to: "model") { $0.outputPixelGrid = .model }
        for name in ["model", "model-p"] {
            let mask = try RasterReader(path: folder.path("\(name).tif"))
            let found = try #require(mask.spatialReference.geoTransform)
            let original = GeoTransform(coefficients)
            let ratio = metres / 30
            for (column, row) in [
                (0, 0), (mask.size.width, 0), (0, mask.size.height), (mask.size.width, mask.size.height),
            ] {
                let place = found.coordinates(column: Double(column), row: Double(row))
                let there = original.coordinates(column: Double(column) * ratio, row: Double(row) * ratio)
                #expect(abs(place.x - there.x) < 1e-6 && abs(place.y - there.y) < 1e-6)
            }
            #expect(abs(hypot(found.columnX, found.columnY) - metres) < 1e-9)
            // It reaches beyond the scene by less than a pixel.
            #expect(Double(mask.size.width) * ratio >= 61 - 1e-3 && Double(mask.size.width - 1) * ratio < 61)
            #expect(Double(mask.size.height) * ratio >= 47 - 1e-3 && Double(mask.size.height - 1) * ratio < 47)
        }
    }

    @Test("as if the scene had been resampled before, whatever the tile", arguments: [11.1, 70, 81.081_081])
    func equalsAResampledScene(metres: Double) throws {
        let path = try scene()
        let raster = try RasterReader(path: path)
        let grid = ResampledGrid(raster: raster.size, columnStep: metres / 30, rowStep: metres / 30)
        var bands = [Float](repeating: 0, count: 2 * grid.size.area)
        var validity = [UInt8](repeating: 0, count: grid.size.area)
        try bands.withUnsafeMutableBufferPointer { bands in
            try validity.withUnsafeMutableBufferPointer {
                try ResampledReader(raster, grid: grid).read(
                    PixelWindow(grid.size), bands: [1, 2], into: bands, validity: $0)
            }
        }
        var options = RasterWriter.Options(size: grid.size, bandCount: 2, sampleType: .float32)
        options.overwrite = true
        try write(folder.path("before.tif"), options) { bands[($0 * grid.size.height + $2) * grid.size.width + $1] }
        let model = try model(metres)
        for tile in [36, 60] {
            try segment(folder.path("before.tif"), model, to: "expected") {
                $0.tile = tile
                $0.resolution = .native
            }
            try segment(path, model, to: "model") {
                $0.tile = tile
                $0.outputPixelGrid = .model
            }
            try segment(path, model, to: "on-scene") { $0.tile = tile }
            for band in 1...2 {
                let expected = try pixels("expected-p", band)
                #expect(try pixels("model-p", band) == expected && Set(expected).count > 100)
                #expect(try pixels("on-scene-p", band) == nearest(expected, grid))
            }
            #expect(try pixels("model") == pixels("expected"))
            #expect(try pixels("on-scene") == nearest(pixels("expected"), grid))
        }
    }

    /// For each of the scene's pixels, that of the grid under its centre.
    private func nearest(_ pixels: [Float], _ grid: ResampledGrid) -> [Float] {
        (0..<grid.raster.area).map { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: grid.raster.width)
            let x = min(Int((Double(column) + 0.5) / grid.columnStep), grid.size.width - 1)
            let y = min(Int((Double(row) + 0.5) / grid.rowStep), grid.size.height - 1)
            return pixels[y * grid.size.width + x]
        }
    }

    @Test("any number of workers gives the same bytes", arguments: [13.7, 64])
    func workers(metres: Double) throws {
        let path = try scene(width: 300, height: 280, nodata: -9) {
            ($1 + $2) % 50 == 0 ? -9 : SyntheticScene.wave($0, $1, $2)
        }
        let model = try model(metres)
        for workers in [1, 2, 5] {
            try segment(path, model, to: "\(workers)") {
                $0.tile = 60
                $0.workers = workers
            }
            for suffix in ["", "-p"] {
                #expect(try folder.bytes("\(workers)\(suffix).tif") == folder.bytes("1\(suffix).tif"))
            }
        }
    }

    @Test("on the scene's grid, data are exactly where the scene has them", arguments: [9.9, 75, 200])
    func holes(metres: Double) throws {
        func isHole(_ x: Int, _ y: Int) -> Bool { (20..<31).contains(x) && (7..<40).contains(y) || (x == 5 && y == 5) }
        let path = try scene(nodata: -9) { isHole($1, $2) ? -9 : SyntheticScene.wave($0, $1, $2) }
        try segment(path, try model(metres), to: "holes")
        let (mask, probabilities) = (try pixels("holes"), try pixels("holes-p", 2))
        for y in 0..<47 {
            for x in 0..<61 {
                #expect(mask[y * 61 + x].isNaN == isHole(x, y) && probabilities[y * 61 + x].isNaN == isHole(x, y))
            }
        }
    }

    @Test("what is asked for, what the model says, and the scene's own, in this order")
    func choice() throws {
        let scene = try RasterReader(path: try scene())
        func pixels(_ model: Model, _ choice: SegmentationOptions.Resolution?) throws -> Resampling {
            var options = SegmentationOptions()
            options.resolution = choice
            return try Resampling(scene, description: model.description, options: options)
        }
        #expect(try pixels(model(), nil).pixelGrid.isNative && pixels(model(60), .native).pixelGrid.isNative)
        #expect(
            try pixels(model(60), nil).pixelGrid.columnStep == 2 && pixels(model(60), .model).pixelGrid.rowStep == 2)
        #expect(try pixels(model(60), .metres(15)).pixelGrid.columnStep == 0.5)
        // Nearly the same is the same, unless it is asked for in so many words.
        #expect(try pixels(model(30.2), nil).pixelGrid.isNative && pixels(model(30.2), .model).pixelGrid.isNative)
        #expect(try !pixels(model(31), nil).pixelGrid.isNative && !pixels(model(), .metres(30.2)).pixelGrid.isNative)
        #expect(try pixels(model(60), nil).warnings.isEmpty)
        #expect(try pixels(model(7), nil).warnings.contains { $0.description.contains("enlarged") })
        #expect { try pixels(model(), .model) } throws: { "\($0)".contains("--resolution model") }
        #expect { try pixels(model(), .metres(1e6)) } throws: { "\($0)".contains("too far") }
        #expect { try pixels(model(), .metres(1e-3)) } throws: { "\($0)".contains("too far") }
        for (said, asked, code) in [
            (nil, .metres(1e-3), .usage), (1e-3, nil, .badData), (1e306, .model, .badData), (60, .metres(1e9), .usage),
        ] as [(Double?, SegmentationOptions.Resolution?, SegmentationError.Code)] {
            #expect { try pixels(model(said), asked) } throws: { ($0 as? SegmentationError)?.code == code }
        }
    }

    /// Metadata that asked for 1.5 cm made 533 million pixels of a small scene.
    @Test("more than a hundred times the scene's own pixels are made only where that is said to be meant")
    func manyPixels() throws {
        let scene = try RasterReader(path: try scene())
        func grid(_ said: Double?, asked: Double? = nil, allowed: Bool = false) throws -> ResampledGrid {
            var options = SegmentationOptions()
            options.resolution = asked.map { .metres($0) }
            options.allowsManyPixels = allowed
            return try Resampling(scene, description: try model(said).description, options: options).pixelGrid
        }
        #expect(try grid(3).columnStep == 0.1, "just a hundred times as many")
        // What a model's file asks for is the file's fault, and what the user asks for the command line's.
        for refused in [(said: 2.9, asked: nil), (said: nil, asked: 2.9), (said: 60, asked: 0.2)]
            as [(Double?, Double?)]
        {
            #expect {
                try grid(refused.0, asked: refused.1)
            } throws: {
                ($0 as? SegmentationError)?.code == (refused.1 == nil ? .badData : .usage)
                    && "\($0)".contains("--yes") && "\($0)".contains(" x ")
            }
            let (metres, allowed) = (refused.1 ?? refused.0!, try grid(refused.0, asked: refused.1, allowed: true))
            #expect(abs(allowed.columnStep - metres / 30) < 1e-9)
        }
    }

    @Test("degrees: pixels of a scene far north are narrow, and the model's are square")
    func degrees() throws {
        let path = try scene([10, 0.001, 0, 60.02, 0, -0.001], crs: "EPSG:4326", width: 60, height: 40)
        let job = try segment(path, try model(20), to: "degrees")
        #expect(abs(job.plan.resampling.pixelGrid.columnStep - 20 / 55.8) < 1e-3)
        #expect(abs(job.plan.resampling.pixelGrid.rowStep - 20 / 111.41) < 1e-3)
        #expect(job.plan.grid.scene == PixelSize(width: 168, height: 223))
        #expect(try RasterReader(path: folder.path("degrees.tif")).size == PixelSize(width: 60, height: 40))
    }

    @Test("a scene that does not say where it lies is run as it is, with a warning; asked otherwise, it is refused")
    func placeless() throws {
        let path = try scene(crs: nil)
        let job = try segment(path, try model(10), to: "as-it-is")
        #expect(job.plan.resampling.pixelGrid.isNative && job.warnings.contains { $0.contains("item.json") })
        #expect {
            try segment(path, try model(), to: "refused") { $0.resolution = .metres(10) }
        } throws: { "\($0)".contains("--resolution native") }
    }
}
