import FileIO
import Foundation
import Segmentation
import TestData
import Testing
import TileGeometry

@testable import BatchRunner

/// The record of a part of a batch: all of it is believed, or what was on the disk before something happened to it.
@Suite struct PartRecordTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path(PartRecord.fileName) }

    init() throws { folder = try TemporaryFolder() }

    private static let head = PartRecord.Head(
        model: "model", settings: "settings", kernels: ["kernels"], deal: "deal", scenes: 3,
        part: ScenePart(1, of: 2)!, portions: 3,
        request: PartRequest(
            folder: "/home", arguments: ["in"], command: "c", batch: PartRequest.BatchParts(count: 2)))

    private static func line(
        _ scene: Int, _ ending: PartRecord.Ending, piece: ScenePart? = nil
    ) -> PartRecord.Line {
        var entry = LedgerEntry(
            scene: "/in/\(scene).tif", stamp: FileStamp(size: 9, modified: 8),
            observed: Date(timeIntervalSince1970: 1e9))
        entry.state = .done
        return PartRecord.Line(
            portion: BatchDeal.Portion(scene: scene, piece: piece), scene: "\(scene).tif", ending: ending,
            entry: piece == nil ? entry : nil)
    }

    private func write() throws -> Data {
        let writer = try PartRecord.Writer(
            folder: folder.url.path, head: Self.head, lines: [Self.line(0, .unchanged)], requireLease: {})
        for line in [
            Self.line(1, .underway), Self.line(2, .computed, piece: ScenePart(2, of: 5)!), Self.line(1, .done),
        ] { try writer.append(line) }
        try writer.end()
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    private func read(_ data: Data) throws -> PartRecord? {
        try data.write(to: URL(fileURLWithPath: path))
        return PartRecord(folder: folder.url.path, owner: try FileStatus.ofNewFile(in: folder.url.path).owner)
    }

    @Test("what was written is read, the last line about each scene")
    func whole() throws {
        let record = try #require(try read(write()))
        #expect(record.isComplete && !record.isDamaged && record.head == Self.head)
        #expect(record.lines.count == 3)
        #expect(record.lines[.init(scene: 1)]?.ending == .done)
        #expect(record.lines[.init(scene: 1)]?.entry == Self.line(1, .done).entry)
        #expect(record.lines[.init(scene: 2, piece: ScenePart(2, of: 5)!)]?.ending == .computed)
    }

    @Test("of a file that was cut anywhere, whole lines are known, and it is not complete")
    func cut() throws {
        let data = try write()
        let ends = data.indices.filter { data[$0] == UInt8(ascii: "\n") }
        for count in 0..<data.count {
            let record = try #require(try read(data.prefix(count)))
            #expect(!record.isComplete)
            #expect(record.isDamaged == (count <= ends[0]), "only without its head, at \(count)")
            // The third line is the first one about another scene.
            #expect(record.lines.count == [1, 2, 3].count { ends[$0] < count }, "\(count)")
        }
    }

    @Test("a bit that was changed anywhere is found, as is what follows the end")
    func changed() throws {
        let data = try write()
        for index in data.indices {
            var other = data
            other[index] ^= 1
            #expect(try read(other)?.isComplete == false, "\(index)")
        }
        #expect(try read(data + data)?.isComplete == false)
        #expect(try read(data + Data("x".utf8))?.isComplete == false)
    }

    /// Lines that another program has made, with a right checksum or without one.
    @Test(
        "values that cannot be are not believed",
        arguments: [
            ("\"scene\":1}", "\"scene\":3}"), ("\"scene\":1}", "\"scene\":-1}"), ("\"number\":2", "\"number\":6"),
            ("\"count\":5", "\"count\":0"), ("\"scenes\":3", "\"scenes\":-3"), ("\"format\":1", "\"format\":2"),
            ("\"ending\":\"done\"", "\"ending\":\"gone\""), ("\"size\":9", "\"size\":1e99"),
            ("\"attempts\":0", "\"attempts\":" + String(repeating: "[", count: 5000)),
        ])
    func hostile(_ old: String, _ new: String) throws {
        let text = String(decoding: try write(), as: UTF8.self)
        #expect(text.contains(old))
        let lines = text.replacing(old, with: new).split(separator: "\n").dropLast().map { $0 + "\n" }.joined()
        let record = try read(Data((lines + "{\"checksum\":\"\(SHA256.checksum(of: lines))\"}\n").utf8))
        #expect(record?.isComplete == false && record?.isDamaged == true)
    }

    @Test("what is no file, or another user's, is no record")
    func special() throws {
        _ = try write()
        let owner = try FileStatus.ofNewFile(in: folder.url.path).owner
        #expect(PartRecord(folder: folder.url.path, owner: owner + 1) == nil)
        try FileManager.default.moveItem(atPath: path, toPath: folder.path("other"))
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path("other"))
        #expect(PartRecord(folder: folder.url.path, owner: owner) == nil)
        try FileManager.default.removeItem(atPath: path)
        #expect(PartRecord(folder: folder.url.path, owner: owner) == nil)
    }

    @Test("nothing is written once another process has the part, or a write has failed")
    func lost() throws {
        struct Lost: Error {}
        let isHeld = Cancellation()
        let writer = try PartRecord.Writer(
            folder: folder.url.path, head: Self.head, lines: [],
            requireLease: { if isHeld.isCancelled { throw Lost() } })
        try writer.append(Self.line(0, .done))
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        isHeld.cancel()
        #expect(throws: Lost.self) { try writer.append(Self.line(1, .done)) }
        #expect(throws: Lost.self) { try writer.end() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }
}
