import Foundation
import TestData
import TestMaps
import TestNetworks
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The command, killed, stopped, locked out and out of room: the same command again ends what was begun.
@Suite(.serialized)
struct ResumeCommandTests {
    private let bench: Workbench
    /// 38 rows of 3 tiles, and two outputs.
    private let scene: String

    init() throws {
        bench = try Workbench()
        scene = bench.folder.path("high.tif")
        try SyntheticScene.write(scene, width: 90, height: 1200)
    }

    private func arguments(_ name: String, _ more: [String] = []) -> [String] {
        [
            "segment", scene, "--model", bench.model, "--output", bench.output("\(name).tif"), "--probabilities",
            bench.output("\(name)-p.tif"), "--scale", "0.01", "--tile", "76",
        ] + more
    }

    private func expectSameBytes(_ name: String, as other: String) throws {
        for suffix in [".tif", "-p.tif"] {
            #expect(
                try bench.folder.bytes("out/\(name)\(suffix)") == bench.folder.bytes("out/\(other)\(suffix)"),
                "\(name)\(suffix)")
        }
        #expect(try !bench.outputs.contains { $0.hasPrefix(".") }, "nothing hidden is left")
    }

    private func waitForWork(_ name: String) throws {
        let journal = bench.output(".\(name).tif.overtile-work/journal")
        let patience = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < patience {
            // A few rows.
            if let size = try? FileManager.default.attributesOfItem(atPath: journal)[.size] as? Int, size > 150 {
                return
            }
            usleep(2000)
        }
    }

    /// Moments from the start of the process to beyond its end; where the run is over, the outputs make way for another.
    @Test("kill -9 at any moment, and again, ends in the same bytes")
    func kills() throws {
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try CommandProcess.run(arguments("whole")).status == 0)
        let time = clock.now - start
        let microseconds = UInt32(time / .microseconds(1))
        var generator = SeededGenerator(seed: 7)
        var goneOn = 0
        for _ in 0..<16 {
            let process = try CommandProcess(CommandProcess.executable, arguments("out"))
            usleep(UInt32.random(in: 0...microseconds, using: &generator))
            process.signal(SIGKILL)
            let outcome = try process.wait()
            // 73: the run before had come to its end when it was killed.
            if outcome.status == 0 || outcome.status == 73 {
                try expectSameBytes("out", as: "whole")
                for name in try bench.outputs where name.hasPrefix("out") { unlink(bench.output(name)) }
            } else {
                #expect(outcome.status == 128 + SIGKILL, "\(outcome.errors)")
                goneOn += 1
            }
        }
        let outcome = try CommandProcess.run(arguments("out", ["--verbose"]))
        #expect([0, 73].contains(outcome.status) && goneOn > 0, "\(outcome.errors)")
        try expectSameBytes("out", as: "whole")
    }

    /// Where 20 rows of tiles make a scene, a row is 5 % of it.
    @Test("a kill costs no more than the row of tiles that was under way")
    func lostWork() throws {
        let (rows, columns, step) = (20, 60, 32)
        let scene = bench.folder.path("rows.tif")
        try SyntheticScene.write(scene, width: columns * step, height: rows * step)
        let words = [
            "segment", scene, "--model", bench.model, "--output", bench.output("out.tif"), "--probabilities",
            bench.output("out-p.tif"), "--scale", "0.01", "--tile", "\(step + 40)", "--workers", "1", "--verbose",
        ]
        let raw = bench.output(".out.tif.overtile-work/probabilities.raw")
        /// Rows of tiles of which all is written, from the samples themselves: no probability is 0 but where there is none.
        func rowsWritten() -> Int {
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: raw), options: .alwaysMapped) else { return 0 }
            let row = columns * step * step
            guard data.count == 2 * rows * row * 4 else { return 0 }
            return data.withUnsafeBytes { bytes in
                let samples = bytes.bindMemory(to: Float.self)
                // The last tile of the row, in the first band.
                return (0..<rows).prefix { samples[($0 + 1) * row - 1] != 0 }.count
            }
        }
        func resumed(_ outcome: CommandProcess.Outcome) -> Int {
            let before = outcome.errors.components(separatedBy: " of \(rows * columns) tiles from an earlier run").first
            return before?.split(separator: " ").last.flatMap { Int($0) } ?? 0
        }
        for wanted in [1, 2, 9, 18] {
            let process = try CommandProcess(CommandProcess.executable, words)
            let patience = ContinuousClock.now + .seconds(30)
            while rowsWritten() < wanted, ContinuousClock.now < patience { usleep(500) }
            // So that what is counted is what the kill finds.
            process.signal(SIGSTOP)
            usleep(1000)
            let done = rowsWritten()
            process.signal(SIGKILL)
            #expect(try process.wait().status == 128 + SIGKILL)
            #expect(done >= wanted)
            let outcome = try CommandProcess.run(words)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let kept = resumed(outcome)
            #expect(kept % columns == 0 && (done - 1...done).contains(kept / columns), "\(kept) tiles of \(done) rows")
            for name in try bench.outputs { unlink(bench.output(name)) }
        }
    }

    @Test("the first signal keeps what is done", arguments: [SIGINT, SIGTERM, SIGHUP])
    func stopped(_ signal: Int32) throws {
        let process = try CommandProcess(CommandProcess.executable, arguments("out"))
        try waitForWork("out")
        process.signal(signal)
        let outcome = try process.wait()
        #expect(outcome.status == 128 + signal)
        let last = outcome.errorLines.last ?? ""
        #expect(last.hasSuffix("run the same command again to go on"), "\(last)")
        #expect(last.contains(" % is kept in \(bench.output(".out.tif.overtile-work")), "), "\(last)")
        #expect(!last.contains(": 0 % is") && !last.contains(": 100 % is"), "\(last)")
        #expect(try bench.outputs == [".out.tif.overtile-work"])
        let again = try CommandProcess.run(arguments("out", ["--verbose"]))
        #expect(again.status == 0 && again.errors.contains("tiles from an earlier run"), "\(again.errors)")
        #expect(try CommandProcess.run(arguments("whole")).status == 0)
        try expectSameBytes("out", as: "whole")
    }

    @Test("the second run of two leaves at once, with 75 and one line")
    func locked() throws {
        let process = try CommandProcess(CommandProcess.executable, arguments("out"))
        try waitForWork("out")
        process.signal(SIGSTOP)
        let second = try CommandProcess.run(arguments("out", ["--overwrite"]))
        process.signal(SIGCONT)
        #expect(second.status == 75, "\(second.errors)")
        #expect(second.errorLines.count == 1 && second.errors.contains("another run"))
        #expect(try process.wait().status == 0)
        #expect(try bench.outputs == ["out-p.tif", "out.qml", "out.tif", "out.tif.aux.xml"])
    }

    @Test("another model discards what was begun, in one warning")
    func anotherModel() throws {
        let process = try CommandProcess(CommandProcess.executable, arguments("out"))
        try waitForWork("out")
        process.signal(SIGKILL)
        _ = try process.wait()
        let model = try ModelFile.paperUNet(in: bench.folder.url.path, seed: 9)
        let outcome = try CommandProcess.run(arguments("out", ["--model", model]))
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("the work in progress of an earlier run is discarded: the model changed"))
        #expect(try CommandProcess.run(arguments("whole", ["--model", model])).status == 0)
        try expectSameBytes("out", as: "whole")
    }

    @Test(
        "a disk that fills up keeps what is done, for when there is room",
        .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"))
    func fullDisk() throws {
        let disk = try SmallDisk()
        func run(_ more: [String] = []) throws -> CommandProcess.Outcome {
            try CommandProcess.run(
                [
                    "segment", scene, "--model", bench.model, "--output", disk.folder.path("out.tif"), "--scale",
                    "0.01",
                    "--tile", "76", "--co", "COMPRESS=NONE",
                ] + more)
        }
        // 108 kB of work in progress do not fit; then they do, and as much of a finished raster does not.
        try disk.occupy((1 << 20) - 60_000)
        let none = try run()
        #expect(none.status == 74 && none.errorLines.count == 1, "\(none.errors)")
        #expect(none.errors.contains("there is no room beside it for 1 MiB of work in progress"))
        #expect(try disk.folder.names == ["neighbour"])
        try disk.occupy((1 << 20) - 200_000)
        let half = try run()
        #expect(half.status == 74 && half.errorLines.count == 1, "\(half.errors)")
        #expect(half.errors.contains("make room") && half.errors.contains("rows of tiles are done and kept"))
        #expect(try disk.folder.names == [".out.tif.overtile-work", "neighbour"])
        try disk.occupy(0)
        let mended = try run(["--verbose"])
        #expect(mended.status == 0 && mended.errors.contains("from an earlier run"), "\(mended.errors)")
        #expect(try !disk.folder.names.contains { $0.hasPrefix(".") })
    }
}
