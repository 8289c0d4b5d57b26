import Foundation
import RasterIO
import TestData
import Testing

/// `stats` and `evaluate` on the command line: what they print, write and refuse.
struct StatsCommandTests {
    private let folder: TemporaryFolder
    private var mask: String { folder.path("mask.tif") }
    private var truth: String { folder.path("truth.tif") }
    private var zones: String { folder.path("zones.geojson") }

    init() throws {
        folder = try TemporaryFolder()
        let reference = try TestMask.reference("EPSG:3035", [4_321_000, 10, 0, 3_210_000, 0, -10])
        let legend = [LegendEntry(value: 0, name: "land"), LegendEntry(value: 1, name: "water")]
        try TestMask.write(mask, width: 40, height: 30, reference: reference, legend: legend) { x, _ in x < 10 ? 1 : 0 }
        try TestMask.write(truth, width: 40, height: 30, reference: reference, legend: legend) { x, y in
            y == 0 ? 255 : x < 20 ? 1 : 0
        }
        let box = TestPolygons.box(4_321_050, 3_209_800, 4_321_150, 3_210_000)
        _ = try folder.write(
            TestPolygons.geoJSON(epsg: 3035, [("{\"district\": \"north\", \"class\": \"water\"}", box)]),
            to: "zones.geojson")
    }

    @Test("a table for people")
    func table() throws {
        let outcome = try CommandProcess.run(["stats", mask, "--zones", zones, "--zone-field", "district"])
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(
            outcome.output == """
                Class    Value  Pixels  Square metres  Hectares    Share
                land         0     900         90,000      9.00  75.00 %
                water        1     300         30,000      3.00  25.00 %
                valid            1,200        120,000     12.00
                no data              0              0      0.00

                Zone       Value  Pixels  Square metres  Hectares    Share
                north
                  land         0     100         10,000      1.00  50.00 %
                  water        1     100         10,000      1.00  50.00 %
                  valid              200         20,000      2.00
                  no data              0              0      0.00

                """)
        let compared = try CommandProcess.run(["evaluate", mask, truth])
        #expect(compared.status == 0 && compared.errors.isEmpty, "\(compared.errors)")
        #expect(
            compared.output == """
                Pixels      1,160
                Left out    0 without data in the mask, 40 without truth
                Accuracy    0.7500
                Kappa       0.5000
                IoU, micro  0.6000

                Class             IoU  F1 = Dice  Precision  Recall  Truth  Mask
                land           0.6667     0.8000     0.6667  1.0000    580   870
                water          0.5000     0.6667     1.0000  0.5000    580   290
                mean           0.5833     0.7333     0.8333  0.7500
                mean by truth  0.5833     0.7333     0.8333  0.7500

                Truth \\ Mask  land  water
                land           580      0
                water          290    290

                """)
    }

    @Test("JSON on standard output is that of the file, and a .csv is a table")
    func files() throws {
        for words in [["stats", mask, "--zones", zones], ["evaluate", mask, truth]] {
            let json = folder.path("\(words[0]).json")
            let outcome = try CommandProcess.run(words + ["--json", "--output", json])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(String(decoding: try folder.bytes(of: json), as: UTF8.self) == outcome.output)
            let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            #expect((object?["classes"] as? [Any])?.count == 2 && object?["mask"] as? String == mask)
            let csv = folder.path("\(words[0]).csv")
            #expect(try CommandProcess.run(words + ["-o", csv]).status == 0)
            #expect(String(decoding: try folder.bytes(of: csv), as: UTF8.self).contains("class,"))
        }
    }

    @Test("what cannot be counted or compared: a code, one line, no file")
    func refused() throws {
        let before = try folder.names
        let placeless = folder.path("placeless.tif")
        try TestMask.write(placeless, width: 4, height: 4) { _, _ in 1 }
        let far = folder.path("far.tif")
        try TestMask.write(
            far, width: 4, height: 4, reference: try TestMask.reference("EPSG:4326", [100, 1, 0, 10, 0, -1])
        ) { _, _ in 1 }
        let cases: [(Int32, String, [String])] = [
            (66, "none.tif", ["stats", folder.path("none.tif")]),
            (65, "not a raster", ["stats", zones]),
            (64, "--zones", ["stats", mask, "--zone-field", "x"]),
            (64, "no field \"x\"", ["stats", mask, "--zones", zones, "--zone-field", "x"]),
            (65, "vector", ["stats", mask, "--zones", truth]),
            (65, "geotransform", ["stats", placeless, "--zones", zones]),
            (64, "is an input", ["stats", mask, "--output", mask, "--overwrite"]),
            (73, "--overwrite", ["stats", mask, "--output", truth]),
            (73, "no folder", ["stats", mask, "--output", folder.path("none/out.csv")]),
            (65, "do not overlap", ["evaluate", mask, far]),
            (65, "sizes differ", ["evaluate", mask, placeless]),
            (64, "--field", ["evaluate", mask, zones]),
            (64, "--field", ["evaluate", mask, truth, "--outside", "0"]),
            (64, "no field", ["evaluate", mask, zones, "--field", "y"]),
            (64, "maps no class", ["evaluate", mask, truth, "--map", "1"]),
            (64, "no class \"ice\"", ["evaluate", mask, zones, "--field", "class", "--outside", "ice"]),
        ]
        for (status, says, words) in cases {
            let outcome = try CommandProcess.run(words + ["--quiet"])
            #expect(outcome.status == status && outcome.output.isEmpty, "\(words): \(outcome)")
            #expect(outcome.errorLines.count == 1 && outcome.errors.contains(says), "\(words): \(outcome.errors)")
        }
        #expect(
            try Set(folder.names).subtracting(before).allSatisfy { $0.hasPrefix("placeless") || $0.hasPrefix("far") })
    }

    @Test("without a place, pixels are counted, with a warning")
    func placeless() throws {
        let path = folder.path("placeless.tif")
        try TestMask.write(path, width: 4, height: 4) { x, _ in x == 0 ? 255 : 2 }
        let outcome = try CommandProcess.run(["stats", path])
        #expect(outcome.status == 0 && outcome.errorLines.count == 1 && outcome.errors.contains("warning"))
        #expect(outcome.output.contains("class 2      2      12              -         -  100.00 %"))
    }
}
