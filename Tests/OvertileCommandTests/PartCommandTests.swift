import ArgumentParser
import FileIO
import Foundation
import TestData
import TestMaps
import TestNetworks
import Testing
import TileGeometry

#if canImport(Glibc)
    import Glibc
#endif

@testable import OvertileCommand

/// `segment --part` and `merge`, as a scheduler runs them: at once, killed, stopped, twice.
@Suite(.serialized)
struct PartCommandTests {
    private let bench: Workbench
    /// 38 rows of 3 tiles.
    private let scene: String

    init() throws {
        bench = try Workbench()
        scene = bench.folder.path("high.tif")
        try SyntheticScene.write(scene, width: 90, height: 1200, crs: "EPSG:32633")
    }

    /// The outputs have the same names in each folder, since layers are called after their files.
    private func arguments(in place: String = "out", _ more: [String] = []) -> [String] {
        func output(_ name: String) -> String { bench.folder.path("\(place)/\(name)") }
        return [
            "segment", scene, "--model", bench.model, "--output", output("out.tif"), "--probabilities",
            output("out-p.tif"), "--stats", output("out.csv"), "--polygons", output("out.geojson"), "--scale", "0.01",
            "--tile", "76", "--of", "COG",
        ] + more
    }

    private func part(_ number: Int, of count: Int, _ more: [String] = []) -> [String] {
        arguments(["--part", "\(number)/\(count)"] + more)
    }

    private func merge(_ more: [String] = []) throws -> CommandProcess.Outcome {
        try CommandProcess.run(["merge", bench.output("out.tif")] + more)
    }

    private func expectSameBytes() throws {
        try FileManager.default.createDirectory(atPath: bench.folder.path("whole"), withIntermediateDirectories: true)
        #expect(try CommandProcess.run(arguments(in: "whole")).status == 0)
        for name in ["out.tif", "out-p.tif", "out.csv", "out.geojson"] {
            #expect(try bench.folder.bytes("out/\(name)") == bench.folder.bytes("whole/\(name)"), "\(name)")
        }
        #expect(try !bench.outputs.contains { $0.hasPrefix(".") }, "nothing hidden is left")
    }

    private func waitForRows(_ part: String) throws {
        let journal = bench.output(".out.tif.overtile-work/\(part)/journal")
        let patience = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < patience {
            let size = try? FileManager.default.attributesOfItem(atPath: journal)[.size] as? Int
            if let size, size > 150 { return }
            usleep(2000)
        }
    }

    @Test("sixteen parts, several at once and in any order, and the merge that waits for them")
    func atOnce() throws {
        var generator = SeededGenerator(seed: 3)
        let numbers = (1...16).shuffled(using: &generator)
        for some in stride(from: 0, to: 16, by: 4).map({ numbers[$0..<$0 + 4] }) {
            let processes = try some.map { try CommandProcess(CommandProcess.executable, part($0, of: 16)) }
            for process in processes {
                let outcome = try process.wait()
                #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.errors)")
            }
        }
        #expect(try bench.outputs == [".out.tif.overtile-work"])
        let outcome = try merge(["--wait"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        try expectSameBytes()
    }

    @Test("paths that begin in the folder of the command are found from another")
    func otherFolder() throws {
        let line = """
            cd "$1" && for k in 2 1; do
              "$OVERTILE" segment high.tif -m "$2" -o out/out.tif --scale 0.01 --part=$k/2 || exit 9
            done; cd / && "$OVERTILE" merge "$1/out/out.tif"
            """
        let outcome = try CommandProcess.shell(line, [bench.folder.url.path, bench.model])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bench.outputs.contains("out.tif"))
    }

    @Test("kill -9 of a part, and the same command again; a merge in between names the part")
    func killed() throws {
        let process = try CommandProcess(CommandProcess.executable, part(1, of: 2))
        try waitForRows("part-1-of-2")
        process.signal(SIGKILL)
        #expect(try process.wait().status == 128 + SIGKILL)
        #expect(try CommandProcess.run(part(2, of: 2)).status == 0)
        let early = try merge()
        #expect(early.status == 66 && early.errorLines.count == 1, "\(early.errors)")
        #expect(early.errors.contains("part 1 of 2 has") && early.errors.contains("--part 1/2"))
        let again = try CommandProcess.run(part(1, of: 2, ["--verbose"]))
        #expect(again.status == 0 && again.errors.contains("tiles from an earlier run"), "\(again.errors)")
        #expect(try merge().status == 0)
        try expectSameBytes()
    }

    @Test("the first signal keeps what a part has done", arguments: [SIGINT, SIGTERM])
    func stopped(_ signal: Int32) throws {
        let process = try CommandProcess(CommandProcess.executable, part(1, of: 1))
        try waitForRows("part-1-of-1")
        process.signal(signal)
        let outcome = try process.wait()
        #expect(outcome.status == 128 + signal)
        #expect(outcome.errorLines.last?.hasSuffix("run the same command again to go on") == true)
        let left = try FileManager.default.contentsOfDirectory(
            atPath: bench.output(".out.tif.overtile-work/part-1-of-1"))
        #expect(left.contains("mask.raw") && !left.contains("lease"))
        #expect(try CommandProcess.run(part(1, of: 1)).status == 0)
        #expect(try merge().status == 0)
        try expectSameBytes()
    }

    @Test("the second process of one part leaves at once with 75, and so does a merge; one that waits does not")
    func twice() throws {
        let process = try CommandProcess(CommandProcess.executable, part(1, of: 1))
        try waitForRows("part-1-of-1")
        process.signal(SIGSTOP)
        for outcome in [try CommandProcess.run(part(1, of: 1)), try merge()] {
            #expect(outcome.status == 75 && outcome.errorLines.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains("part 1 of 1"), "\(outcome.errors)")
        }
        let again = try CommandProcess(CommandProcess.executable, part(1, of: 1, ["--wait"]))
        let waiting = try CommandProcess(CommandProcess.executable, ["merge", bench.output("out.tif"), "--wait"])
        process.signal(SIGCONT)
        #expect(try process.wait().status == 0)
        let second = try again.wait()
        // The merge may have been faster: then the outputs are there.
        #expect(second.status == 0 || second.status == 73, "\(second.errors)")
        let outcome = try waiting.wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        try expectSameBytes()
    }

    @Test("what is missing, damaged or of another run is refused in one line")
    func refused() throws {
        let none = try merge()
        #expect(
            none.status == 66 && none.errorLines.count == 1 && none.errors.contains("has no parts"), "\(none.errors)")
        for number in [1, 2, 5] { #expect(try CommandProcess.run(part(number, of: 7)).status == 0) }
        let missing = try merge()
        #expect(missing.status == 66 && missing.errorLines.count == 1, "\(missing.errors)")
        #expect(missing.errors.contains("parts 3 and 4, 6 and 7 of 7 are missing"), "\(missing.errors)")
        #expect(missing.errors.contains("--part 3/7"))
        let mixed = try CommandProcess.run(part(1, of: 2))
        #expect(mixed.status == 65 && mixed.errorLines.count == 1, "\(mixed.errors)")
        let alone = try CommandProcess.run(arguments(["--wait"]))
        #expect(alone.status == 64 && alone.errors.contains("give --part too"), "\(alone.errors)")
        let scenes = try CommandProcess.run(
            ["segment", scene, bench.scene, "--model", bench.model, "--output", bench.output(""), "--part", "1/2"])
        #expect(scenes.status == 64 && scenes.errors.contains("--part divides one scene"), "\(scenes.errors)")
        for wrong in ["0/2", "3/2", "2", "a"] {
            let outcome = try CommandProcess.run(arguments(["--part", wrong]))
            #expect(outcome.status == 64 && outcome.errors.contains("--part \(wrong) is no part"), "\(outcome.errors)")
        }
    }

    /// The scene has 38 rows of tiles, the last of them lower.
    @Test("the plan tells what each part and the merge would take", arguments: [1, 3, 100])
    func plan(count: Int) throws {
        let outcome = try CommandProcess.run(
            ["plan", scene, "--model", bench.model, "--tile", "76", "--parts", "\(count)", "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let found = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let parts = try #require(found["parts"] as? [[String: Double]])
        #expect(parts.map { $0["part"] } == (1...count).map { Double($0) })
        var row = 0.0
        for part in parts {
            #expect(part["firstRow"] == row)
            row += part["rows"]!
            #expect(part["tiles"] == 3 * part["rows"]!)
            #expect(abs(part["share"]! - 1 / Double(count)) < 1.0 / 30)
        }
        #expect(row == 34 && found["rows"] as? Double == row)
        #expect(abs(parts.reduce(0) { $0 + $1["share"]! } - 1) < 1e-9)
        #expect((found["merge"] as? [String: Double])?["bytes"] == 108_000.0)
        let none = try CommandProcess.run(["plan", scene, "--model", bench.model, "--parts", "0"])
        #expect(none.status == 64 && none.errors.contains("--parts 0 is out of range"), "\(none.errors)")
    }

    /// Commands in files of other programs, which nobody runs here.
    @Test("the examples' commands are of this version")
    func examples() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("examples")
        func text(_ path: String) throws -> String {
            try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        }
        for name in ["parts", "merge"] {
            let lines = try text("kubernetes/\(name).yaml").components(separatedBy: "\n")
            let start = try #require(lines.firstIndex { $0.hasSuffix("args:") }) + 1
            let words = lines[start...].prefix { $0.contains("- ") }.map { $0.components(separatedBy: "- ")[1] }
            let job =
                try JSONSerialization.jsonObject(with: Data(text("aws-batch/\(name).json").utf8)) as? [String: Any]
            let container = try #require(job?["containerProperties"] as? [String: Any])
            for command in [words, try #require(container["command"] as? [String])] {
                let parsed = try OvertileCommand.parseAsRoot(command)
                #expect(name == "parts" ? (parsed as? SegmentCommand)?.parts.part == "auto" : parsed is MergeCommand)
            }
        }
    }

    @Test("the arguments that a part remembers are those without the part")
    func remembered() {
        #expect(PartOptions.without(["a.tif", "--part", "1/2", "-o", "b"]) == ["a.tif", "-o", "b"])
        #expect(PartOptions.without(["--part=auto", "a.tif", "--wait"]) == ["a.tif"])
        #expect(
            PartOptions.without(["a.tif", "--padded", "--polygons", "p"]) == ["a.tif", "--padded", "--polygons", "p"])
    }

    /// What each scheduler says, and the part that it means; nil for an environment that does not tell.
    static let environments: [(name: String, environment: [String: String], part: String?)] = [
        ("nothing", [:], nil),
        (
            "Slurm, from 0", ["SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "0"],
            "4/8"
        ),
        (
            "Slurm, from 1", ["SLURM_ARRAY_TASK_ID": "8", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "1"],
            "8/8"
        ),
        (
            "Slurm, every tenth",
            [
                "SLURM_ARRAY_TASK_ID": "30", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "10",
                "SLURM_ARRAY_TASK_STEP": "10",
            ], "3/4"
        ),
        // Some tasks of an array that are run again: the number of parts is that of the first time.
        (
            "Slurm, a part again",
            [
                "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "1", "SLURM_ARRAY_TASK_MIN": "5",
                "OVERTILE_PARTS": "8", "OVERTILE_FIRST_PART": "1",
            ], "5/8"
        ),
        (
            "Slurm, a part again, with half of what it takes",
            [
                "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "1", "SLURM_ARRAY_TASK_MIN": "5",
                "OVERTILE_PARTS": "8",
            ], nil
        ),
        ("Kubernetes", ["JOB_COMPLETION_INDEX": "0", "OVERTILE_PARTS": "4"], "1/4"),
        ("Kubernetes without a number of parts", ["JOB_COMPLETION_INDEX": "0"], nil),
        ("AWS Batch", ["AWS_BATCH_JOB_ARRAY_INDEX": "9", "AWS_BATCH_JOB_ARRAY_SIZE": "10"], "10/10"),
        ("PBS", ["PBS_ARRAY_INDEX": "1", "OVERTILE_PARTS": "3"], "1/3"),
        ("PBS, from 0", ["PBS_ARRAY_INDEX": "0", "OVERTILE_PARTS": "3", "OVERTILE_FIRST_PART": "0"], "1/3"),
        ("PBS, from 0, unsaid", ["PBS_ARRAY_INDEX": "0", "OVERTILE_PARTS": "3"], nil),
        (
            "Grid Engine",
            ["SGE_TASK_ID": "7", "SGE_TASK_FIRST": "3", "SGE_TASK_LAST": "9", "SGE_TASK_STEPSIZE": "2"], "3/4"
        ),
        ("Grid Engine, no array", ["SGE_TASK_ID": "undefined", "OVERTILE_PARTS": "3"], nil),
        ("LSF", ["LSB_JOBINDEX": "2", "LSB_JOBINDEX_END": "5"], "2/5"),
        ("LSF, no array", ["LSB_JOBINDEX": "0", "LSB_JOBINDEX_END": "0"], nil),
        ("beyond the last", ["JOB_COMPLETION_INDEX": "4", "OVERTILE_PARTS": "4"], nil),
        ("no number", ["JOB_COMPLETION_INDEX": "one", "OVERTILE_PARTS": "4"], nil),
        ("far beyond numbers", ["SLURM_ARRAY_TASK_ID": "9223372036854775807", "SLURM_ARRAY_TASK_MIN": "-9"], nil),
    ]

    @Test("a scheduler's environment tells the part", arguments: environments.indices)
    func scheduler(index: Int) throws {
        let (name, environment, part) = Self.environments[index]
        if let part {
            #expect(try SchedulerPart.part(in: environment).argument == part, "\(name)")
        } else {
            #expect(throws: UsageError.self, "\(name)") { try SchedulerPart.part(in: environment) }
        }
    }
}
