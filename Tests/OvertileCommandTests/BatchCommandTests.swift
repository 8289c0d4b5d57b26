import BatchRunner
import FileIO
import Foundation
import TestData
import Testing

/// Scenes by the folder, from the command line.
@Suite(.serialized)
struct BatchCommandTests {
    let bench: Workbench

    init() throws {
        bench = try Workbench()
        try FileManager.default.createDirectory(
            atPath: bench.folder.path("in/2023"), withIntermediateDirectories: true)
        for (index, name) in ["a.tif", "b.tif", "2023/c.tif"].enumerated() {
            try SyntheticScene.write(bench.folder.path("in/\(name)"), width: 40 + index, height: 30)
        }
    }

    private func arguments(_ more: [String]) -> [String] {
        ["batch", bench.folder.path("in"), "--model", bench.model, "--output", bench.folder.path("out")]
            + ["--scale", "0.01"] + more
    }

    private func batch(_ more: String...) throws -> CommandProcess.Outcome {
        try CommandProcess.run(arguments(more))
    }

    private func masks() throws -> [String] { try bench.outputs.filter { $0.hasSuffix(".tif") } }

    @Test("runs what is new, prints a table, and knows the next time")
    func twice() throws {
        let first = try batch()
        #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)")
        #expect(first.output.contains("2 scenes done in") && first.output.contains("class 0"), "\(first.output)")
        #expect(try masks() == ["a.tif", "b.tif"])
        let second = try batch("--recursive")
        #expect(second.status == 0 && second.output.contains("1 scene done, 2 unchanged in"), "\(second.output)")
        #expect(!second.output.contains("/a.tif"))
        #expect(try masks() == ["a.tif", "b.tif", "c.tif"])
        #expect(try batch("--recursive", "--quiet").output.isEmpty)
    }

    @Test("one bad scene: its line, the others, and 1 in the end")
    func oneBad() throws {
        _ = try bench.folder.write([1, 2, 3], to: "in/bad.tif")
        let report = bench.folder.path("report.json")
        let outcome = try batch("--report", report, "--metrics", bench.folder.path("m.prom"))
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 2 && outcome.errors.contains("1 of 3 scenes failed"), "\(outcome.errors)")
        #expect(try masks() == ["a.tif", "b.tif"])
        #expect(FileManager.default.fileExists(atPath: report))
        let metrics = String(decoding: try bench.folder.bytes("m.prom"), as: UTF8.self)
        #expect(metrics.contains("state=\"failed\"} 1\n") && metrics.contains("state=\"done\"} 2\n"))
        let failed = try CommandProcess.run(["status", bench.folder.path("out"), "--failed", "--json"])
        let entries = try #require(
            try JSONSerialization.jsonObject(with: Data(failed.output.utf8)) as? [[String: Any]])
        #expect(entries.count == 1 && entries[0]["errorStatus"] as? Int == 65)
        #expect((entries[0]["scene"] as? String)?.hasSuffix("/in/bad.tif") == true)
    }

    @Test("a report of scenes that have not changed tells what their earlier run gave")
    func reportAgain() throws {
        func scenes() throws -> [[String: Any]] {
            let report = bench.folder.path("report.json")
            #expect(try CommandProcess.run(arguments(["--report", report, "--overwrite"])).status == 0)
            let found = try JSONSerialization.jsonObject(with: Data(bench.folder.bytes("report.json")))
            return try #require((found as? [String: Any])?["scenes"] as? [[String: Any]])
        }
        let (first, second) = (try scenes(), try scenes())
        #expect(first.count == 2 && second.count == 2)
        for (before, after) in zip(first, second) {
            #expect(before["state"] as? String == "done" && after["state"] as? String == "unchanged")
            for key in ["outputs", "classShares", "pixels", "scene", "warnings"] {
                #expect((before[key] as? NSObject) == (after[key] as? NSObject), "\(key)")
            }
            #expect((after["classShares"] as? [Any])?.isEmpty == false)
        }
        let page = bench.folder.path("report.html")
        #expect(try CommandProcess.run(arguments(["--report", page])).status == 0)
        let text = String(decoding: try bench.folder.bytes("report.html"), as: UTF8.self)
        for words in ["a.tif", "b.tif", "Unchanged since", "<img"] { #expect(text.contains(words), "\(words)") }
    }

    @Test("reports are written even where nobody reads the table")
    func closedPipe() throws {
        let report = bench.folder.path("report.json")
        // What reads ends at once; the batch's own status is kept in a file.
        let outcome = try CommandProcess.shell(
            "{ \"$OVERTILE\" \"$@\"; echo $? > '\(bench.folder.path("status"))'; } | true",
            arguments(["--report", report]))
        #expect(outcome.status == 0)
        #expect(String(decoding: try bench.folder.bytes("status"), as: UTF8.self) == "141\n")
        #expect(String(decoding: try bench.folder.bytes("report.json"), as: UTF8.self).contains("\"done\" : 2"))
        #expect(try masks() == ["a.tif", "b.tif"])
    }

    @Test("the status of a folder")
    func status() throws {
        let none = try CommandProcess.run(["status", bench.folder.path("out")])
        #expect(none.status == 66 && none.errorLines.count == 1, "\(none.errors)")
        _ = try batch()
        let status = try CommandProcess.run(["status", bench.folder.path("out")])
        #expect(status.status == 0 && status.output.contains("2 scenes: 2 done"), "\(status.output)")
        #expect(status.output.split(separator: "\n").count == 4)
        let metrics = try CommandProcess.run(
            ["status", bench.folder.path("out"), "--metrics", bench.folder.path("m.prom")])
        #expect(metrics.status == 0 && metrics.output.isEmpty)
        #expect(try bench.folder.bytes("m.prom").count > 500)
    }

    /// A scene that is gone may come back, as a disk that was not mounted: it is forgotten only on demand.
    @Test("scenes that are gone are forgotten on demand, and their masks stay")
    func forgetMissing() throws {
        _ = try batch()
        try FileManager.default.removeItem(atPath: bench.folder.path("in/b.tif"))
        let known = try CommandProcess.run(["status", bench.folder.path("out")])
        #expect(known.output.contains("2 scenes: 2 done"), "\(known.output)")
        let forgetting = try CommandProcess.run(["status", bench.folder.path("out"), "--forget-missing"])
        #expect(forgetting.status == 0 && forgetting.errors.contains("1 scene forgotten"), "\(forgetting.errors)")
        #expect(forgetting.output.contains("1 scene: 1 done") && forgetting.output.contains("a.tif"))
        #expect(!forgetting.output.contains("b.tif"), "\(forgetting.output)")
        #expect(try masks() == ["a.tif", "b.tif"])
        #expect(try batch().output.contains("1 unchanged"))
        // What is at work in the folder is not disturbed.
        let lock = try FolderLock(folder: bench.folder.path("out"))
        defer { withExtendedLifetime(lock) {} }
        let refused = try CommandProcess.run(["status", bench.folder.path("out"), "--forget-missing"])
        #expect(refused.status == 75 && refused.errorLines.count == 1, "\(refused.errors)")
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let more: [String]
        let status: Int32
        let words: String
        let testDescription: String
    }

    static let refusals = [
        Refusal(
            more: ["--report", "r.txt"], status: 64, words: ".html or .json", testDescription: "a report's format"),
        Refusal(more: ["--name", "{scene}.tif"], status: 64, words: "{stem}", testDescription: "a template"),
        Refusal(more: ["--name", "m.tif"], status: 64, words: "both be written", testDescription: "a clash of names"),
        Refusal(more: ["--log-format", "xml"], status: 64, words: "json", testDescription: "a log's format"),
        Refusal(
            more: ["--log-file", "/none/a.log"], status: 73, words: "cannot write the log", testDescription: "a log"),
        Refusal(more: ["--metrics", "/none/a"], status: 73, words: "no folder /none", testDescription: "metrics"),
        Refusal(
            more: ["--probabilities", "/none/none"], status: 73, words: "make it first", testDescription: "a folder"),
        Refusal(more: ["@none.txt"], status: 66, words: "none.txt", testDescription: "a list"),
        Refusal(more: ["none*.tif"], status: 66, words: "pattern", testDescription: "a pattern"),
    ]

    @Test("what cannot be is refused before anything is run", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        let outcome = try CommandProcess.run(arguments(refusal.more))
        #expect(outcome.status == refusal.status, "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains(refusal.words), "\(outcome.errors)")
        #expect(try masks().isEmpty)
    }

    @Test("a second batch on the same folder leaves at once with 75 and one line")
    func locked() throws {
        let lock = try FolderLock(folder: bench.folder.path("out"))
        let outcome = try batch()
        withExtendedLifetime(lock) {}
        #expect(outcome.status == 75 && outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(try masks().isEmpty)
    }

    @Test("with --log-format all of standard error is lines of JSON; a log file has them beside it")
    func logs() throws {
        _ = try bench.folder.write([1, 2, 3], to: "in/bad.tif")
        let outcome = try batch("--log-format", "json")
        var states: [String: Int] = [:]
        for line in outcome.errorLines {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            states[try #require(object?["message"] as? String), default: 0] += 1
        }
        #expect(states == ["scene done": 2, "scene failed": 1, "batch ended": 1, "1 of 3 scenes failed": 1])
        let log = bench.folder.path("night.log")
        let next = try batch("--log-file", log, "--recursive")
        #expect(next.status == 1 && next.errorLines.count == 2)
        let lines = String(decoding: try bench.folder.bytes(of: log), as: UTF8.self)
        #expect(lines.contains("info scene done") && lines.contains("error scene failed"), "\(lines)")
        let single = try bench.segment("--log-file", log)
        #expect(single.status == 0)
        let last = String(decoding: try bench.folder.bytes(of: log), as: UTF8.self).split(separator: "\n").last
        #expect(last?.contains("pixels=13500") == true && last?.contains("classShares.class_0=") == true)
    }

    @Test("Ctrl-C leaves the ledger right, and the next run goes on")
    func interrupted() throws {
        let process = try CommandProcess(CommandProcess.executable, try largeBatch())
        try waitForRunning()
        process.signal(SIGINT)
        let outcome = try process.wait()
        #expect(outcome.status == 130, "\(outcome.errors)")
        let states = try Ledger(folder: bench.folder.path("out"), access: .reading).entries().map(\.state)
        #expect(states.contains(.pending) && !states.contains(.running) && !states.contains(.failed), "\(states)")
    }

    @Test("kill -9, and the next run does the rest: all masks, none twice, the same bytes")
    func killed() throws {
        let expected = try #require(
            try { () -> [UInt8]? in
                _ = try batch()
                return try bench.folder.bytes("out/a.tif")
            }())
        for name in try bench.outputs { try FileManager.default.removeItem(atPath: bench.output(name)) }
        for _ in 0..<3 {
            let process = try CommandProcess(CommandProcess.executable, try largeBatch())
            try waitForRunning()
            usleep(UInt32.random(in: 0...300_000))
            process.signal(SIGKILL)
            _ = try process.wait()
        }
        // The large scene is taken away: what is left is quick.
        try FileManager.default.removeItem(atPath: bench.folder.path("in/0-large.tif"))
        let outcome = try batch()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bench.folder.bytes("out/a.tif") == expected)
        let entries = try Ledger(folder: bench.folder.path("out"), access: .reading).entries()
        #expect(entries.count == 3 && entries.count { $0.state == .done } == 2)
    }

    /// A batch whose first scene takes long.
    private func largeBatch() throws -> [String] {
        let large = bench.folder.path("in/0-large.tif")
        if !FileManager.default.fileExists(atPath: large) {
            try SyntheticScene.write(large, width: 3000, height: 3000) { _, x, y in Float((x ^ y) & 255) }
        }
        return arguments([])
    }

    private func waitForRunning() throws {
        let patience = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < patience {
            usleep(20_000)
            guard let ledger = try? Ledger(folder: bench.folder.path("out"), access: .reading) else { continue }
            if (try? ledger.totals().scenes[.running]) ?? 0 > 0 { return }
        }
    }

    @Test(
        "a full disk: 74, the ledger right, and all done when there is room",
        .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"))
    func full() throws {
        let disk = try SmallDisk()
        try SyntheticScene.write(bench.folder.path("in/d.tif"), width: 600, height: 600) { _, x, y in
            Float((x &* 2_654_435 ^ y &* 40503) & 255)
        }
        let words = [
            "batch", bench.folder.path("in"), "-m", bench.model, "-o", disk.folder.path(""), "--scale", "0.01",
            "--co", "COMPRESS=NONE",
        ]
        // Room for the ledger and the small masks.
        try disk.occupy((1 << 20) - 160_000)
        let full = try CommandProcess.run(words)
        #expect(full.status == 74, "\(full.errors)")
        #expect(full.errorLines.count == 1 && full.errors.contains("make room"), "\(full.errors)")
        #expect(try disk.folder.names.allSatisfy { !$0.contains(".overtile-") || $0 == Ledger.fileName })
        try disk.occupy(0)
        let mended = try CommandProcess.run(words)
        #expect(mended.status == 0, "\(mended.errors)")
        #expect(try Ledger(folder: disk.folder.url.path, access: .reading).totals().scenes == [.done: 3])
    }
}
