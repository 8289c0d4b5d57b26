import FileIO
import Foundation
import Glibc
import TestData
import Testing

/// Where an output goes if its path is a link, a device, or longer than a name may be; and what a killed process leaves
/// between two names.
struct OutputPlaceTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("real"), withIntermediateDirectories: true)
    }

    private func write(_ bytes: [UInt8], to name: String, overwrite: Bool) throws {
        let file = try StagedFile(path: folder.path(name), overwrite: overwrite)
        defer { file.remove() }
        try Data(bytes).write(to: URL(fileURLWithPath: file.stagingPath))
        try Data([9]).write(to: URL(fileURLWithPath: file.stagingPath + ".aux.xml"))
        try file.publish()
    }

    @Test("a link stays, and what it points to is replaced", arguments: ["real/mask.tif", "./real/../real/mask.tif"])
    func link(_ target: String) throws {
        _ = try folder.write([1], to: "real/mask.tif")
        #expect(symlink(target, folder.path("link.tif")) == 0)
        #expect(symlink("link.tif", folder.path("second.tif")) == 0)
        let refused = #expect(throws: FileError.self) { try write([2], to: "second.tif", overwrite: false) }
        #expect(refused?.code == .outputExists && refused?.message.contains("second.tif") == true)
        try write([2], to: "second.tif", overwrite: true)
        #expect(try folder.bytes("real/mask.tif") == [2] && folder.bytes("real/mask.tif.aux.xml") == [9])
        #expect(try folder.names == ["link.tif", "real", "second.tif"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link.tif")) == target)
    }

    @Test("a link that leads nowhere is written through, and one that leads in a circle is refused")
    func dangling() throws {
        #expect(symlink("real/new.tif", folder.path("link.tif")) == 0)
        try write([3], to: "link.tif", overwrite: true)
        #expect(try folder.bytes("real/new.tif") == [3])
        #expect(symlink("b.tif", folder.path("a.tif")) == 0 && symlink("a.tif", folder.path("b.tif")) == 0)
        let circle = #expect(throws: FileError.self) { try write([3], to: "a.tif", overwrite: true) }
        #expect(circle?.message.contains("circle") == true)
    }

    @Test(
        "devices are refused, also where they lead to a file",
        arguments: ["/dev/stdout", "/dev/null", "/proc/self/fd/1"])
    func device(_ path: String) throws {
        for overwrite in [false, true] {
            let error = #expect(throws: FileError.self) { _ = try StagedFile(path: path, overwrite: overwrite) }
            #expect(error?.code == .cannotCreate && error?.message.contains("device") == true)
        }
        #expect(symlink(path, folder.path("link.tif")) == 0)
        #expect(throws: FileError.self) { _ = try StagedFile(path: folder.path("link.tif"), overwrite: true) }
    }

    @Test(
        "a name that leaves no room for what lies beside it is refused before anything is made", arguments: [247, 248])
    func length(count: Int) throws {
        let name = String(repeating: "n", count: count - 4) + ".tif"
        func stage() throws { _ = try StagedFile(path: folder.path(name), overwrite: false, suffix: ".aux.xml") }
        if count == 247 { return try stage() }
        let error = #expect(throws: FileError.self) { try stage() }
        #expect(error?.code == .cannotCreate && error?.message.contains("255") == true)
        #expect(error?.message.contains("shorter") == true)
    }

    /// Both begin with 150 bytes that are the same, and so did their hidden names.
    @Test("what is hidden of one long name is none of another's")
    func longNames() throws {
        let stem = String(repeating: "n", count: 200)
        let first = try StagedFile(path: folder.path(stem + "1.tif"), overwrite: false)
        try Data([1]).write(to: URL(fileURLWithPath: first.stagingPath))
        StagedFile.removeLeftovers(of: folder.path(stem + "2.tif"), isExclusive: true)
        #expect(FileStatus.exists(first.stagingPath))
        StagedFile.removeLeftovers(of: folder.path(stem + "1.tif"), isExclusive: true)
        #expect(!FileStatus.exists(first.stagingPath))
    }

    /// Three files of one output, as of a Shapefile, replaced or new.
    private static func publish(in folder: String, overwrite: Bool) throws {
        let staged = try StagedFolder(path: folder + "/a.shp", siblings: ["shx", "dbf"], overwrite: overwrite)
        try staged.make()
        for name in ["a.shp", "a.shx", "a.dbf"] {
            let place = FileName.joined(FileName.folder(of: staged.stagingPath), name)
            try Data([1]).write(to: URL(fileURLWithPath: place))
        }
        try staged.publish()
    }

    @Test("a kill in the place of any call of an output of several files", arguments: [false, true])
    func killed(overwrite: Bool) async throws {
        let path = folder.path("out")
        var call = 1
        while true {
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let names = ["a.shp", "a.shx", "a.dbf"]
            if overwrite { for name in names { _ = try folder.write([0], to: "out/" + name) } }
            let result = await #expect(processExitsWith: .failure, observing: [\.exitStatus]) {
                [path = path as String, overwrite = overwrite as Bool, call = call as Int] in
                try FileFault(call: call, effect: .kill).strike { try Self.publish(in: path, overwrite: overwrite) }
                exit(3)
            }
            guard result?.exitStatus == .signal(SIGKILL) else { break }
            func state() throws -> [[UInt8]?] {
                try names.map { FileStatus.exists("\(path)/\($0)") ? try folder.bytes("out/" + $0) : nil }
            }
            let isWhole = try state().allSatisfy { $0 == [1] }
            if overwrite || !isWhole { try Self.publish(in: path, overwrite: overwrite) }
            #expect(try state().allSatisfy { $0 == [1] }, "killed at call \(call)")
            let left = try FileManager.default.contentsOfDirectory(atPath: path)
            #expect(isWhole && !overwrite || left.sorted() == names.sorted(), "killed at call \(call): \(left)")
            call += 1
        }
        #expect(call > 10)
    }
}
