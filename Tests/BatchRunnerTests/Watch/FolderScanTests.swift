import BatchRunner
import FileIO
import Foundation
import RasterIO
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Which files of a folder are taken for scenes.
struct FolderScanTests {
    let folder: TemporaryFolder
    private var root: String { folder.url.path }

    init() throws { folder = try TemporaryFolder() }

    private func make(_ names: String...) throws {
        for name in names {
            let url = folder.url.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data([1, 2, 3]).write(to: url)
        }
    }

    private func names(_ scan: FolderScan) -> [String] {
        scan.files.map { String($0.path.dropFirst(root.count + 1)) }.sorted()
    }

    @Test("scenes, and nothing that lies beside them")
    func kinds() throws {
        try make(
            "a.tif", "B.TIFF", "c.jp2", "no ending", "grüße.tif", "two.dots.tif",
            // Sidecars.
            "a.tif.aux.xml", "a.tif.ovr", "a.tif.msk", "a.tfw", "c.j2w", "a.prj", "a.RPB", "d.hdr", "a_RPC.TXT",
            // Uploads under way, markers, what editors leave.
            "e.tif.part", "f.tif.filepart", "g.crdownload", "h.tif~", ".i.tif.Xy12ab", ".hidden/j.tif", "a.tif.done",
            // What people put there.
            "README.md", "notes.txt")
        let scan = try FolderScan(folder: root, recursive: true)
        #expect(names(scan) == ["B.TIFF", "a.tif", "c.jp2", "grüße.tif", "no ending", "two.dots.tif"])
        #expect(scan.problems.isEmpty)
        #expect(scan.files.allSatisfy { $0.stamp.size == 3 && $0.stamp.modified > 0 && $0.changed > 0 })
    }

    @Test("folders within only when asked for, never Overtile's own, and none twice")
    func folders() throws {
        try make("a.tif", "x/b.tif", "x/y/c.tif", "masks/a.tif", "failed/z.tif")
        symlink(root, folder.path("x/circle"))
        symlink("../a.tif", folder.path("x/link.tif"))
        symlink("nowhere", folder.path("x/dangling.tif"))
        mkfifo(folder.path("pipe.tif"), 0o600)
        #expect(names(try FolderScan(folder: root, recursive: false)) == ["a.tif"])
        let own = [folder.path("masks"), folder.path("failed/"), folder.path("missing")]
        let scan = try FolderScan(folder: root, recursive: true, excluding: own)
        #expect(names(scan) == ["a.tif", "x/b.tif", "x/link.tif", "x/y/c.tif"])
        #expect(scan.folders.count == 3)
    }

    @Test("the folder of a satellite product is one scene, as large and as new as what it holds")
    func products() throws {
        let product = "LC08_L2SP_193024_20220710_20220722_02_T1"
        try make("a.tif", "\(product)/\(product)_SR_B4.TIF", "\(product)/more/\(product)_SR_B5.TIF", "plain/b.tif")
        func scan(recursive: Bool = false) throws -> FolderScan {
            let names = SceneNames()
            return try FolderScan(
                folder: root, recursive: recursive, accepts: names.matches, acceptsFolder: names.matchesFolder)
        }
        #expect(names(try scan()) == [product, "a.tif"])
        #expect(names(try scan(recursive: true)) == [product, "a.tif", "plain/b.tif"])
        func found() throws -> ScannedFile { try #require(try scan().files.first { $0.path.hasSuffix(product) }) }
        let before = try found()
        #expect(before.stamp.size == 6 && before.stamp == FileStamp(scene: folder.path(product)))
        let inner = folder.url.appendingPathComponent("\(product)/more/\(product)_SR_B5.TIF")
        try Data([1, 2]).write(to: inner)
        let after = try found()
        #expect(
            after.stamp.size == 5 && after.stamp.modified >= before.stamp.modified && after.changed > before.changed)
        // A pattern decides about folders as about files.
        let patterns = SceneNames(patterns: ["a*"])
        #expect(!patterns.matchesFolder(product) && SceneNames(patterns: ["LC*"]).matchesFolder(product))
        #expect(!SceneNames(patterns: ["*"]).matchesFolder("plain"))
    }

    @Test("only what the pattern names")
    func pattern() throws {
        try make("a.tif", "b.tif", "b.png")
        let scan = try FolderScan(folder: root, recursive: false) { $0.hasPrefix("b") && $0.hasSuffix(".tif") }
        #expect(names(scan) == ["b.tif"])
    }

    @Test("markers, by the whole name or the stem")
    func markers() throws {
        try make("a.tif", "a.tif.done", "b.tif", "b.done", "c.tif", "x/a.tif")
        let scan = try FolderScan(folder: root, recursive: true)
        #expect(Set(scan.files.filter(\.hasMarker).map(\.path)) == [folder.path("a.tif"), folder.path("b.tif")])
    }

    @Test("a name that is not UTF-8 is told, and left out")
    func otherBytes() throws {
        try make("a.tif")
        let descriptor = open(root + "/b\u{1}.tif", O_CREAT | O_WRONLY, 0o600)
        close(descriptor)
        var bytes = (root + "/b\u{1}.tif").utf8.map { CChar(bitPattern: $0) } + [0]
        bytes[root.utf8.count + 2] = CChar(bitPattern: 0xFF)
        rename(root + "/b\u{1}.tif", bytes)
        let scan = try FolderScan(folder: root, recursive: false)
        #expect(names(scan) == ["a.tif"])
        #expect(scan.problems.count == 1 && scan.problems[0].contains("not UTF-8"))
    }

    @Test("a folder that is not there is an error, of one line")
    func missing() throws {
        let error = #expect(throws: FileError.self) {
            try FolderScan(folder: folder.path("nothing"), recursive: true)
        }
        #expect(error?.code == .noSuchFile)
        #expect(error?.message.contains("\(folder.path("nothing"))") == true)
    }
}
