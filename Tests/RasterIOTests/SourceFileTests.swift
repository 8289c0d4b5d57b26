import FileIO
import Foundation
import RasterIO
import TestData
import Testing

/// The stamps by which a scene is known to be the one that it was.
struct SourceFileTests {
    @Test("ledgers and work in progress hold one flat object with these keys")
    func keys() throws {
        let text = #"{"path": "/in/a.tif", "bytes": 1000, "modified": 1600000000123456789}"#
        let file = try JSONDecoder().decode(SourceFile.self, from: Data(text.utf8))
        #expect(file.path == "/in/a.tif")
        #expect(file.stamp == FileStamp(size: 1000, modified: 1_600_000_000_123_456_789))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(
            String(decoding: try encoder.encode(file), as: UTF8.self)
                == #"{"bytes":1000,"modified":1600000000123456789,"path":"/in/a.tif"}"#)
    }

    @Test("a link is the file that it leads to, and what lies in an archive is as old as the archive")
    func places() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], to: "a.bin")
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: path)
        let file = try #require(SourceFile(path: path))
        #expect(file.stamp.size == 3)
        #expect(SourceFile(path: folder.path("link")) == file)
        let inside = try #require(SourceFile(path: "/vsizip/\(path)/scene.tif"))
        #expect(inside.path == "/vsizip/\(path)/scene.tif")
        #expect(inside.stamp == file.stamp)
        #expect(SourceFile(path: folder.path("none")) == nil)
        #expect(SourceFile(path: "/vsimem/none.tif") == nil)
    }
}
