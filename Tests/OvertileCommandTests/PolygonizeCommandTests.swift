import Foundation
import TestData
import Testing

/// `overtile polygonize`: codes, lines, and what lies there afterwards.
struct PolygonizeCommandTests {
    private let folder: TemporaryFolder
    private let mask: String

    init() throws {
        folder = try TemporaryFolder()
        mask = folder.path("mask.tif")
        try SyntheticScene.write(mask, width: 300, height: 200, nodata: 0) { _, x, y in Float((x / 30 + y / 20) % 3) }
    }

    @Test("writes polygons, and says how many when asked")
    func writes() throws {
        let outcome = try CommandProcess.run([
            "polygonize", mask, "-o", folder.path("out.gpkg"), "--verbose", "--simplify", "1", "--connectedness", "8",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        // Diagonal bands of blocks that meet at corners: 19, of which seven are nodata.
        #expect(outcome.errors.contains("out.gpkg: 12 polygons"), "\(outcome.errors)")
        #expect(try folder.names == ["mask.tif", "out.gpkg"])
    }

    /// GDAL's GeoJSON driver had said that it takes the mask for one in degrees, while it did not.
    @Test("has nothing to say where all is well", arguments: ["gpkg", "fgb", "geojson", "shp"])
    func isSilent(_ ending: String) throws {
        try SyntheticScene.write(folder.path("placed.tif"), width: 60, height: 40, crs: "EPSG:32633") { _, x, _ in
            Float(x / 30)
        }
        let outcome = try CommandProcess.run(
            ["polygonize", folder.path("placed.tif"), "-o", folder.path("out.\(ending)")])
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let status: Int32
        let says: String
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let refusals = [
        Refusal(arguments: ["-o", "$/out.dwg"], status: 64, says: "ending"),
        Refusal(arguments: ["-o", "$/mask.tif"], status: 64, says: "ending"),
        Refusal(arguments: ["-o", "$/none/out.gpkg"], status: 73, says: "no folder"),
        Refusal(arguments: ["-o", "$/out.gpkg", "--classes-only", "water"], status: 64, says: "no class \"water\""),
        Refusal(arguments: ["-o", "$/out.gpkg", "--simplify", "-1"], status: 64, says: "--simplify"),
        Refusal(arguments: ["-o", "$/out.gpkg", "--connectedness", "6"], status: 64, says: "connectedness"),
        Refusal(arguments: ["-o", "$/out.gpkg", "--confidence", "$/none.tif"], status: 66, says: "none.tif"),
    ]

    @Test("refuses in one line, and leaves nothing", arguments: refusals)
    func refuses(_ refusal: Refusal) throws {
        let arguments = refusal.arguments.map { $0.replacingOccurrences(of: "$/", with: folder.path("")) }
        let outcome = try CommandProcess.run(["polygonize", mask] + arguments)
        #expect(outcome.status == refusal.status)
        #expect(outcome.errors.contains(refusal.says), "\(outcome.errors)")
        #expect(try folder.names == ["mask.tif"])
    }

    @Test("SIGTERM, once or twice, leaves nothing", arguments: [1, 2])
    func stops(_ signals: Int) throws {
        let noise = folder.path("noise.tif")
        try SyntheticScene.write(noise, width: 1500, height: 1500) { _, x, y in Float((x * 7 ^ y * 13 ^ x * y) & 3) }
        let process = try CommandProcess(
            CommandProcess.executable, ["polygonize", noise, "-o", folder.path("out.gpkg")])
        let patience = ContinuousClock.now + .seconds(20)
        while try !folder.names.contains(where: { $0.hasPrefix(".") }), ContinuousClock.now < patience {
            usleep(1000)
        }
        for _ in 0..<signals {
            process.signal(SIGTERM)
            usleep(5000)
        }
        let outcome = try process.wait()
        #expect(outcome.status == 143, "\(outcome.errors)")
        #expect(try folder.names == ["mask.tif", "noise.tif"])
    }
}
