import FileIO
import Foundation
import TestData
import Testing

struct StagedDocumentTests {
    @Test("a document that does not fit on the disk leaves nothing", .enabled(if: SmallDisk.isPossible))
    func fullDisk() throws {
        let disk = try SmallDisk()
        let path = disk.folder.path("page.html")
        let error = #expect(throws: FileError.self) {
            try StagedDocument.write([UInt8](repeating: 65, count: 2_000_000), to: path, overwrite: false)
        }
        #expect(error?.code == .outOfSpace)
        #expect(try disk.folder.names.isEmpty)
        try StagedDocument.write([65], to: path, overwrite: false)
        #expect(throws: FileError.self) { try StagedDocument.write([66], to: path, overwrite: false) }
        #expect(try disk.folder.bytes("page.html") == [65])
        try StagedDocument.write([66], to: path, overwrite: true)
        #expect(try disk.folder.bytes("page.html") == [66])
    }

    /// A style that comes with a mask is somebody else's as soon as it lies there.
    @Test("outputs are complete whatever becomes of one that may change, and of no other")
    func mayChange() throws {
        let folder = try TemporaryFolder()
        func document(_ name: String, mayChange: Bool, overwrite: Bool) throws -> StagedDocument {
            let document = try StagedDocument(path: folder.path(name), overwrite: overwrite)
            document.mayChange = mayChange
            try document.write([1, 2] as [UInt8])
            try document.finish()
            return document
        }
        // What may change may be replaced, although the other one may not.
        _ = try folder.write([3], to: "mask.qml")
        let style = try document("mask.qml", mayChange: true, overwrite: true)
        let mask = try document("mask.tif", mayChange: false, overwrite: false)
        let publication = try Publication([style, mask])
        try publication.write(to: folder.path("record"), output: "mask.tif")
        try publication.carryOut()
        #expect(try folder.names == ["mask.qml", "mask.tif", "record"])
        _ = try folder.write([9], to: "mask.qml")
        let read = try #require(Publication.read(record: folder.path("record")))
        #expect(read.isUntouched && read.settle())
        try FileManager.default.removeItem(atPath: folder.path("mask.qml"))
        #expect(read.isUntouched && read.settle())
        _ = try folder.write([9], to: "mask.tif")
        #expect(!read.isUntouched)
    }

    @Test("a file appears under its name when it is published, and not before")
    func hidden() throws {
        let folder = try TemporaryFolder()
        let document = try StagedDocument(path: folder.path("a.bin"), overwrite: false)
        try document.write([1, 2] as [UInt8])
        try document.write([0x0403] as [UInt16])
        #expect(try folder.names.count == 1 && folder.names[0].hasPrefix(".a.bin.overtile-"))
        try document.publish()
        document.remove()
        #expect(try folder.names == ["a.bin"])
        #expect(try folder.bytes("a.bin") == [1, 2, 3, 4])
        do {
            let other = try StagedDocument(path: folder.path("b.bin"), overwrite: false)
            defer { other.remove() }
            try other.write([1] as [UInt8])
        }
        #expect(try folder.names == ["a.bin"])
    }

    @Test("a file that another program made in the meantime is not replaced")
    func race() throws {
        let folder = try TemporaryFolder()
        let document = try StagedDocument(path: folder.path("a.bin"), overwrite: false)
        try document.write([1] as [UInt8])
        _ = try folder.write([9], to: "a.bin")
        let error = #expect(throws: FileError.self) { try document.publish() }
        #expect(error?.code == .outputExists)
        document.remove()
        #expect(try folder.names == ["a.bin"])
        #expect(try folder.bytes("a.bin") == [9])
    }

    @Test(
        "a place that will not do is refused in one sentence that says what to do",
        arguments: [
            ("none/a.json", FileError.Code.cannotCreate, "there is no folder"), ("taken", .outputExists, "--overwrite"),
            ("folder", .cannotCreate, "is a folder"), ("taken/a.json", .cannotCreate, "is not a folder"),
            ("", .cannotCreate, "does not name a file"),
        ])
    func refused(_ name: String, _ code: FileError.Code, _ words: String) throws {
        let folder = try TemporaryFolder()
        _ = try folder.write([1], to: "taken")
        try FileManager.default.createDirectory(atPath: folder.path("folder"), withIntermediateDirectories: true)
        let path = name.isEmpty ? "" : folder.path(name)
        let error = #expect(throws: FileError.self) { try StagedDocument.check(path: path, overwrite: false) }
        #expect(error?.code == code)
        #expect(error?.message.contains(words) == true)
        #expect(error?.message.contains("\n") == false)
        #expect(try folder.names == ["folder", "taken"])
    }
}
