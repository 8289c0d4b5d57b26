import FileIO
import Foundation
import Glibc
import TestData
import Testing

/// A file and its sidecar on the way to their names, and what killed processes leave.
struct StagedFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func stage(_ bytes: [UInt8], sidecar: [UInt8]? = nil, overwrite: Bool = false) throws -> StagedFile {
        let file = try StagedFile(path: folder.path("mask.tif"), overwrite: overwrite)
        try Data(bytes).write(to: URL(fileURLWithPath: file.stagingPath))
        if let sidecar { try Data(sidecar).write(to: URL(fileURLWithPath: file.stagingPath + ".aux.xml")) }
        return file
    }

    @Test("a raster appears with its sidecar, and one without a sidecar takes the old one away")
    func sidecar() throws {
        let first = try stage([1], sidecar: [2])
        #expect(first.finishedFiles.map(\.path) == [folder.path("mask.tif.aux.xml"), folder.path("mask.tif")])
        try first.publish()
        #expect(try folder.names == ["mask.tif", "mask.tif.aux.xml"])
        #expect(try folder.bytes("mask.tif.aux.xml") == [2])
        _ = try folder.write([3], to: "mask.tif.ovr")
        try stage([4], overwrite: true).publish()
        #expect(try folder.names == ["mask.tif"], "old names and overviews would become part of the new raster")
        #expect(try folder.bytes("mask.tif") == [4])
    }

    @Test("a sidecar without its raster is in the way, as it would become part of the new one")
    func orphan() throws {
        let orphan = try folder.write([1], to: "mask.tif.msk")
        let error = #expect(throws: FileError.self) { _ = try stage([1]) }
        #expect(error?.code == .outputExists)
        #expect(error?.message.contains(orphan) == true, "\(String(describing: error))")
    }

    @Test("where the raster cannot get its name, its sidecar does not keep its own")
    func race() throws {
        let file = try stage([1], sidecar: [2])
        _ = try folder.write([9], to: "mask.tif")
        let error = #expect(throws: FileError.self) { try file.publish() }
        #expect(error?.code == .outputExists)
        file.remove()
        #expect(try folder.names == ["mask.tif"])
        #expect(try folder.bytes("mask.tif") == [9])
    }

    @Test("what is left of a killed process is removed, and nothing that anybody may still be using")
    func leftovers() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/true")
        try process.run()
        process.waitUntilExit()
        let (dead, alive) = (process.processIdentifier, getpid())
        let own = [".mask.tif.overtile-\(alive)-x.tif"]
        let left = [".mask.tif.overtile-\(dead)-x.tif", ".mask.tif.overtile-\(dead)-x.tif.aux.xml"]
        let others = [
            "mask.tif", ".other.tif.overtile-\(dead)-x.tif", ".mask.tif.overtile-work", ".mask.tif.overtile-0-x.tif",
        ]
        for name in own + left + others { _ = try folder.write([1], to: name) }
        StagedFile.removeLeftovers(of: folder.path("mask.tif"), isExclusive: false)
        #expect(try folder.names == (own + others).sorted())
        StagedFile.removeLeftovers(of: folder.path("mask.tif"), isExclusive: true)
        #expect(try folder.names == others.sorted())
    }
}
