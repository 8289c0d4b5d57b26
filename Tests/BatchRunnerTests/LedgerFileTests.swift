import FileIO
import Foundation
import GRDB
import Glibc
import TestData
import Testing

@testable import BatchRunner

/// Ledgers that cannot be used, each with one clear line and the file as it was.
struct LedgerFileTests {
    let folder: TemporaryFolder
    var file: String { folder.path(Ledger.fileName) }

    init() throws { folder = try TemporaryFolder() }

    private func makeLedger(scenes: Int = 1) throws {
        let ledger = try Ledger(folder: folder.url.path, access: .writing)
        let sightings = (0..<scenes).map { Sighting(scene: "/in/\($0).tif", stamp: FileStamp(size: 1, modified: 2)) }
        try ledger.note(sightings, at: Date(timeIntervalSince1970: 0))
    }

    private func open(_ access: Ledger.Access = .writing) throws -> [LedgerEntry] {
        try Ledger(folder: folder.url.path, access: access).entries()
    }

    private func expect(_ code: LedgerError.Code, _ words: String, _ body: () throws -> Void) {
        let error = #expect(throws: LedgerError.self) { try body() }
        #expect(error?.code == code, "\(error?.description ?? "")")
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
    }

    @Test("none is made for reading")
    func none() throws {
        expect(.noLedger, "nothing was run into it") { _ = try open(.reading) }
        #expect(try folder.names.isEmpty)
        expect(.noLedger, "there is no folder") {
            _ = try Ledger(folder: folder.path("none"), access: .reading)
        }
        try makeLedger()
        #expect(try open(.reading).count == 1)
        // No journal stays behind.
        #expect(try folder.names == [Ledger.fileName])
    }

    @Test("a newer Overtile's is refused, for reading too, and stays as it is")
    func newer() throws {
        try makeLedger()
        do {
            let queue = try DatabaseQueue(path: file)
            var migrator = LedgerSchema.migrator
            migrator.registerMigration("99 weather") {
                try $0.execute(sql: "ALTER TABLE scene ADD COLUMN weather TEXT")
            }
            try migrator.migrate(queue)
            // Its own scenes are all there: a migration keeps them.
            #expect(try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM scene") } == 1)
        }
        let before = try folder.bytes(of: file)
        expect(.newer, "newer Overtile") { _ = try open() }
        expect(.newer, "newer Overtile") { _ = try open(.reading) }
        #expect(try folder.bytes(of: file) == before)
    }

    /// `status` while a batch makes its ledger: the migrator's table is there a moment before the mark. It was taken for
    /// another program's database.
    @Test("a ledger that another process is just making is a ledger")
    func inTheMaking() throws {
        try DatabaseQueue(path: file).write { database in
            try database.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        }
        #expect(try open(.reading).isEmpty)
    }

    /// A part of a batch knows what the folder's ledger knows, and opens no database where others work.
    @Test("a copy in memory has all entries, what a killed process had not finished undone, and leaves the file alone")
    func copied() throws {
        #expect(try Ledger(copying: folder.url.path).entries().isEmpty)
        #expect(try folder.names.isEmpty)
        try makeLedger(scenes: 3)
        // The journal of a process that was killed while it forgot a scene.
        let before = try folder.bytes(of: file)
        let other = try TemporaryFolder()
        do {
            let queue = try DatabaseQueue(path: file)
            try queue.inDatabase { database in
                try database.execute(sql: "PRAGMA cache_size = 1; BEGIN; DELETE FROM scene; PRAGMA cache_spill = 1")
                _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM scene")
                for name in try folder.names { _ = try other.copy(folder.path(name), as: name) }
                try database.execute(sql: "ROLLBACK")
            }
        }
        #expect(try folder.bytes(of: file) == before)
        for place in [folder, other] {
            let bytes = try place.names.map { try place.bytes($0) }
            let copy = try Ledger(copying: place.url.path)
            #expect(try copy.entries().count == 3)
            try copy.forget("/in/0.tif")
            #expect(try place.names.map { try place.bytes($0) } == bytes)
        }
        try DatabaseQueue(path: other.path("foreign")).write { try $0.execute(sql: "CREATE TABLE photos (id INTEGER)") }
        try FileManager.default.removeItem(atPath: other.path(Ledger.fileName))
        try FileManager.default.moveItem(atPath: other.path("foreign"), toPath: other.path(Ledger.fileName))
        expect(.damaged, "another program's") { _ = try Ledger(copying: other.url.path) }
    }

    @Test("another program's database is none")
    func foreign() throws {
        try DatabaseQueue(path: file).write { try $0.execute(sql: "CREATE TABLE photos (id INTEGER)") }
        expect(.damaged, "another program's") { _ = try open() }
    }

    @Test("damage is told, not mended: noise, a page of zeros, the file cut short", arguments: [0, 1, 2])
    func damaged(_ kind: Int) throws {
        try makeLedger(scenes: 3000)
        var bytes = try folder.bytes(of: file)
        switch kind {
        case 0: bytes = (0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ 31) }
        case 1: for place in 8192..<(bytes.count - 4096) { bytes[place] = 0 }
        default: bytes.removeLast(bytes.count / 2)
        }
        _ = try folder.write(bytes, to: Ledger.fileName)
        expect(.damaged, "move it away") { _ = try open() }
        #expect(try folder.bytes(of: file) == bytes)
    }

    @Test("an entry that makes no sense is damage")
    func nonsense() throws {
        try makeLedger()
        try DatabaseQueue(path: file).write { try $0.execute(sql: "UPDATE scene SET state = 'lost'") }
        expect(.damaged, "lost") { _ = try open() }
        try DatabaseQueue(path: file).write { try $0.execute(sql: "UPDATE scene SET state = 'done', outputs = '['") }
        expect(.damaged, "outputs") { _ = try open() }
    }

    /// What a flipped bit or another program puts into a column: SQLite stores any type in any of them. Each of these
    /// ended the program somewhere.
    private static let values = [
        "'text'", "x'00ff'", "1e20", "9e999", "-9e999", "9223372036854775807", "-9223372036854775808", "-1", "0.5",
        "'[[]]'",
    ]

    @Test(
        "a value of another type or size is damage wherever it is read, or does no harm",
        arguments: ["path"] + LedgerEntry.columns)
    func wrongValue(in column: String) throws {
        var refused = 0
        try makeLedger(scenes: 2)
        let whole = try folder.bytes(of: file)
        // Sums are made of scenes that are done and of those that failed.
        for (value, state) in zip(Self.values, ["done", "failed", "done", "failed", "done", "failed"]) {
            _ = try folder.write(whole, to: Ledger.fileName)
            try DatabaseQueue(path: file).inDatabase {
                try $0.execute(sql: "PRAGMA synchronous = OFF")
                try $0.execute(sql: "UPDATE scene SET state = ?", arguments: [state])
                try $0.execute(sql: "UPDATE scene SET \(column) = \(value) WHERE path = '/in/1.tif'")
            }
            refused += try use()
        }
        // Text may be anything, and so may a file's time.
        let isFree = ["path", "identity", "settings", "model", "error", "modified"].contains(column)
        #expect(refused >= (isFree ? 1 : 4), "\(refused)")
    }

    /// Everything that is done with a ledger. Returns the number of times that it was refused as damaged.
    private func use() throws -> Int {
        var refused = 0
        func attempt(_ body: (Ledger) throws -> Void) throws {
            do {
                try body(try Ledger(folder: folder.url.path, access: .writing))
            } catch let error as LedgerError {
                #expect(error.code == .damaged && error.description.contains("move it away"), "\(error)")
                refused += 1
            }
        }
        let now = Date(timeIntervalSince1970: 1e9)
        try attempt { _ = try $0.entries().map { "\($0)" } }
        try attempt { _ = try $0.known(["/in/1.tif"]) }
        try attempt { _ = LedgerMetrics(folder: "/out", totals: try $0.totals(), time: now).text }
        try attempt { ledger in
            let scan = try FolderScan(folder: folder.url.path, recursive: false)
            _ = try FolderSurvey(
                scan, folder: "/in", ledger: ledger, rule: ArrivalRule(settle: .seconds(1)), maxAttempts: 3,
                now: FolderSurvey.Moment(folder: .max, local: .max))
        }
        // All entries are read for these as well.
        guard refused == 0 else { return refused }
        try attempt { ledger in
            try ledger.note([Sighting(scene: "/in/1.tif", stamp: FileStamp(size: 1, modified: 2))], at: now)
            try ledger.begin(
                "/in/1.tif", identity: nil, settings: "settings", model: "model", outputs: [], at: now)
            try ledger.fail("/in/1.tif", error: "it failed", status: 65, at: now)
            try ledger.release("/in/1.tif")
        }
        return refused
    }

    @Test(
        "a file that lacks a table or a column, or has a rule of its own, is damaged",
        arguments: [
            "DROP TABLE scene", "ALTER TABLE scene DROP COLUMN attempts", "ALTER TABLE scene RENAME TO scenes",
            "DROP TABLE grdb_migrations",
            "CREATE TRIGGER undo AFTER UPDATE ON scene BEGIN DELETE FROM scene; END",
            "ALTER TABLE scene RENAME TO s; CREATE VIEW scene AS SELECT * FROM s",
        ])
    func otherTables(_ change: String) throws {
        try makeLedger()
        try DatabaseQueue(path: file).write { try $0.execute(sql: change) }
        for access in [Ledger.Access.reading, .writing] {
            expect(.damaged, "move it away") { _ = try open(access) }
        }
        #expect(try use() > 0)
    }

    @Test(
        "a ledger of which bytes were changed",
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)))
    func shared() throws {
        _ = try folder.write(
            [UInt8](
                try Data(contentsOf: SharedData.root.appendingPathComponent("field/hostile/damaged_ledger.sqlite"))),
            to: Ledger.fileName)
        expect(.damaged, "move it away") { _ = try open() }
    }

    @Test(
        "a full disk: an error, what was there stays, and all goes on when there is room",
        .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"))
    func full() throws {
        let disk = try SmallDisk()
        let ledger = try Ledger(folder: disk.folder.url.path, access: .writing)
        func note(_ range: Range<Int>) throws {
            let sightings = range.map { Sighting(scene: "/in/\($0).tif", stamp: FileStamp(size: $0, modified: 2)) }
            try ledger.note(sightings, at: Date(timeIntervalSince1970: 0))
        }
        try note(0..<10)
        try disk.occupy((1 << 20) - 60_000)
        expect(.outOfSpace, "make room") { try note(10..<9000) }
        #expect(try ledger.entries().count == 10)
        try disk.occupy(0)
        try note(10..<3000)
        #expect(try ledger.entries().count == 3000)
    }
}
