import BatchRunner
import FileIO
import Foundation
import TestData
import Testing

/// What the words of a command line name.
struct SceneInputsTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for name in ["in/2023", "in/.cache", "empty"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
        let files = [
            "in/b.tif", "in/a.TIF", "in/a.TIF.aux.xml", "in/b.tif.ovr", "in/b.tfw", "in/preview.png", "in/notes.txt",
            "in/.hidden.tif", "in/c_ms.jp2", "in/2023/old.tif", "in/.cache/d.tif", "in/[x].tif", "in/@odd.tif",
        ]
        for file in files { _ = try folder.write([1], to: file) }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("in/2023/up"), withDestinationPath: folder.path("in"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("in/lost.tif"), withDestinationPath: folder.path("nowhere.tif"))
        let list = "# from the archive\n\nIN/b.tif\n  IN/missing.tif  \r\nIN/2023\n@IN/b.tif\n"
            .replacing("IN", with: folder.path("in"))
        _ = try folder.write(Array(list.utf8), to: "list.txt")
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let inputs: [String]
        var patterns: [String] = []
        var recursive = false
        let scenes: [String]
        let testDescription: String
    }

    /// "IN" stands for the folder.
    static let cases = [
        Case(inputs: ["IN/b.tif"], scenes: ["IN/b.tif"], testDescription: "a file"),
        Case(inputs: ["IN/notes.txt"], scenes: ["IN/notes.txt"], testDescription: "a file of any name"),
        Case(inputs: ["IN/gone.tif"], scenes: ["IN/gone.tif"], testDescription: "a missing file: it will fail"),
        // Neither hidden files, sidecars, previews, nor a link that leads nowhere.
        Case(
            inputs: ["IN"], scenes: ["IN/@odd.tif", "IN/[x].tif", "IN/a.TIF", "IN/b.tif", "IN/c_ms.jp2"],
            testDescription: "a folder"),
        // Links to folders may go round in circles.
        Case(
            inputs: ["IN/"], recursive: true,
            scenes: ["IN/2023/old.tif", "IN/@odd.tif", "IN/[x].tif", "IN/a.TIF", "IN/b.tif", "IN/c_ms.jp2"],
            testDescription: "a folder and those in it"),
        Case(
            inputs: ["IN"], patterns: ["*_ms.*", "*.png"], scenes: ["IN/c_ms.jp2", "IN/preview.png"],
            testDescription: "names that fit"),
        Case(
            inputs: ["IN/?.[tT]*"], scenes: ["IN/a.TIF", "IN/a.TIF.aux.xml", "IN/b.tfw", "IN/b.tif", "IN/b.tif.ovr"],
            testDescription: "a pattern, which gives what it says"),
        Case(inputs: ["IN/20*", "IN/*.jp2"].suffix(1), scenes: ["IN/c_ms.jp2"], testDescription: "another pattern"),
        // A file of that very name comes before the pattern.
        Case(inputs: ["IN/[x].tif"], scenes: ["IN/[x].tif"], testDescription: "a name with brackets"),
        Case(inputs: ["IN/@odd.tif"], scenes: ["IN/@odd.tif"], testDescription: "a name with an at sign"),
        Case(
            inputs: ["@ROOT/list.txt"], scenes: ["IN/b.tif", "IN/missing.tif", "IN/2023/old.tif", "@IN/b.tif"],
            testDescription: "a list; none in it is another list"),
        Case(
            inputs: ["IN/b.tif", "IN/../in/b.tif", "IN/?.tif"], scenes: ["IN/b.tif"],
            testDescription: "one scene under several names"),
        Case(
            inputs: ["/vsizip/a.zip/*.tif", "NETCDF:a.nc:sst"], scenes: ["/vsizip/a.zip/*.tif", "NETCDF:a.nc:sst"],
            testDescription: "GDAL's own names"),
    ]

    @Test("inputs", arguments: cases)
    func expand(_ named: Case) throws {
        func full(_ text: String) -> String {
            text.replacing("IN", with: folder.path("in")).replacing("ROOT", with: folder.url.path)
        }
        let found = try SceneInputs(
            named.inputs.map(full), names: SceneNames(patterns: named.patterns), recursive: named.recursive)
        #expect(found.scenes.map { $0.replacing("//", with: "/") } == named.scenes.map(full))
        #expect(found.warnings.isEmpty)
    }

    @Test("what is no scene although its name says so is left out of folders and patterns, and not where it is named")
    func ignored() throws {
        let mask = CanonicalPath.named(folder.path("in/b.tif"))
        let found = try SceneInputs([folder.path("in"), folder.path("in/b*.tif")], ignoring: [mask])
        #expect(!found.scenes.contains { $0.hasSuffix("/b.tif") })
        #expect(try SceneInputs([folder.path("in/b.tif")], ignoring: [mask]).scenes.count == 1)
    }

    @Test("a folder without scenes is told, a list or pattern without files refused")
    func nothing() throws {
        let found = try SceneInputs([folder.path("empty")])
        #expect(found.scenes.isEmpty && found.warnings.count == 1)
        for input in ["@" + folder.path("no.txt"), folder.path("x*.tif")] {
            let error = #expect(throws: BatchError.self) { _ = try SceneInputs([input]) }
            #expect(error?.code == .noInput)
        }
    }
}
