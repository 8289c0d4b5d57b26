import BatchRunner
import FileIO
import Foundation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `overtile watch`, from arrival to mask.
@Suite(.serialized)
struct WatchCommandTests {
    private let bench: Workbench
    private var incoming: String { bench.folder.path("in") }

    init() throws {
        bench = try Workbench()
        try FileManager.default.createDirectory(atPath: incoming, withIntermediateDirectories: true)
    }

    /// Puts a copy of the bench's scene into the folder, long settled.
    private func arrive(_ name: String, first count: Int? = nil) throws {
        let path = try bench.folder.copy(bench.scene, as: "in/\(name)", first: count)
        let time = timespec(tv_sec: Int(Date().timeIntervalSince1970) - 1000 - name.count, tv_nsec: 0)
        utimensat(AT_FDCWD, path, [time, time], 0)
    }

    private var words: [String] {
        ["watch", incoming, "--model", bench.model, "--output", bench.folder.path("out"), "--scale", "0.01"]
    }

    private func watch(_ more: String...) throws -> CommandProcess.Outcome { try CommandProcess.run(words + more) }

    private var masks: [String] { get throws { try bench.outputs.filter { $0.hasSuffix(".tif") } } }

    private func entries() throws -> [LedgerEntry] {
        try Ledger(folder: bench.folder.path("out"), access: .reading).entries()
    }

    @Test("a pass segments what is complete, once, and says nothing where nobody sits")
    func pass() throws {
        try arrive("a.tif")
        try arrive("b.tif")
        _ = try bench.folder.copy(bench.scene, as: "in/new.tif")
        _ = try bench.folder.copy(bench.scene, as: "in/marked.tif")
        _ = try bench.folder.write([], to: "in/marked.tif.done")
        let first = try watch("--metrics", bench.folder.path("m.prom"), "--report", bench.folder.path("r.json"))
        #expect(first.status == 0 && first.output.isEmpty && first.errors.isEmpty, "\(first.errors)")
        #expect(try masks == ["a.tif", "b.tif", "marked.tif"])
        let states = try entries().map(\.state)
        #expect(states == [.done, .done, .done, .pending])
        #expect(String(decoding: try bench.folder.bytes("m.prom"), as: UTF8.self).contains("overtile"))
        let report = String(decoding: try bench.folder.bytes("r.json"), as: UTF8.self)
        #expect(report.contains("\"done\" : 3"), "\(report)")

        let stamps = try masks.map { FileStamp(path: bench.output($0)) }
        #expect(try watch().status == 0)
        #expect(try masks.map { FileStamp(path: bench.output($0)) } == stamps)
    }

    @Test("a replaced scene is segmented again, over its own mask")
    func replaced() throws {
        try arrive("a.tif")
        #expect(try watch().status == 0)
        let before = try bench.folder.bytes("out/a.tif")
        try SyntheticScene.write(bench.folder.path("other.tif"), width: 40, height: 30)
        rename(bench.folder.path("other.tif"), incoming + "/a.tif")
        #expect(try watch("--settle", "0").status == 0)
        #expect(try bench.folder.bytes("out/a.tif") != before)
        #expect(try entries().first?.pixels == 1200)
    }

    @Test("a bad scene has its line and its attempts, then goes aside; the others are done")
    func bad() throws {
        try arrive("a.tif")
        try arrive("cut.tif", first: 5000)
        let first = try watch("--max-attempts", "2", "--failed-folder", bench.folder.path("aside"))
        #expect(first.status == 1)
        #expect(first.errorLines.contains { $0.contains("cut.tif") })
        #expect(try masks == ["a.tif"])
        let entry = try #require(try entries().last)
        #expect(entry.state == .failed && entry.attempts == 1 && entry.errorStatus == 65)
        let pause = try #require(entry.nextAttempt).timeIntervalSince(try #require(entry.finished))
        #expect(abs(pause - 300) < 1)
        #expect(try watch("--max-attempts", "2").status == 0)

        // Five minutes later.
        let ledger = try Ledger(folder: bench.folder.path("out"), access: .writing)
        try ledger.change(entry.scene) { $0.nextAttempt = Date(timeIntervalSinceNow: -1) }
        let last = try watch("--max-attempts", "2", "--failed-folder", bench.folder.path("aside"))
        #expect(last.status == 1)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: bench.folder.path("aside")).sorted() == [
                "cut.tif", "cut.tif.txt",
            ])
        #expect(try entries().last?.state == .setAside)
        #expect(try FileManager.default.contentsOfDirectory(atPath: incoming) == ["a.tif"])
    }

    @Test("a second pass leaves at once with 75 and one line")
    func locked() throws {
        try arrive("a.tif")
        let lock = try FolderLock(folder: bench.folder.path("out"))
        let outcome = try watch()
        #expect(outcome.status == 75)
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("another run"))
        #expect(try masks.isEmpty)
        withExtendedLifetime(lock) {}
    }

    @Test("--on-done is told the paths; that it fails is a warning")
    func onDone() throws {
        try arrive("it's $HOME.tif")
        try FileManager.default.createDirectory(
            atPath: bench.folder.path("p"), withIntermediateDirectories: true)
        let outcome = try watch(
            "--probabilities", bench.folder.path("p"), "--on-done",
            "printf '%s\\n' \"$OVERTILE_SCENE\" \"$OVERTILE_MASK\" \"$OVERTILE_PROBABILITIES\" \"$OVERTILE_PIXELS\" "
                + "> '\(bench.folder.path("told"))'; exit 7")
        #expect(outcome.status == 0)
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("ended with 7"), "\(outcome.errors)")
        let told = String(decoding: try bench.folder.bytes("told"), as: UTF8.self).split(separator: "\n")
        #expect(told.count == 4 && told[3] == "13500")
        for (path, name) in zip(told, ["in/it's $HOME.tif", "out/it_s $HOME.tif", "p/it_s $HOME.tif"]) {
            #expect(path.hasSuffix("/" + name) && access(String(path), F_OK) == 0, "\(path)")
        }
    }

    @Test("a disk that is full is no scene's fault: 74, and the next pass goes on", .enabled(if: SmallDisk.isPossible))
    func fullDisk() throws {
        // The ledger lies on the disk, too: what is left holds its journal, and no probabilities of 108 KB.
        let disk = try SmallDisk()
        try FileManager.default.createDirectory(atPath: disk.folder.path("p"), withIntermediateDirectories: true)
        try arrive("a.tif")
        try disk.occupy(1_000_000)
        let full = try watch("--probabilities", disk.folder.path("p"))
        #expect(full.status == 74, "\(full.errors)")
        #expect(full.errorLines.count == 1)
        #expect(try masks.isEmpty)
        let entry = try #require(try entries().first)
        #expect(entry.state == .pending && entry.attempts == 0)
        try disk.occupy(0)
        #expect(try watch("--probabilities", disk.folder.path("p")).status == 0)
        #expect(try masks == ["a.tif"])
    }

    @Test("one that stays takes what is renamed into place, and ends with the signal", .timeLimit(.minutes(2)))
    func follow() throws {
        let process = try CommandProcess(CommandProcess.executable, words + ["--follow", "--settle", "3600"])
        let patience = ContinuousClock.now + .seconds(60)
        // A rename that nobody watches would have to settle for an hour.
        while !process.isWatchingFolders, ContinuousClock.now < patience { usleep(10_000) }
        usleep(300_000)
        _ = try bench.folder.copy(bench.scene, as: "in/.a.tif.Xy12")
        rename(incoming + "/.a.tif.Xy12", incoming + "/a.tif")
        while try entries().first?.state != .done, ContinuousClock.now < patience { usleep(20_000) }
        #expect(try masks == ["a.tif"])
        usleep(300_000)
        process.signal(SIGTERM)
        let outcome = try process.wait()
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    }

    @Test(
        "what makes no sense is refused, in one line",
        arguments: [
            (["--output", "in"], "among the scenes"), (["--failed-folder", "in"], "--failed-folder"),
            (["--settle", "soon"], "--settle"), (["--max-attempts", "0"], "--max-attempts"),
        ])
    func refused(_ more: [String], _ word: String) throws {
        let more = more.map { $0 == "in" ? incoming : $0 }
        let outcome = try CommandProcess.run(words + more)
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains(word), "\(outcome.errors)")
    }

    /// No scene is there that would need it.
    @Test("a model that is not there: 66")
    func noModel() throws {
        let outcome = try watch("--model", "none.pth")
        #expect(outcome.status == 66 && outcome.errorLines.count == 1 && outcome.errors.contains("none.pth"))
    }

    @Test("a folder that is not there: 66")
    func missing() throws {
        rmdir(incoming)
        let outcome = try watch()
        #expect(outcome.status == 66 && outcome.errorLines.count == 1, "\(outcome.errors)")
    }
}
