import FileIO
import Foundation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `batch --part` and `merge` of its folder, as a scheduler runs them: at once, killed, stopped, twice.
@Suite(.serialized)
struct BatchPartCommandTests {
    private let bench: Workbench

    /// Four small scenes, one of 34 rows of 3 tiles, and one of 12.
    init() throws {
        bench = try Workbench()
        for name in ["in", "p", "whole", "whole-p"] {
            try FileManager.default.createDirectory(
                atPath: bench.folder.path(name), withIntermediateDirectories: true)
        }
        for (index, name) in ["a", "b", "c", "d"].enumerated() {
            try SyntheticScene.write(
                bench.folder.path("in/\(name).tif"), width: 40 + index, height: 30, crs: "EPSG:32633")
        }
        try SyntheticScene.write(bench.folder.path("in/high.tif"), width: 90, height: 1200, crs: "EPSG:32633")
        try SyntheticScene.write(bench.folder.path("in/low.tif"), width: 90, height: 400, crs: "EPSG:32633")
    }

    private func arguments(in place: String = "out", p: String = "p", _ more: [String] = []) -> [String] {
        [
            "batch", bench.folder.path("in"), "--model", bench.model, "--output", bench.folder.path(place),
            "--probabilities", bench.folder.path(p), "--stats", "csv", "--polygons", "geojson", "--style", "--scale",
            "0.01", "--tile", "76", "--of", "COG", "--report", bench.folder.path("\(place).json"),
        ] + more
    }

    private func part(_ number: Int, of count: Int, _ more: [String] = []) -> [String] {
        arguments(["--part", "\(number)/\(count)"] + more)
    }

    private func merge(_ more: [String] = []) throws -> CommandProcess.Outcome {
        try CommandProcess.run(["merge", bench.folder.path("out")] + more)
    }

    private func files(_ folder: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path(folder))
        for name in names where !name.hasPrefix(".") { files[name] = try bench.folder.bytes("\(folder)/\(name)") }
        return files
    }

    /// What a report tells of each scene, but for times and places.
    private func report(_ name: String) throws -> [NSDictionary] {
        let found = try JSONSerialization.jsonObject(with: Data(bench.folder.bytes(name))) as? [String: Any]
        return try #require(found?["scenes"] as? [[String: Any]]).map { scene in
            var scene = scene.filter { !["seconds", "megapixelsPerSecond", "warnings"].contains($0.key) }
            scene["outputs"] = (scene["outputs"] as? [[String: Any]])?.map { output in
                ["kind": output["kind"] as Any, "checksum": output["checksum"] as Any]
            }
            return scene as NSDictionary
        }
    }

    private func expectSameAsWhole() throws {
        #expect(try CommandProcess.run(arguments(in: "whole", p: "whole-p")).status == 0)
        let (found, whole) = (try files("out"), try files("whole"))
        #expect(found.keys.sorted() == whole.keys.sorted())
        for (name, bytes) in whole { #expect(found[name] == bytes, "\(name)") }
        #expect(try files("p") == files("whole-p"))
        #expect(try report("out.json") == report("whole.json"))
        #expect(try bench.outputs.filter { $0.hasPrefix(".") } == [".overtile-ledger.sqlite", ".overtile.lock"])
        let again = try CommandProcess.run(arguments())
        #expect(again.status == 0 && again.output.hasPrefix("0 scenes done, 6 unchanged"), "\(again.output)")
    }

    /// Waits until a part has begun, as its record tells.
    private func waitForRecord(_ part: String, lines: Int) throws {
        let record = bench.output(".overtile-parts/\(part)/record")
        let patience = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < patience {
            let text = (try? String(contentsOfFile: record, encoding: .utf8)) ?? ""
            if text.count(where: { $0 == "\n" }) >= lines { return }
            usleep(2000)
        }
    }

    @Test("five parts, several at once, and the merge that waits for them; the table is a batch's")
    func atOnce() throws {
        for some in [[4, 2], [5, 1, 3]] {
            let processes = try some.map { try CommandProcess(CommandProcess.executable, part($0, of: 5)) }
            for process in processes {
                let outcome = try process.wait()
                #expect(outcome.status == 0 && outcome.output.isEmpty && outcome.errors.isEmpty, "\(outcome.errors)")
            }
        }
        #expect(try !bench.outputs.contains(".overtile-ledger.sqlite"))
        let outcome = try merge(["--wait"])
        #expect(outcome.status == 0 && outcome.output.contains("6 scenes done in"), "\(outcome.errors)")
        try expectSameAsWhole()
    }

    /// A scheduler's number of the part, paths that begin in the folder of the command, and masks among the scenes.
    @Test("parts are found from another folder, and their masks are no scenes")
    func otherFolder() throws {
        let line = """
            cd "$1" && for k in 2 1; do
              SLURM_ARRAY_TASK_ID=$k SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=2 "$OVERTILE" batch in -m "$2" -o in \
                --name '{stem}-mask.tif' --scale 0.01 --tile 76 --part auto || exit 9
            done; cd / && "$OVERTILE" merge "$1/in/" && "$OVERTILE" status "$1/in"
            """
        let outcome = try CommandProcess.shell(line, [bench.folder.url.path, bench.model])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("6 scenes: 6 done"), "\(outcome.output)")
    }

    @Test("kill -9 of a part at several moments, and the same command again", arguments: [1, 2, 4])
    func killed(lines: Int) throws {
        #expect(try CommandProcess.run(part(2, of: 2)).status == 0)
        for _ in 0..<2 {
            let process = try CommandProcess(CommandProcess.executable, part(1, of: 2))
            try waitForRecord("part-1-of-2", lines: lines)
            process.signal(SIGKILL)
            _ = try process.wait()
        }
        #expect(try CommandProcess.run(part(1, of: 2)).status == 0)
        let outcome = try merge()
        #expect(outcome.status == 0, "\(outcome.errors)")
        try expectSameAsWhole()
    }

    @Test("SIGTERM ends a part with 143, and the merge names it")
    func stopped() throws {
        #expect(try CommandProcess.run(part(2, of: 2)).status == 0)
        let process = try CommandProcess(CommandProcess.executable, part(1, of: 2))
        try waitForRecord("part-1-of-2", lines: 1)
        process.signal(SIGTERM)
        let status = try process.wait().status
        #expect(status == 143 || status == 0)
        if status == 143 {
            let early = try merge()
            #expect(early.status == 66 && early.errorLines.count == 1, "\(early.errors)")
            #expect(early.errors.contains("part 1 of 2 has ") && early.errors.contains("--part 1/2"), "\(early.errors)")
        }
        #expect(try CommandProcess.run(part(1, of: 2)).status == 0)
        #expect(try merge().status == 0)
        try expectSameAsWhole()
    }

    @Test("the second process of a part leaves with 75, as do a merge and a batch; those that wait do not")
    func twice() throws {
        let process = try CommandProcess(CommandProcess.executable, part(1, of: 1))
        try waitForRecord("part-1-of-1", lines: 1)
        process.signal(SIGSTOP)
        for outcome in [
            try CommandProcess.run(part(1, of: 1)), try merge(), try CommandProcess.run(arguments()),
        ] {
            #expect(outcome.status == 75 && outcome.errorLines.count == 1, "\(outcome.errors)")
        }
        let waiting = try CommandProcess(
            CommandProcess.executable, ["merge", bench.folder.path("out"), "--wait"])
        process.signal(SIGCONT)
        #expect(try process.wait().status == 0)
        let outcome = try waiting.wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        try expectSameAsWhole()
    }

    @Test("a scene that fails ends its part and the merge with 1, and the other parts with 0")
    func failed() throws {
        _ = try bench.folder.write([1, 2, 3], to: "in/bad.tif")
        let statuses = try (1...3).map { try CommandProcess.run(part($0, of: 3)).status }
        #expect(statuses.sorted() == [0, 0, 1])
        let outcome = try merge(["--log-file", bench.folder.path("merge.log")])
        #expect(outcome.status == 1 && outcome.errors.contains("1 of 7 scenes failed"), "\(outcome.errors)")
        #expect(outcome.output.contains("6 scenes done, 1 failed in"), "\(outcome.output)")
        #expect(String(decoding: try bench.folder.bytes("merge.log"), as: UTF8.self).contains("batch ended"))
        let failed = try CommandProcess.run(["status", bench.folder.path("out"), "--failed"])
        #expect(failed.output.contains("bad.tif"), "\(failed.output)")
    }

    @Test("a page tells of scenes that other machines have run what it tells of its own")
    func page() throws {
        let page = bench.folder.path("page.html")
        func lines() throws -> [String] {
            String(decoding: try bench.folder.bytes("page.html"), as: UTF8.self).split(separator: "\n").map(String.init)
        }
        let more = ["--report", page]
        for number in [1, 2] { #expect(try CommandProcess.run(part(number, of: 2, more)).status == 0) }
        #expect(try merge().status == 0)
        let merged = try lines()
        #expect(try CommandProcess.run(arguments(in: "whole", p: "whole-p", more)).status == 0)
        let whole = try lines()
        // Seconds and shares of time are each run's own.
        #expect(merged.count == whole.count)
        for words in ["<dt>Tile</dt><dd>76<", "<img", "Scaling"] {
            #expect(whole.count { $0.contains(words) } == merged.count { $0.contains(words) }, "\(words)")
            #expect(whole.contains { $0.contains(words) }, "\(words)")
        }
    }

    @Test("what cannot be is refused in one line")
    func refused() throws {
        let none = try merge()
        #expect(
            none.status == 66 && none.errorLines.count == 1 && none.errors.contains("has no parts"), "\(none.errors)")
        let date = try CommandProcess.run(part(1, of: 2, ["--name", "{stem}-{date}.tif"]))
        #expect(date.status == 64 && date.errors.contains("{date}"), "\(date.errors)")
        for wrong in ["0/2", "3/2", "a"] {
            let outcome = try CommandProcess.run(arguments(["--part", wrong]))
            #expect(outcome.status == 64 && outcome.errors.contains("--part \(wrong) is no part"), "\(outcome.errors)")
        }
        let alone = try CommandProcess.run(arguments(["--wait"]))
        #expect(alone.status == 64 && alone.errors.contains("give --part too"), "\(alone.errors)")
        #expect(try bench.outputs.filter { $0 != ".overtile.lock" }.isEmpty)
        #expect(try CommandProcess.run(part(1, of: 3)).status == 0)
        let missing = try merge()
        #expect(missing.status == 66 && missing.errorLines.count == 1, "\(missing.errors)")
        #expect(missing.errors.contains("parts 2 and 3 of 3 are missing"), "\(missing.errors)")
        #expect(missing.errors.contains("overtile batch ") && missing.errors.contains("--part 2/3"))
        let whole = try CommandProcess.run(arguments())
        #expect(whole.status == 65 && whole.errors.contains("overtile merge"), "\(whole.errors)")
        for number in [2, 3] { #expect(try CommandProcess.run(part(number, of: 3)).status == 0) }
        let piece = try CommandProcess.run(["merge", bench.output("high.tif")])
        #expect(piece.status == 65 && piece.errors.contains("pieces"), "\(piece.errors)")
        #expect(try merge().status == 0)
    }
}
