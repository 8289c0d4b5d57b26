import BatchRunner
import Foundation
import TestData
import Testing

/// Scenes that are moved out of the way.
struct FailedFolderTests {
    let folder: TemporaryFolder
    private var root: String { folder.url.path }

    init() throws { folder = try TemporaryFolder() }

    private func make(_ names: String...) throws {
        for name in names {
            let url = folder.url.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(name.utf8).write(to: url)
        }
    }

    private func names(_ place: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(place)).sorted()
    }

    @Test("a scene goes with its text and all that belongs to it; others stay")
    func moves() throws {
        try make(
            "a.tif", "a.tif.aux.xml", "a.tif.ovr", "a.tif.msk", "a.tfw", "a.tif.done", "a.done", "ab.tfw",
            "b.tif",
            "b.tfw")
        let failed = FailedFolder(nil, watched: root)
        #expect(try failed.take(folder.path("a.tif"), reason: "It is cut.\n") == folder.path("failed/a.tif"))
        #expect(
            try names("failed") == [
                "a.done", "a.tfw", "a.tif", "a.tif.aux.xml", "a.tif.done", "a.tif.msk", "a.tif.ovr", "a.tif.txt",
            ])
        #expect(try names("") == ["ab.tfw", "b.tfw", "b.tif", "failed"])
        #expect(String(decoding: try folder.bytes("failed/a.tif.txt"), as: UTF8.self) == "It is cut.\n")
    }

    @Test("of two rasters of one stem, each keeps what is named after it")
    func sharedStem() throws {
        try make("a.tif", "a.tif.aux.xml", "a.png", "a.tfw")
        _ = try FailedFolder(nil, watched: root).take(folder.path("a.tif"), reason: "")
        #expect(try names("") == ["a.png", "a.tfw", "failed"])
    }

    @Test("a second scene of the same name is numbered, and replaces nothing")
    func numbers() throws {
        let failed = FailedFolder(folder.path("bad/apart"), watched: root)
        for number in 1...3 {
            try make("x/a.tif", "x/a.tif.aux.xml")
            let place = try failed.take(folder.path("x/a.tif"), reason: "\(number)")
            #expect(place == folder.path("bad/apart/x/a\(number == 1 ? "" : "-\(number)").tif"))
        }
        #expect(try names("bad/apart/x").count == 9)
        #expect(try folder.bytes("bad/apart/x/a-2.tif.txt") == [UInt8(ascii: "2")])
    }

    @Test("where there is no place for it, it stays, with one line that says so")
    func noPlace() throws {
        try make("a.tif", "file")
        let failed = FailedFolder(folder.path("file/failed"), watched: root)
        let error = #expect(throws: FailedFolder.MoveError.self) {
            try failed.take(folder.path("a.tif"), reason: "")
        }
        #expect(error?.description.contains(folder.path("a.tif")) == true)
        #expect(error?.description.contains("\n") == false)
        #expect(try names("") == ["a.tif", "file"])
    }
}
