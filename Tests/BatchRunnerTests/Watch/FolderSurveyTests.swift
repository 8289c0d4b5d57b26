import BatchRunner
import FileIO
import Foundation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What a pass makes of a folder and a ledger, at times that the test sets.
struct FolderSurveyTests {
    let input: TemporaryFolder
    let output: TemporaryFolder
    let ledger: Ledger
    /// Scenes are written at this time, in seconds since 1970.
    static let noon = 1_700_000_000
    static let settle = 60
    private var root: String { CanonicalPath.named(input.url.path) }

    init() throws {
        input = try TemporaryFolder()
        output = try TemporaryFolder()
        ledger = try Ledger(folder: output.url.path, access: .writing)
    }

    private func path(_ name: String) -> String { root + "/" + name }

    /// Writes a file as it would have been written `seconds` after noon.
    private func write(_ name: String, _ bytes: [UInt8] = [1], at seconds: Int = 0) throws {
        _ = try input.write(bytes, to: name)
        let time = timespec(tv_sec: Self.noon + seconds, tv_nsec: 5)
        utimensat(AT_FDCWD, path(name), [time, time], 0)
    }

    /// A look `seconds` after noon. The files' times of change are the tests' own, which the rule must not see.
    private func survey(at seconds: Int, renamed: Set<String> = [], skew: Int = 0) throws -> FolderSurvey {
        let scan = try FolderScan(folder: root, recursive: false)
        let local = (Self.noon + seconds) * 1_000_000_000 + 5
        return try FolderSurvey(
            scan.withoutTimesOfChange, folder: root, ledger: ledger, rule: ArrivalRule(settle: .seconds(Self.settle)),
            maxAttempts: 3, now: .init(folder: local + skew * 1_000_000_000, local: local), renamed: renamed)
    }

    private func date(_ seconds: Int) -> Date { Date(timeIntervalSince1970: Double(Self.noon + seconds)) }

    private func note(_ survey: FolderSurvey, at seconds: Int) throws {
        try ledger.note(survey.sightings, at: date(seconds))
    }

    private func fail(_ name: String, at seconds: Int, next: Int?) throws {
        try ledger.begin(path(name), identity: nil, settings: "s", model: "m", outputs: [], at: date(seconds))
        try ledger.fail(
            path(name), error: "bad", status: 65, at: date(seconds), nextAttempt: next.map(date))
    }

    @Test("an upload is waited for, run when it settled, and then known")
    func arrival() throws {
        try write("a.tif")
        let early = try survey(at: 20)
        #expect(early.ready.isEmpty && early.arriving == 1 && early.nextLook?.rounded() == 40)
        #expect(early.sightings.map(\.scene) == [path("a.tif")])
        try note(early, at: 20)

        let settled = try survey(at: 60)
        #expect(settled.ready.map(\.path) == [path("a.tif")] && settled.sightings.isEmpty && settled.arriving == 0)
        try ledger.change(path("a.tif")) { $0.state = .done }

        let later = try survey(at: 100)
        #expect(later.ready.isEmpty && later.sightings.isEmpty && later.nextLook == nil)
    }

    @Test("a file that grows between passes is waited for again, however the clocks go")
    func growing() throws {
        for (second, size) in [(20, 1), (200, 2), (400, 3)] {
            try write("a.tif", [UInt8](repeating: 7, count: size), at: second)
            // The folder's clock is a day behind: its files never look old.
            let survey = try survey(at: second + 30, skew: -86_400)
            #expect(survey.ready.isEmpty && survey.arriving == 1)
            try note(survey, at: second + 30)
        }
        #expect(try survey(at: 430 + 59, skew: -86_400).ready.isEmpty)
        #expect(try survey(at: 430 + 61, skew: -86_400).ready.count == 1)
    }

    @Test("renamed into place, or marked: at once")
    func atOnce() throws {
        try write("a.tif")
        try write("b.tif")
        try write("b.tif.done", at: 1)
        try write("c.tif")
        let survey = try survey(at: 2, renamed: [path("a.tif")])
        #expect(survey.ready.map(\.path) == [path("a.tif"), path("b.tif")])
        #expect(survey.arriving == 1)
    }

    @Test("a TIFF whose end is missing is waited for ten times as long, then taken as it is")
    func interrupted() throws {
        let whole = input.path("whole.tif")
        try SyntheticScene.write(whole, width: 300, height: 200)
        let bytes = try input.bytes("whole.tif")
        try FileManager.default.removeItem(atPath: whole)
        try write("cut.tif", Array(bytes.dropLast(1000)))
        try write("other.png", [1])
        let waiting = try survey(at: 61)
        #expect(waiting.ready.map(\.path) == [path("other.png")] && waiting.arriving == 1)
        #expect(waiting.nextLook?.rounded() == 60)
        #expect(try survey(at: 599).ready.count == 1)
        #expect(try survey(at: 600).ready.count == 2)
        try write("cut.tif", bytes)
        #expect(try survey(at: 61).ready.count == 2)
    }

    @Test("a scene that was replaced begins anew, also while it fails")
    func replaced() throws {
        try write("done.tif")
        try write("failed.tif")
        try note(try survey(at: 60), at: 60)
        try ledger.change(path("done.tif")) { $0.state = .done }
        for time in [60, 400] { try fail("failed.tif", at: time, next: time + 300) }
        #expect(try survey(at: 500).ready.isEmpty)

        try write("done.tif", [1, 2], at: 500)
        try write("failed.tif", [2], at: 500)
        let changed = try survey(at: 510)
        #expect(changed.sightings.count == 2 && changed.arriving == 2 && changed.ready.isEmpty)
        try note(changed, at: 510)
        let entry = try #require(try ledger.entry(of: path("failed.tif")))
        #expect(entry.state == .pending && entry.attempts == 0 && entry.nextAttempt == nil)
        #expect(try survey(at: 560).ready.count == 2)
    }

    @Test("a scene that fails is tried after its pause, and given up after the last attempt")
    func failing() throws {
        try write("a.tif")
        try note(try survey(at: 60), at: 60)
        for (attempt, time) in [60, 360, 2160].enumerated() {
            #expect(try survey(at: time).ready.count == 1)
            let next = RetryRule(maxAttempts: 3).next(after: attempt + 1, failedAt: date(time))
            #expect(next == [date(360), date(2160), nil][attempt])
            try fail("a.tif", at: time, next: next.map { Int($0.timeIntervalSince1970) - Self.noon })
            guard attempt < 2 else { break }
            let resting = try survey(at: time + 10)
            #expect(resting.ready.isEmpty && resting.resting == 1 && resting.exhausted.isEmpty)
            #expect(resting.nextLook?.rounded() == [290, 1790][attempt])
        }
        let last = try survey(at: 3000)
        #expect(last.exhausted == [path("a.tif")] && last.ready.isEmpty)

        // Moved aside, and put back as it was.
        try ledger.setAside(path("a.tif"))
        let back = try survey(at: 4000)
        #expect(back.returned == [path("a.tif")] && back.ready.count == 1 && back.exhausted.isEmpty)
    }

    @Test("a scene that kills every run that touches it is given up too")
    func deadly() throws {
        try write("a.tif")
        try note(try survey(at: 60), at: 60)
        for attempt in 1...3 {
            #expect(try survey(at: 60).ready.count == 1)
            try ledger.begin(path("a.tif"), identity: nil, settings: "s", model: "m", outputs: [], at: date(60))
            #expect(try ledger.requeueInterrupted() == 1)
            #expect(try survey(at: 60).exhausted.count == (attempt == 3 ? 1 : 0))
        }
    }

    @Test("an upload that was taken away is forgotten; scenes of other folders are not")
    func vanished() throws {
        try write("a.tif")
        try write("b.tif")
        try note(try survey(at: 1), at: 1)
        try ledger.note([Sighting(scene: "/elsewhere/c.tif", stamp: FileStamp(size: 1, modified: 1))], at: date(1))
        try ledger.change(path("b.tif")) { $0.state = .done }
        for name in ["a.tif", "b.tif"] { try FileManager.default.removeItem(atPath: path(name)) }
        #expect(try survey(at: 2).vanished == [path("a.tif")])
    }

    @Test("those that came first are run first")
    func order() throws {
        for (name, time) in [("a.tif", 30), ("b.tif", 10), ("ä.tif", 20), ("z.tif", 10)] { try write(name, at: time) }
        #expect(
            try survey(at: 100).ready.map { $0.path.dropFirst(root.count + 1) } == ["b.tif", "z.tif", "ä.tif", "a.tif"])
    }
}

extension FolderScan {
    /// Files as if nothing but writing had ever changed them.
    fileprivate var withoutTimesOfChange: FolderScan {
        var scan = self
        scan.files = files.map { file in
            var file = file
            file.changed = file.stamp.modified
            return file
        }
        return scan
    }
}
