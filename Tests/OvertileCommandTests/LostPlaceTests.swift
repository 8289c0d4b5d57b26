import BatchRunner
import FileIO
import Foundation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The output folder goes away, or may not be written any more, while a scene is being run: that is said in one line, no
/// scene is blamed, and when it is mended the same command goes on.
@Suite(.serialized)
struct LostPlaceTests {
    private let bench: Workbench
    private let place: String
    private var out: String { bench.folder.path("out") }

    init() throws {
        bench = try Workbench()
        place = bench.folder.path("in")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        // Some hundred rows of tiles: the process is held still in the middle, however fast the machine.
        try SyntheticScene.write(place + "/a.tif", width: 1500, height: 3000) { _, x, y in Float((x ^ y) & 255) }
        let time = timespec(tv_sec: Int(Date().timeIntervalSince1970) - 1000, tv_nsec: 0)
        utimensat(AT_FDCWD, place + "/a.tif", [time, time], 0)
    }

    enum Command: String, CaseIterable, CustomTestStringConvertible {
        case batch, watch

        var testDescription: String { rawValue }
    }

    private func words(_ command: Command) -> [String] {
        [
            command.rawValue, place, "--model", bench.model, "--output", out, "--scale", "0.01", "--tile", "100",
            "--workers", "1", "--quiet",
        ]
    }

    /// Runs the command, and does something to its folder when some rows of tiles are done.
    private func run(
        _ words: [String], program: String = CommandProcess.executable, trouble: () throws -> Void
    ) throws -> CommandProcess.Outcome {
        let process = try CommandProcess(program, words)
        let journal = out + "/.a.tif.overtile-work/journal"
        let patience = ContinuousClock.now + .seconds(30)
        while (FileStamp(path: journal)?.size ?? 0) < 100, ContinuousClock.now < patience { usleep(1000) }
        process.signal(SIGSTOP)
        #expect(access(journal, F_OK) == 0, "the scene is under way")
        do { try trouble() } catch {
            process.signal(SIGKILL)
            _ = try process.wait()
            throw error
        }
        process.signal(SIGCONT)
        return try process.wait()
    }

    private func expectOneLine(_ outcome: CommandProcess.Outcome) {
        #expect([73, 74].contains(outcome.status), "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains(out), "\(outcome.errors)")
    }

    private func entry() throws -> LedgerEntry {
        let entries = try Ledger(folder: out, access: .reading).entries()
        #expect(entries.count == 1)
        return try #require(entries.first)
    }

    /// The same command, now that all is well again.
    private func expectMended(_ command: Command) throws {
        let again = try CommandProcess.run(words(command))
        #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
        #expect(try entry().state == .done)
        let names = try bench.outputs.filter { !$0.hasPrefix("a.") }
        #expect(names == [Ledger.fileName, FolderLock.fileName])
        let undisturbed = bench.folder.path("whole.tif")
        let whole = try CommandProcess.run([
            "segment", place + "/a.tif", "--model", bench.model, "--output", undisturbed, "--scale", "0.01", "--tile",
            "100",
        ])
        #expect(whole.status == 0)
        #expect(try bench.folder.bytes("out/a.tif") == bench.folder.bytes("whole.tif"))
    }

    @Test("the output folder is moved away and comes back", arguments: Command.allCases)
    func moved(_ command: Command) throws {
        let away = bench.folder.path("away")
        expectOneLine(try run(words(command)) { #expect(rename(out, away) == 0) })
        #expect(access(out, F_OK) != 0, "nobody makes it anew")
        #expect(rename(away, out) == 0)
        // It could not be told: the scene is as after a power loss, and nobody's fault.
        let entry = try entry()
        #expect([.pending, .running].contains(entry.state))
        try expectMended(command)
    }

    @Test("the output folder is removed with all that is in it", arguments: Command.allCases)
    func removed(_ command: Command) throws {
        expectOneLine(try run(words(command)) { try FileManager.default.removeItem(atPath: out) })
        #expect(access(out, F_OK) != 0)
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try expectMended(command)
    }

    @Test(
        "the right to write the output folder is taken away",
        .enabled(if: isBoundByRights, "needs a user who is bound by files' rights, or setpriv"),
        arguments: Command.allCases)
    func rights(_ command: Command) throws {
        let (program, words) = Self.bound(words(command))
        expectOneLine(try run(words, program: program) { #expect(chmod(out, 0o555) == 0) })
        let refused = try CommandProcess(program, words).wait()
        expectOneLine(refused)
        #expect(chmod(out, 0o755) == 0)
        let entry = try entry()
        #expect([.pending, .running].contains(entry.state) && entry.attempts <= 1)
        try expectMended(command)
    }

    @Test(
        "the disk fills up in the middle of a scene", .enabled(if: SmallDisk.isPossible, "needs the right to mount"),
        arguments: Command.allCases)
    func full(_ command: Command) throws {
        let disk = try SmallDisk(byteCount: 16 << 20)
        let folder = disk.folder.path("out")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(rmdir(out) == 0 && symlink(folder, out) == 0)
        let outcome = try run(words(command) + ["--co", "COMPRESS=NONE"]) {
            // The raw raster has its room; the finished one has not.
            try disk.occupy(disk.freeByteCount - 200_000)
        }
        #expect(outcome.status == 74 && outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("make room") && outcome.errors.contains("rows of tiles are done and kept"))
        let entry = try entry()
        #expect(entry.state == .pending && entry.attempts == 0)
        try disk.occupy(0)
        try expectMended(command)
    }

    // MARK: Rights bind root as well, without the capability that lifts them

    private static let isBoundByRights: Bool = {
        let (program, words) = bound(["--version"])
        return (try? CommandProcess(program, words).wait().status) == 0
    }()

    private static func bound(_ words: [String]) -> (program: String, words: [String]) {
        guard geteuid() == 0 else { return (CommandProcess.executable, words) }
        return (
            "/usr/bin/setpriv",
            ["--bounding-set", "-dac_override,-dac_read_search", CommandProcess.executable] + words
        )
    }
}
