import BatchRunner
import FileIO
import Foundation
import GRDB
import TestData
import Testing
import SceneRunner

/// What the ledger remembers, and of whom.
struct LedgerTests {
    let folder: TemporaryFolder
    let ledger: Ledger
    static let noon = Date(timeIntervalSince1970: 1_700_000_000)
    static let stamp = FileStamp(size: 1000, modified: 1_600_000_000_123_456_789)

    init() throws {
        folder = try TemporaryFolder()
        ledger = try Ledger(folder: folder.url.path, access: .writing)
    }

    private func note(_ scene: String, _ stamp: FileStamp = stamp, at time: Date = noon) throws {
        try ledger.note([Sighting(scene: scene, stamp: stamp)], at: time)
    }

    private func begin(_ scene: String, settings: String = "abc") throws {
        try ledger.begin(
            scene, identity: "id", settings: settings, model: "m.onnx",
            outputs: [OutputRecord(kind: "mask", path: "/out/a.tif")], at: Self.noon)
    }

    @Test("entries of other processes replace what is known, and one that makes no sense leaves all as it was")
    func adopt() throws {
        try note("/in/a.tif")
        var (one, other) = (
            LedgerEntry(scene: "/in/a.tif", stamp: Self.stamp, observed: Self.noon),
            LedgerEntry(scene: "/in/b.tif", stamp: Self.stamp, observed: Self.noon)
        )
        (one.state, one.attempts, one.error) = (.failed, 3, "bad")
        (other.state, other.pixels) = (.done, 12)
        try ledger.adopt([one, other])
        #expect(try ledger.entries() == [one, other])
        var hostile = other
        one.attempts = 4
        for change: (inout LedgerEntry) -> Void in [
            { $0.attempts = -1 }, { $0.pixels = .max }, { $0.seconds = 1e300 }, { $0.errorStatus = 256 },
            { $0.started = Date(timeIntervalSince1970: 1e18) }, { $0.stamp.size = -5 },
        ] {
            hostile = other
            change(&hostile)
            #expect(throws: LedgerError.self) { try ledger.adopt([one, hostile]) }
            #expect(try ledger.entry(of: "/in/a.tif")?.attempts == 3)
        }
        #expect(try ledger.entry(of: "/in/b.tif") == other)
    }

    @Test("every field survives, to the nanosecond of the scene's time")
    func roundTrip() throws {
        try note("/in/a.tif")
        try ledger.change("/in/a.tif") { entry in
            entry.state = .done
            entry.identity = "{\"files\":[]}"
            entry.settings = "0f"
            entry.model = "unet \"2\".pth"
            entry.attempts = 2
            entry.error = "old\nline"
            entry.errorStatus = 65
            entry.started = Self.noon
            entry.finished = Self.noon + 2.5
            entry.seconds = 2.25
            entry.pixels = 1 << 40
            entry.classShares = [ClassShare(value: 1, name: "Wasser, groß", pixels: 7, share: 0.25)]
            entry.warnings = ["one", "two"]
            entry.outputs = [OutputRecord(kind: "mask", path: "/out/ä.tif", stamp: Self.stamp, checksum: "ff")]
            entry.nextAttempt = Self.noon + 60
        }
        let entry = try #require(try ledger.entry(of: "/in/a.tif"))
        #expect(entry.stamp == Self.stamp)
        #expect(entry.state == .done && entry.attempts == 2 && entry.errorStatus == 65)
        #expect(entry.error == "old\nline" && entry.model == "unet \"2\".pth" && entry.settings == "0f")
        #expect(entry.started == Self.noon && entry.finished == Self.noon + 2.5 && entry.nextAttempt == Self.noon + 60)
        #expect(entry.seconds == 2.25 && entry.pixels == 1 << 40 && entry.warnings == ["one", "two"])
        #expect(entry.classShares == [ClassShare(value: 1, name: "Wasser, groß", pixels: 7, share: 0.25)])
        #expect(entry.outputs.first?.stamp == Self.stamp && entry.outputs.first?.path == "/out/ä.tif")
        // Read back, and written again, it is the same.
        try ledger.change("/in/a.tif") { _ in }
        #expect(try ledger.entries() == [entry])
    }

    @Test("a scene is there once, and begins anew when it changes")
    func sightings() throws {
        try note("/in/a.tif")
        try begin("/in/a.tif")
        try ledger.fail("/in/a.tif", error: "bad", status: 65, at: Self.noon, nextAttempt: Self.noon + 300)
        // Seen again as it was: nothing changes, also not since when it has been seen.
        try note("/in/a.tif", at: Self.noon + 60)
        let same = try #require(try ledger.entry(of: "/in/a.tif"))
        #expect(same.state == .failed && same.attempts == 1 && same.observed == Self.noon)
        // What was only planned, and is not there, is not remembered; what was written is.
        #expect(same.outputs.isEmpty)
        try ledger.change("/in/a.tif") {
            $0.outputs = [OutputRecord(kind: "mask", path: "/out/a.tif", stamp: Self.stamp, checksum: "ff")]
        }
        // Another size: pending, without attempts; its outputs stay its own.
        try note("/in/a.tif", FileStamp(size: 1001, modified: Self.stamp.modified), at: Self.noon + 120)
        let replaced = try #require(try ledger.entry(of: "/in/a.tif"))
        #expect(replaced.state == .pending && replaced.attempts == 0 && replaced.error == nil)
        #expect(replaced.nextAttempt == nil && replaced.observed == Self.noon + 120)
        #expect(replaced.outputs.map(\.path) == ["/out/a.tif"])
        #expect(try ledger.entries().count == 1)
    }

    @Test("attempts count up, but for those that were stopped, and anew under other settings")
    func attempts() throws {
        try note("/in/a.tif")
        try begin("/in/a.tif")
        try ledger.release("/in/a.tif")
        #expect(try ledger.entry(of: "/in/a.tif")?.attempts == 0)
        for attempt in 1...3 {
            try begin("/in/a.tif")
            #expect(try ledger.entry(of: "/in/a.tif")?.attempts == attempt)
            try ledger.fail("/in/a.tif", error: "bad", status: 65, at: Self.noon)
        }
        try begin("/in/a.tif", settings: "other")
        #expect(try ledger.entry(of: "/in/a.tif")?.attempts == 1)
    }

    @Test("what a killed run was at waits again, and the attempt counts")
    func abandoned() throws {
        try note("/in/a.tif")
        try note("/in/b.tif")
        try begin("/in/a.tif")
        let later = try Ledger(folder: folder.url.path, access: .writing)
        #expect(try later.requeueInterrupted() == 1)
        #expect(try later.entries(in: [.pending]).map(\.scene) == ["/in/a.tif", "/in/b.tif"])
        #expect(try later.entry(of: "/in/a.tif")?.attempts == 1)
    }

    /// A mistyped name would count as a failure for ever, as nobody can run it any more.
    @Test("names of which there never was a file are forgotten; files that are gone, and servers, are not")
    func neverFound() throws {
        let cases: [(scene: String, stamp: FileStamp, status: Int, isForgotten: Bool)] = [
            ("/in/mistyped.tif", .unknown, 66, true),
            ("/in/was-there.tif", Self.stamp, 66, false),
            ("/vsicurl/https://example.org/a.tif", .unknown, 66, false),
            ("NETCDF:a.nc:rain", .unknown, 66, false),
            ("/in/other.tif", .unknown, 65, false),
        ]
        for (scene, stamp, status, _) in cases {
            try note(scene, stamp)
            try begin(scene)
            try ledger.fail(scene, error: "cannot open", status: status, at: Self.noon)
        }
        try note("/in/waiting.tif", .unknown)
        try ledger.forgetNeverFound()
        let left = Set(try ledger.entries().map(\.scene))
        #expect(left == Set(cases.filter { !$0.isForgotten }.map(\.scene) + ["/in/waiting.tif"]))
    }

    @Test("sums by state")
    func totals() throws {
        for (index, scene) in ["/a", "/b", "/c", "/d"].enumerated() {
            try note(scene)
            try begin(scene)
            guard index < 3 else { continue }
            try ledger.change(scene) { entry in
                entry.state = index < 2 ? .done : .setAside
                entry.pixels = 100 * (index + 1)
                entry.seconds = 0.5
                entry.finished = Self.noon + Double(index)
            }
        }
        let totals = try ledger.totals()
        #expect(totals.scenes == [.done: 2, .setAside: 1, .running: 1])
        #expect(totals.pixels == 300 && totals.seconds == 1 && totals.failedAttempts == 1)
        #expect(totals.lastSuccess == Self.noon + 1 && totals.lastFailure == Self.noon + 2)
    }

    @Test("a hundred thousand scenes are known in one query")
    func many() throws {
        let count = 100_000
        let sightings = (0..<count).map {
            Sighting(scene: "/archive/2024/scene-\($0).tif", stamp: FileStamp(size: $0, modified: $0))
        }
        try ledger.note(sightings, at: Self.noon)
        let known = try ledger.known(sightings.lazy.map(\.scene) + ["/never/seen.tif"])
        #expect(known.count == count)
        #expect(known["/archive/2024/scene-77777.tif"]?.stamp == FileStamp(size: 77777, modified: 77777))
        #expect(known["/never/seen.tif"] == nil)
        var last = ""
        var isAscending = true
        try ledger.forEachKnown { scene in
            isAscending = isAscending && Array(last.utf8).lexicographicallyPrecedes(Array(scene.scene.utf8))
            last = scene.scene
        }
        #expect(isAscending)
    }
}
