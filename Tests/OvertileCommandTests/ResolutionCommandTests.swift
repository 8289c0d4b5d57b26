import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing
import TileGeometry

/// `--resolution` and `--grid` on the command line, and on rasters of every kind.
struct ResolutionCommandTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private func segment(_ scene: String, _ options: String...) throws -> CommandProcess.Outcome {
        try CommandProcess.run(
            [
                "segment", scene, "--model", bench.model, "--output", bench.output(), "--bands", "1", "--scale", "0.01",
                "--quiet", "--overwrite",
            ] + options)
    }

    @Test(
        "real rasters: degrees, rotated, south-up, web maps, masks, polynomials",
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)),
        arguments: [
            // Roughly half and three times as large as the pixels are.
            ("LisbonElevation.tif", [30.0, 150]), ("2d_test.tif", [60, 300]), ("inverted_lat.tif", [20_000, 150_000]),
            ("cogeo.tif", [1, 7]), ("rgb_mask.tif", [0.3, 5]),
            ("small/geomatrix.tif", [20, 200]), ("small/byte_point.tif", [20, 200]), ("cog_gcps.tif", [200, 1000]),
        ])
    func realRasters(name: String, metres: [Double]) throws {
        let scene = try RasterReader(path: SharedData.geotiff(name))
        for metres in metres {
            let onScene = try segment(scene.path, "--resolution", "\(metres)")
            #expect(onScene.status == 0, "\(onScene.errors)")
            let mask = try RasterReader(path: bench.output())
            #expect(mask.size == scene.size && mask.spatialReference.isEquivalent(to: scene.spatialReference))
            let onModel = try segment(scene.path, "--resolution", "\(metres)", "--grid", "model")
            #expect(onModel.status == 0, "\(onModel.errors)")
            let coarse = try RasterReader(path: bench.output())
            let ground = try #require(GroundPixelSize(of: coarse.spatialReference, size: coarse.size))
            #expect(abs(ground.width / metres - 1) < 0.02 && abs(ground.height / metres - 1) < 0.02, "\(ground)")
            #expect(coarse.size != scene.size)
            #expect(coarse.spatialReference.pixelIsPoint == scene.spatialReference.pixelIsPoint)
            if let place = coarse.spatialReference.geoTransform, let there = scene.spatialReference.geoTransform {
                #expect(abs(place.originX - there.originX) < 1e-6 && abs(place.originY - there.originY) < 1e-6)
            }
        }
    }

    @Test("plan tells the grid, and JSON its numbers")
    func plan() throws {
        let scene = try placedScene()
        let arguments = ["plan", scene, "--model", bench.model, "--quiet", "--resolution", "20"]
        let table = try CommandProcess.run(arguments)
        #expect(table.status == 0 && table.output.contains("20.0 m (--resolution)"), "\(table.errors)")
        let json = try CommandProcess.run(arguments + ["--json"]).output
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(report["gridWidth"] as? Int == 20 && report["gridHeight"] as? Int == 10)
        #expect(report["width"] as? Int == 40 && report["resolution"] as? Double == 20)
    }

    @Test("convert records the resolution, and segment follows it")
    func recorded() throws {
        let scene = try placedScene()
        let model = bench.output("said.safetensors")
        #expect(try CommandProcess.run(["convert", bench.model, "-o", model, "--resolution", "5"]).status == 0)
        let arguments = ["segment", scene, "--model", model, "-o", bench.output(), "--quiet", "--grid", "model"]
        #expect(try CommandProcess.run(arguments).status == 0)
        #expect(try RasterReader(path: bench.output()).size == PixelSize(width: 80, height: 40))
        #expect(try CommandProcess.run(arguments + ["--overwrite", "--resolution", "native"]).status == 0)
        #expect(try RasterReader(path: bench.output()).size == PixelSize(width: 40, height: 20))
    }

    @Test(
        "what cannot be is one line, and leaves nothing behind",
        arguments: [
            (["--resolution", "model"], "does not say"), (["--resolution", "0"], "--resolution"),
            (["--resolution", "-5"], "--resolution"), (["--resolution", "fine"], "--resolution"),
            (["--grid", "other"], "--grid"), (["--resolution", "10"], "where it lies"),
        ])
    func refused(options: [String], says: String) throws {
        // The bench's own scene is in no coordinate system.
        let outcome = try CommandProcess.run(
            ["segment", bench.scene, "--model", bench.model, "--output", bench.output(), "--quiet"] + options)
        #expect(
            outcome.status == 64 && outcome.errorLines.count == 1 && outcome.errors.contains(says), "\(outcome.errors)")
        #expect(try bench.outputs.isEmpty)
    }

    /// 40 x 20 pixels of 10 m.
    private func placedScene() throws -> String {
        let path = bench.folder.path("placed.tif")
        let size = PixelSize(width: 40, height: 20)
        var options = RasterWriter.Options(size: size, bandCount: 1, sampleType: .uint8)
        options.spatialReference = SyntheticScene.spatialReference
        options.spatialReference.crs = try CoordinateReferenceSystem("EPSG:32633")
        let writer = try RasterWriter(path: path, options: options)
        let samples = (0..<size.area).map { UInt8($0 % 251) }
        try samples.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: 1, samples: $0) }
        try writer.commit()
        return path
    }
}
