import FileIO
import Foundation
import MaskProducts
import RasterIO
import TestData
import Testing
import TileGeometry

/// What a report says, and what nobody can make it say.
@Suite struct ReportPageTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("text of anybody's is text, wherever it stands")
    func hostile() throws {
        let evil = "\"><script>alert(1)</script><img src=x onerror='x'>&amp;\u{202E}\u{0}\n</style>"
        let page = try SampleReport.page(scenes: 2, in: folder) { page in
            page.title = evil
            page.date = evil
            page.facts = [ReportFact(evil, evil)]
            for index in page.scenes.indices {
                page.scenes[index].name = evil
                page.scenes[index].warnings = [evil]
                page.scenes[index].error = index == 0 ? evil : nil
                page.scenes[index].facts = [ReportFact(evil, evil)]
                page.scenes[index].classes[0].name = evil
                page.scenes[index].stages[0].name = evil
            }
        }
        let html = page.html()
        #expect(html.components(separatedBy: "<script").count == 2, "its own script and no other")
        #expect(html.components(separatedBy: "</style>").count == 2)
        #expect(!html.contains("<img src=x"))
        #expect(!html.unicodeScalars.contains { $0 == "\u{202E}" || $0 == "\u{0}" })
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(html.contains("&amp;amp;"))
    }

    @Test("the page needs nothing but itself")
    func selfContained() throws {
        let html = try SampleReport.page(scenes: 2, in: folder).html()
        for address in html.matches(of: /(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]*)/) {
            let target = String(address.output.1)
            // Outputs are linked, and nothing is loaded from where they lie.
            if address.output.0.hasPrefix("href"), target.hasPrefix("./") { continue }
            #expect(target.hasPrefix("data:image/") || target.hasPrefix("#"), "\(target.prefix(80))")
        }
        for word in ["http:", "https:", "//cdn", "@import", "<link", "<iframe", " onload=", " onclick="] {
            #expect(!html.contains(word), "\(word)")
        }
        #expect(html.contains("default-src 'none'"))
    }

    @Test("failures come first, with their reason, and every line leads to its scene")
    func order() throws {
        let html = try SampleReport.page(scenes: 4, in: folder) { page in
            page.scenes[2].error = "the disk is full"
            page.scenes[3].warnings = ["a strange scene"]
        }.html()
        let links = html.matches(of: /<a href="#(scene-\d+)">/).map { String($0.output.1) }
        #expect(links == ["scene-3", "scene-1", "scene-2", "scene-4"])
        for link in links { #expect(html.contains("id=\"\(link)\"")) }
        #expect(html.contains("the disk is full"))
        #expect(html.contains("<strong class=\"bad\">1 failed</strong>"))
        #expect(html.contains("1 warning"))
    }

    @Test("numbers are those of the scene")
    func numbers() throws {
        var scene = ReportScene(name: "scene.tif")
        scene.size = PixelSize(width: 36000, height: 18000)
        scene.classes = [
            .init(name: "land", color: .distinct(0), pixels: 1_999_200, hectares: 12_345_678.4),
            .init(name: "water", color: .distinct(1), pixels: 800, hectares: 3.456),
            .init(name: "ice", color: .distinct(2), pixels: 0, hectares: 0),
        ]
        scene.stages = [.init(name: "reading", busySeconds: 2), .init(name: "computing", busySeconds: 30, threads: 2)]
        scene.seconds = 20
        let html = ReportPage(title: "Run", scenes: [scene]).html()
        for text in [
            ">over 99.9 %", ">under 0.1 %", ">0.0 %", "12,345,678", ">3.46<", "36000 x 18000 pixels",
            "648 million pixels", "10.0 %",
            "75.0 %", "2 × 15.0 s", "the limit", "20.0 s",
        ] { #expect(html.contains(text), "\(text)") }
        #expect(!html.contains("<img"), "there are no files to show")
    }

    @Test("a preview that the run made stands in for the files, and smaller ones are made of it")
    func preview() throws {
        var page = try SampleReport.page(scenes: 1, in: folder)
        let scene = try #require(page.scenes[0].scene)
        let mask = try #require(page.scenes[0].mask)
        var options = Preview.Options()
        options.isOutlined = true
        page.scenes[0].preview = try Preview(scene: scene, mask: mask, options: options)
        let read = page.html()
        options.isOutlined = false
        page.scenes[0].preview = try Preview(scene: scene, mask: mask, options: options)
        #expect(page.html() == read, "outlines are of no use")
        page.scenes[0].scene = folder.path("gone.tif")
        let made = page.html()
        #expect(made.contains("<img"))
        #expect(made == read)
        page.byteLimit = made.utf8.count * 2 / 3
        let small = page.html()
        #expect(small.contains("<img"))
        #expect(small.utf8.count <= page.byteLimit)
    }

    /// Of a world in degrees, the poles have as many pixels as the equator and a fraction of its area: shares by pixels would
    /// contradict the hectares beside them.
    @Test("shares are those of the area where it is known, else of the pixels")
    func shares() {
        var scene = ReportScene(name: "world.tif")
        scene.classes = [
            .init(name: "pole", color: .distinct(0), pixels: 50, hectares: 10),
            .init(name: "equator", color: .distinct(1), pixels: 50, hectares: 30),
        ]
        let byArea = ReportPage(title: "Run", scenes: [scene]).html()
        for text in [">25.0 %", ">75.0 %", "width:25.0%", "width:75.0%"] { #expect(byArea.contains(text), "\(text)") }
        scene.classes[0].hectares = nil
        #expect(ReportPage(title: "Run", scenes: [scene]).html().contains(">50.0 %"))
        scene.classes = scene.classes.map { .init(name: $0.name, color: $0.color, pixels: $0.pixels, hectares: 0) }
        #expect(ReportPage(title: "Run", scenes: [scene]).html().contains(">50.0 %"))
    }

    @Test("a scene whose files are gone is told without a picture")
    func gone() throws {
        let page = try SampleReport.page(scenes: 1, in: folder) { $0.scenes[0].scene = folder.path("gone.tif") }
        let html = page.html()
        #expect(html.contains("No picture: cannot open"))
        #expect(html.contains("Classes"))
    }

    @Test("pictures shrink until the page has the size that it may have", arguments: [2_000_000, 120_000, 60_000])
    func bounded(_ limit: Int) throws {
        let page = try SampleReport.page(scenes: 6, in: folder) { $0.byteLimit = limit }
        let html = page.html()
        #expect(html.utf8.count <= limit)
        #expect(html.contains("<img") == (limit > 100_000))
        #expect(html.contains("the page would be too large") == (limit < 100_000))
    }

    @Test("thousands of scenes have a line, and no more than that")
    func thousands() {
        let page = ReportPage(title: "Many", scenes: (1...21_000).map { ReportScene(name: "scene \($0)") })
        let html = page.html()
        #expect(html.components(separatedBy: "<details").count == 2001)
        #expect(html.components(separatedBy: "<th scope=\"row\">").count == 20_001)
        #expect(html.contains("And 1,000 scenes more."))
        #expect(html.utf8.count < 20_000_000)
    }

    @Test("the same run makes the same page, and it appears whole or not at all")
    func written() throws {
        let page = try SampleReport.page(scenes: 2, in: folder)
        try page.write(to: folder.path("a.html"), overwrite: false)
        try page.write(to: folder.path("b.html"), overwrite: false)
        #expect(try folder.bytes("a.html") == folder.bytes("b.html"))
        let error = #expect(throws: FileError.self) { try page.write(to: folder.path("a.html"), overwrite: false) }
        #expect(error?.code == .outputExists)
        #expect(throws: FileError.self) { try page.write(to: folder.path("none/a.html"), overwrite: false) }
        #expect(try folder.names.allSatisfy { !$0.contains("overtile") })
    }
}
