import MaskProducts
import RasterIO
import TestData
import TileGeometry

/// A report as a run makes it, its scenes with pictures.
enum SampleReport {
    /// - Parameter change: made before the page is returned.
    static func page(
        scenes count: Int, in folder: TemporaryFolder, _ change: (inout ReportPage) -> Void = { _ in }
    ) throws -> ReportPage {
        let size = PixelSize(width: 640, height: 420)
        let (scene, mask) = (folder.path("scene.tif"), folder.path("mask.tif"))
        try SceneFile.write(scene, size, bands: 3, reference: try SceneFile.reference(), nodata: 0) { band, x, y in
            // Without data in a corner.
            x + y < 120 ? UInt8(0) : UInt8(max(1, SyntheticScene.wave(band, x, y)))
        }
        var pixels = [0, 0]
        try SceneFile.write(mask, size, reference: try SceneFile.reference(), nodata: 255, legend: SceneFile.legend) {
            _, x, y -> UInt8 in
            guard x + y >= 120 else { return 255 }
            let isWater = (x - 320) * (x - 320) + (y - 210) * (y - 210) < 150 * 150
            pixels[isWater ? 1 : 0] += 1
            return isWater ? 1 : 0
        }
        let scenes = (1...count).map { number in
            var report = ReportScene(name: "2024-06-\(number < 10 ? "0" : "")\(number)/T33UUP_TCI_10m.tif")
            report.scene = scene
            report.mask = mask
            report.size = size
            report.classes = zip(SceneFile.legend, pixels).map { entry, pixels in
                .init(name: entry.name, color: entry.color ?? .white, pixels: pixels, hectares: Double(pixels) / 100)
            }
            report.stages = [
                .init(name: "reading", busySeconds: 0.8), .init(name: "computing", busySeconds: 14.2, threads: 2),
                .init(name: "writing", busySeconds: 0.6),
            ]
            report.seconds = 7.4
            report.facts = [
                ReportFact("Mask", "T33UUP_TCI_10m.tif", file: "out/T33UUP_TCI_10m.tif"),
                ReportFact("Bands", "4, 3, 2"),
            ]
            return report
        }
        var page = ReportPage(title: count == 1 ? scenes[0].name : "masks", scenes: scenes)
        page.facts = [
            ReportFact("Model", "unet.safetensors"),
            ReportFact("SHA-256", String(repeating: "0123456789abcdef", count: 4)),
            ReportFact("Overtile", "0.1.0"), ReportFact("Tiles", "572 pixels, overlapping by 92 on each side"),
        ]
        change(&page)
        return page
    }
}

extension LegendEntry.Color {
    static let white = LegendEntry.Color(red: 255, green: 255, blue: 255)
}
