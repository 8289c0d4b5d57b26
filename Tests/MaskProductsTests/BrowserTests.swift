import Foundation
import MaskProducts
import TestData
import Testing

/// Reports as their readers see them: `Tests/browser/check.py` says what is demanded.
@Suite(.enabled(if: Browser.isPossible, "needs chromium and python3"))
struct BrowserTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("browser/check.py").path

    @Test("reports work in a browser, on a phone and on a desk")
    func reports() throws {
        let folder = try TemporaryFolder()
        let one = try SampleReport.page(scenes: 1, in: folder) { page in
            page.date = "2026-11-21 18:32"
            page.scenes[0].warnings = ["a warning", "a_word_\(String(repeating: "without_any_space_", count: 12))"]
        }
        let another = try TemporaryFolder()
        let many = try SampleReport.page(scenes: 15, in: another) { page in
            page.scenes[3].error = "\(page.scenes[3].name) is not a raster that GDAL can open: get an intact copy"
            page.scenes[3].mask = nil
            page.scenes[3].classes = []
            page.scenes[4].name = String(repeating: "a_name_that_has_no_end_", count: 10) + ".tif"
            page.scenes[5].classes = []
        }
        try one.write(to: folder.path("scene.html"), overwrite: false)
        try many.write(to: folder.path("batch.html"), overwrite: false)
        try SampleTrainingPage.page().write(to: folder.path("training.html"), overwrite: false)

        // Pictures of them are kept where OVERTILE_SCREENSHOTS says.
        let screenshots = ProcessInfo.processInfo.environment["OVERTILE_SCREENSHOTS"]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments =
            [Self.script, folder.path("scene.html"), folder.path("batch.html"), folder.path("training.html")]
            + (screenshots.map { ["--screenshots", $0] } ?? [])
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.matches(of: /: good/).count == 12, "\(text)")
    }
}

private enum Browser {
    static let isPossible = ["chromium", "python3"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }
}
