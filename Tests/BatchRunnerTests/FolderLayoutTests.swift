import Foundation
import SceneRunner
import Segmentation
import TestData
import Testing

@testable import BatchRunner

/// Names of outputs, and that none replaces another.
struct FolderLayoutTests {
    private static let day = Date(timeIntervalSince1970: 1_700_000_000)  // 2023-11-14, 22:13 UTC

    struct Case: CustomTestStringConvertible, Sendable {
        let template: String
        let scene: String
        let name: String
        var testDescription: String { "\(template) of \(scene)" }
    }

    static let cases = [
        Case(template: "{stem}.tif", scene: "/in/a.b.tif", name: "a.b.tif"),
        Case(template: "{stem}.tif", scene: "a", name: "a.tif"),
        Case(template: "{stem}-{model}.tiff", scene: "a.jp2", name: "a-unet.v2.tiff"),
        Case(template: "{folder}_{stem}.tif", scene: "/in/2023/a.tif", name: "2023_a.tif"),
        Case(template: "mask.tif", scene: "a.tif", name: "mask.tif"),
        Case(template: "{stem}.tif", scene: "/vsizip/x.zip/b.tif", name: "b.tif"),
        // The name of a part of a container is no name of a file.
        Case(template: "{stem}.tif", scene: "NETCDF:\"a.nc\":sst", name: "NETCDF__a.tif"),
    ]

    @Test("templates", arguments: cases)
    func names(_ named: Case) throws {
        let naming = try OutputNaming(named.template)
        #expect(naming.name(scene: named.scene, model: "/models/unet.v2.pth", date: Self.day) == named.name)
    }

    @Test("the day is the local one, in four, two and two digits")
    func date() throws {
        let name = try OutputNaming("{stem}-{date}.tif").name(scene: "a.tif", model: "m", date: Self.day)
        #expect(name.contains(/^a-2023-11-1[45]\.tif$/))
    }

    @Test(
        "templates that cannot name files",
        arguments: [
            "", "{stem}", "{stem}.png", "{scene}.tif", "{stem.tif", "stem}.tif", "out/{stem}.tif", ".{stem}.tif",
        ])
    func refused(_ template: String) throws {
        let error = #expect(throws: BatchError.self) { _ = try OutputNaming(template) }
        #expect(error?.code == .usage)
        #expect(error?.description.contains("{stem}") == true)
    }

    @Test("outputs that would replace each other, a scene, or the model")
    func clashes() throws {
        let folder = try TemporaryFolder()
        for name in ["out", "p"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
        func check(_ scenes: [String], into: String = "out", name: String = "{stem}.tif", p: String? = nil) throws {
            let plan = try FolderLayout(
                folder: folder.path(into), others: p.map { [.probabilities: folder.path($0)] } ?? [:],
                naming: OutputNaming(name),
                model: folder.path("out/model.tif"))
            try plan.check(scenes.map(folder.path), date: Self.day)
        }
        try check(["a.tif", "b.tif", "c/d.tif"], p: "p")
        let bad: [(words: String, body: () throws -> Void)] = [
            ("{folder}", { try check(["a.tif", "c/a.jp2"]) }),
            ("both be written", { try check(["a.tif", "b.tif"], name: "mask.tif") }),
            ("would be overwritten", { try check(["a.tif"], into: ".") }),
            ("would be overwritten", { try check(["p/a.tif"], p: "p") }),
            ("would be overwritten", { try check(["model.jp2"]) }),
            ("--probabilities", { try check(["a.tif"], p: "out/../out") }),
        ]
        for (words, body) in bad {
            let error = #expect(throws: BatchError.self) { try body() }
            #expect(error?.code == .usage && error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
        try check(["c/a.tif", "d/a.tif"], name: "{folder}-{stem}.tif")
        let missing = #expect(throws: BatchError.self) { try check(["a.tif"], into: "none/deeper") }
        #expect(missing?.code == .cannotCreate)
    }

    /// A text that changes would make every scene of every ledger run again.
    @Test("the outputs are told to the digest of settings in the words that ledgers have")
    func digestText() throws {
        let folder = try TemporaryFolder()
        for name in ["out", "p", "c"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
        let (p, c): ([RasterOutput.Kind: String], [RasterOutput.Kind: String]) = (
            [.probabilities: folder.path("p")], [.confidence: folder.path("c")]
        )
        var all = FolderLayout.Companions()
        (all.polygons, all.statistics, all.style, all.hasItems) = ("gpkg", "csv", .always, true)
        for (others, companions, text) in [
            ([:], FolderLayout.Companions(), "false false   false false"),
            (p, FolderLayout.Companions(), "true false   false false"),
            (c, FolderLayout.Companions(), "false true   false false"),
            (p.merging(c) { $1 }, all, "true true gpkg csv true true"),
        ] {
            let layout = try FolderLayout(
                folder: folder.path("out"), others: others, companions: companions, model: "unet.pth")
            #expect(layout.kinds == text)
        }
    }
}
