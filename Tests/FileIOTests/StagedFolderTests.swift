import FileIO
import Foundation
import TestData
import Testing

struct StagedFolderTests {
    @Test("files that belong together appear together, the hidden folder goes")
    func together() throws {
        let folder = try TemporaryFolder()
        let staged = try StagedFolder(path: folder.path("a.shp"), siblings: ["shx", "dbf"], overwrite: false)
        try staged.make()
        for name in ["a.shp", "a.shx", "a.dbf"] {
            let place = FileName.joined(FileName.folder(of: staged.stagingPath), name)
            try StagedDocument.write([1], to: place, overwrite: false)
        }
        // What a driver could not take away again is no output.
        _ = try folder.write([1], to: FileName.last(of: FileName.folder(of: staged.stagingPath)) + "/a_temp.shp")
        #expect(try folder.names.count == 1)
        try staged.publish()
        #expect(try folder.names == ["a.dbf", "a.shp", "a.shx"])
    }

    @Test("a file in the way of a companion is in the way of all, and nothing stays of what was moved")
    func inTheWay() throws {
        let folder = try TemporaryFolder()
        let staged = try StagedFolder(path: folder.path("a.shp"), siblings: ["shx"], overwrite: false)
        try staged.make()
        for name in ["a.shp", "a.shx"] {
            let place = FileName.joined(FileName.folder(of: staged.stagingPath), name)
            try StagedDocument.write([1], to: place, overwrite: false)
        }
        _ = try folder.write([9], to: "a.shp")
        let late = #expect(throws: FileError.self) { try staged.publish() }
        #expect(late?.code == .outputExists)
        staged.remove()
        #expect(try folder.names == ["a.shp"])
        try FileManager.default.moveItem(atPath: folder.path("a.shp"), toPath: folder.path("a.shx"))
        let early = #expect(throws: FileError.self) {
            _ = try StagedFolder(path: folder.path("a.shp"), siblings: ["shx"], overwrite: false)
        }
        #expect(early?.code == .outputExists)
        #expect(early?.message.contains("a.shx is there already") == true)
    }
}
