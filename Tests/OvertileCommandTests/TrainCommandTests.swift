import Foundation
import RasterIO
import TestData
import Testing

/// `train`: what its file says, what becomes of a training that goes wrong, and what is known before it begins.
struct TrainCommandTests {
    private let folder: TemporaryFolder
    private let width = 160
    private let height = 96

    init() throws {
        folder = try TemporaryFolder()
        try SyntheticScene.write(folder.path("scene.tif"), width: width, height: height, crs: "EPSG:3035", value: value)
        try writeTruth("truth.tif", crs: "EPSG:3035")
    }

    private func label(_ x: Int, _ y: Int) -> Int { (x / 12 + y / 20) % 2 }

    private func value(_ band: Int, _ x: Int, _ y: Int) -> Float {
        Float(60 + 100 * label(x, y) + (x * 7919 + y * 104_729) % 17)
    }

    private func writeTruth(_ name: String, crs: String?) throws {
        try SyntheticScene.write(folder.path(name), width: width, height: height, crs: crs) { _, x, y in
            Float(label(x, y))
        }
    }

    /// A training of a few steps, which knows its two classes at the end of 40.
    private func train(
        _ truth: [String] = [], steps: Int = 3, _ flags: [String] = []
    ) throws -> CommandProcess.Outcome {
        let truth = truth.isEmpty ? ["--truth", folder.path("truth.tif")] : truth
        return try CommandProcess.run(
            ["train", folder.path("scene.tif"), "--output", folder.path("m.safetensors")] + truth
                + [
                    "--levels", "2", "--base", "4", "--batch", "2", "--crop", "60", "--steps", "\(steps)", "--workers",
                    "1",
                ]
                + flags)
    }

    private func segment(_ name: String, _ flags: [String] = []) throws -> RasterReader {
        let outcome = try CommandProcess.run(
            [
                "segment", folder.path("scene.tif"), "--model", folder.path("m.safetensors"), "--output",
                folder.path(name), "--style", "--overwrite", "--quiet",
            ] + flags)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        return try RasterReader(path: folder.path(name))
    }

    @Test("colours, threshold and the value of no data are in the file, and segment follows them")
    func description() throws {
        // A value that occurs, so that it is seen to count; the scene itself marks nothing.
        let trained = try train(
            steps: 40,
            [
                "--map", "0=land,1=water", "--colors", "water=2b7bba,land=#C8B98C", "--loss", "bce", "--threshold",
                "0.3",
                "--nodata", "61", "--rate", "5e-3",
            ])
        #expect(trained.status == 0, "\(trained.errors)")
        let text = try CommandProcess.run(["inspect", folder.path("m.safetensors")]).output
        for line in ["Class names +land, water", "Class colours +C8B98C, 2B7BBA", "Threshold +0.3", "No data +61"] {
            #expect(try text.contains(Regex(line)), "\(line): \(text)")
        }
        let version = try CommandProcess.run(["--version"]).output.dropLast()
        let file = try Data(contentsOf: URL(fileURLWithPath: folder.path("m.safetensors")))
        #expect(file.firstRange(of: Data("\"overtile.trained.version\":\"\(version)\"".utf8)) != nil)
        let mask = try segment("mask.tif")
        #expect(mask.legend(ofBand: 1).map(\.color?.hexadecimal) == ["#c8b98c", "#2b7bba"])
        let style = try String(contentsOfFile: folder.path("mask.qml"), encoding: .utf8)
        #expect(style.contains("#c8b98c") && style.contains("#2b7bba"))
        let found = try mask.wholeBand()
        for (index, value) in found.enumerated() {
            #expect(value.isNaN == (self.value(0, index % width, index / width) == 61))
        }
        // Flags win over the file: with its own threshold, the mask is the same; with another, it is another one.
        #expect(try Self.pixels(segment("same.tif", ["--threshold", "0.3"])) == Self.pixels(mask))
        let probabilities = try segment("p-mask.tif", ["--probabilities", folder.path("p.tif"), "--threshold", "0.9"])
        let shares = try RasterReader(path: folder.path("p.tif")).wholeBand()
        for (index, value) in try probabilities.wholeBand().enumerated() where !value.isNaN {
            #expect((value == 1) == (shares[index] > 0.9) && (found[index] == 1) == (shares[index] > 0.3))
        }
        #expect(try segment("all.tif", ["--nodata", "300"]).wholeBand().allSatisfy { !$0.isNaN })
    }

    private static func pixels(_ raster: RasterReader) throws -> [Float] {
        try raster.wholeBand().map { $0.isNaN ? 255 : $0 }
    }

    @Test(
        "a truth's palette and the scenes' nodata value go into the file by themselves, and a colour that is given wins"
    )
    func palettes() throws {
        let truth = folder.path("painted.vrt")
        let entries = ["1,2,3", "200,100,50"].map { color in
            let parts = color.split(separator: ",")
            return "<Entry c1=\"\(parts[0])\" c2=\"\(parts[1])\" c3=\"\(parts[2])\" c4=\"255\"/>"
        }
        let text = """
            <VRTDataset rasterXSize="\(width)" rasterYSize="\(height)"><VRTRasterBand dataType="Byte" band="1">
            <ColorInterp>Palette</ColorInterp><ColorTable>\(entries.joined())</ColorTable><SimpleSource>
            <SourceFilename relativeToVRT="1">truth.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>
            """
        _ = try folder.write(Array(text.utf8), to: "painted.vrt")
        try FileManager.default.removeItem(atPath: folder.path("scene.tif"))
        try SyntheticScene.write(
            folder.path("scene.tif"), width: width, height: height, nodata: 61, value: value)
        let trained = try train(["--truth", truth], ["--colors", "1=00ff00"])
        #expect(trained.status == 0, "\(trained.errors)")
        let report = try CommandProcess.run(["inspect", folder.path("m.safetensors")]).output
        #expect(try report.contains(Regex("Class colours +010203, 00FF00")), "\(report)")
        #expect(try report.contains(Regex("No data +61")), "\(report)")
        // Several outputs have no threshold: a pixel is of the class that is the likeliest.
        #expect(!report.contains("Threshold"))
    }

    @Test("a loss that is not finite leaves the network and the curves of before, and ends with 65")
    func divergence() throws {
        // The rate rises from step to step: the first epoch of ten steps is finite, and the second is not.
        let wild = ["--no-batch-norm", "--warm-up", "40", "--schedule", "constant", "--rate", "1e3"]
        let outcome = try train(steps: 40, wild + ["--quiet", "--report", folder.path("r.html")])
        #expect(outcome.status == 65 && outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("learning rate") && outcome.errors.contains("epoch 1 was written"))
        let page = try String(contentsOfFile: folder.path("r.html"), encoding: .utf8)
        #expect(page.contains("over 1 epoch") && page.contains("the loss was not finite"))
        #expect(try CommandProcess.run(["inspect", folder.path("m.safetensors")]).status == 0)
        // Before the first epoch is over, there is nothing to keep or to show.
        let atOnce = try train(
            steps: 40, ["--rate", "1e30", "--quiet", "--overwrite", "--report", folder.path("none.html")])
        #expect(atOnce.status == 65 && atOnce.errorLines.count == 1, "\(atOnce.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        #expect(!names.contains("none.html") && !names.contains { $0.hasPrefix(".") }, "\(names)")
    }

    @Test(
        "polygons that do not say where they lie are refused before anything begins",
        arguments: [("gpkg", false), ("shp", false), ("gpkg", true)])
    func placelessPolygons(ending: String, areArea: Bool) throws {
        for (name, crs) in [("placed", "EPSG:3035"), ("placeless", nil)] {
            try writeTruth("\(name).tif", crs: crs)
            let made = try CommandProcess.run(
                ["polygonize", folder.path("\(name).tif"), "--output", folder.path("\(name).\(ending)"), "--quiet"])
            #expect(made.status == 0, "\(made.errors)")
        }
        func truth(_ polygons: String) -> [String] {
            areArea
                ? [
                    "--truth", folder.path("truth.tif"), "--map", "0=none", "--labelled-area",
                    folder.path("\(polygons).\(ending)"),
                ]
                : ["--truth", folder.path("\(polygons).\(ending)"), "--class-field", "class_id"]
        }
        let refused = try train(truth("placeless"))
        #expect(refused.status == 65 && refused.errorLines.count == 1, "\(refused.errors)")
        #expect(refused.errors.contains("placeless.\(ending)") && refused.errors.contains("ogr2ogr -a_srs"))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        #expect(!names.contains { $0.hasPrefix(".") || $0.hasSuffix(".safetensors") }, "\(names)")
        let placed = try train(truth("placed"))
        #expect(placed.status == 0, "\(placed.errors)")
    }

    @Test(
        "what makes no sense is said in one line before anything begins",
        arguments: [
            (["--colors", "1"], 64, "gives no class a colour"),
            (["--colors", "1=12345"], 64, "gives no class a colour"),
            (["--colors", "sea=00ff00"], 65, "no such class"),
            (["--threshold", "0.3"], 64, "--loss bce"),
            (["--loss", "bce", "--threshold", "1.5"], 64, "no probability"),
            (["--plasma", "1"], 64, "a class and a share"),
            (["--plasma", "1=2"], 64, "a class and a share"),
            (["--plasma", "sea=0.5"], 65, "no such class"),
            (["--plasma-colors", "9"], 64, "--plasma"),
            (["--plasma", "1=0.5", "--plasma-colors", "9/x"], 64, "is no colour"),
            (["--plasma", "1=0.5", "--plasma-colors", "9,8"], 65, "a number for each band"),
        ] as [([String], Int32, String)])
    func refusals(_ flags: [String], _ status: Int32, _ words: String) throws {
        let outcome = try train([], ["--quiet"] + flags)
        #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        #expect(!names.contains { $0.hasPrefix(".") || $0.hasSuffix(".safetensors") }, "\(names)")
    }
}
