import FileIO
import Foundation
import TestData
import Testing

struct CanonicalPathTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("in"), withIntermediateDirectories: true)
        _ = try folder.write([1], to: "in/b.tif")
    }

    @Test("one name for a scene, from whatever folder it is named")
    func named() throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("link"), withDestinationPath: folder.path("in"))
        let scene = CanonicalPath.named(folder.path("in/b.tif"))
        #expect(scene.hasSuffix("/in/b.tif"))
        #expect(CanonicalPath.named(folder.path("link/../link/b.tif")) == scene)
        #expect(CanonicalPath.named("/b.tif") == "/b.tif")
        #expect(CanonicalPath.named("/vsis3/bucket/../b.tif") == "/vsis3/bucket/../b.tif")
        // A scene that is a link keeps its name: what it leads to may be replaced.
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("in/latest.tif"), withDestinationPath: folder.path("in/b.tif"))
        #expect(CanonicalPath.named(folder.path("in/latest.tif")).hasSuffix("/in/latest.tif"))
    }

    @Test("where a path leads, whether or not anything is there")
    func destination() throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("in/latest.tif"), withDestinationPath: folder.path("in/b.tif"))
        let scene = CanonicalPath.destination(of: folder.path("in/b.tif"))
        #expect(CanonicalPath.destination(of: folder.path("in/latest.tif")) == scene)
        #expect(CanonicalPath.destination(of: folder.path("in/../in/b.tif")) == scene)
        #expect(CanonicalPath.destination(of: folder.path("in/none.tif")).hasSuffix("/in/none.tif"))
        #expect(CanonicalPath.existing(folder.path("in/none.tif")) == nil)
    }
}
