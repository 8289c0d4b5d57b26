import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing
import TileGeometry

/// Scenes into a folder, outputs in place of others, and the smallest scene there is.
struct SeveralScenesTests {
    let bench: Workbench

    init() throws {
        bench = try Workbench()
        try FileManager.default.createDirectory(
            atPath: bench.folder.path("probabilities"), withIntermediateDirectories: true)
    }

    private func segment(_ scenes: [String], _ more: String...) throws -> CommandProcess.Outcome {
        try CommandProcess.run(
            ["segment"] + scenes + ["--model", bench.model, "--output", bench.folder.path("out"), "--scale", "0.01"]
                + more)
    }

    @Test("each has its mask and its probabilities, under its name")
    func all() throws {
        let other = bench.folder.path("other.name.tif")
        try SyntheticScene.write(other, width: 20, height: 30)
        let outcome = try segment([bench.scene, other], "--probabilities", bench.folder.path("probabilities"))
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let names = ["other.name.tif", "scene.tif"]
        #expect(try bench.outputs.filter { $0.hasSuffix(".tif") } == names)
        let probabilities = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path("probabilities"))
        #expect(probabilities.filter { $0.hasSuffix(".tif") }.sorted() == names)
        #expect(try RasterReader(path: bench.folder.path("probabilities/scene.tif")).bands.count == 2)
    }

    @Test("those that fail have a line each, the others are done")
    func some() throws {
        let empty = try bench.folder.write([], to: "empty.tif")
        let outcome = try segment([empty, bench.scene, bench.folder.path("none.tif")])
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 3, "\(outcome.errors)")
        #expect(outcome.errors.contains("empty.tif") && outcome.errors.contains("none.tif"))
        #expect(outcome.errors.contains("2 of 3 scenes failed"))
        #expect(try bench.outputs == ["scene.qml", "scene.tif", "scene.tif.aux.xml"])
    }

    /// The masks that were there were in the way of the same command, and the report said that they had failed.
    @Test("a run that is killed between two scenes, and the same run again", arguments: [1, 2])
    func killed(after count: Int) throws {
        let large = bench.folder.path("zlarge.tif")
        try SyntheticScene.write(large, width: 1600, height: 1600)
        let other = try bench.folder.copy(bench.scene, as: "other.tif")
        func command(_ folder: String) throws -> [String] {
            try FileManager.default.createDirectory(
                atPath: bench.folder.path(folder), withIntermediateDirectories: true)
            return [
                "segment", bench.scene, other, large, "--model", bench.model, "--output", bench.folder.path(folder),
                "--scale", "0.01", "--report", bench.folder.path("\(folder)/report.json"), "--style", "--quiet",
            ]
        }
        func files(_ folder: String) throws -> [String: Data] {
            let names = try FileManager.default.subpathsOfDirectory(atPath: bench.folder.path(folder))
            return Dictionary(
                uniqueKeysWithValues: names.map { name in
                    let path = bench.folder.path("\(folder)/\(name)")
                    return (name, name == "report.json" ? Data() : FileManager.default.contents(atPath: path) ?? Data())
                })
        }
        #expect(try CommandProcess.run(command("whole")).status == 0)
        let process = try CommandProcess(CommandProcess.executable, command("out"))
        let mask = bench.output(["scene.tif", "other.tif"][count - 1])
        while !FileManager.default.fileExists(atPath: mask) && process.isRunning { usleep(500) }
        process.signal(SIGKILL)
        #expect(try process.wait().status == 128 + SIGKILL)
        #expect(try bench.outputs.contains("scene.tif"))
        let outcome = try CommandProcess.run(command("out"))
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(try files("out") == files("whole"))
        // Now that it is over, they are in the way.
        #expect(try CommandProcess.run(command("out")).status == 73)
    }

    @Test("scenes that would share an output, and a missing folder")
    func clashes() throws {
        try FileManager.default.createDirectory(atPath: bench.folder.path("b"), withIntermediateDirectories: true)
        let namesake = try bench.folder.copy(bench.scene, as: "b/scene.tif")
        let shared = try segment([bench.scene, namesake])
        #expect(shared.status == 64)
        #expect(shared.errorLines.count == 1 && shared.errors.contains("both be written"), "\(shared.errors)")
        let twice = try segment([bench.scene, bench.scene])
        #expect(twice.status == 64 && twice.errors.contains("twice"), "\(twice.errors)")
        let both = try segment([bench.scene, "x.tif"], "--probabilities", bench.folder.path("out"))
        #expect(both.status == 64 && both.errors.contains("--probabilities"), "\(both.errors)")
        let missing = try CommandProcess.run(
            ["segment", bench.scene, "x.tif", "-m", bench.model, "-o", bench.folder.path("missing/deeper")])
        #expect(missing.status == 73 && missing.errors.contains("make it first"), "\(missing.errors)")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("--overwrite replaces an output, which is not touched without it")
    func overwrite() throws {
        #expect(try bench.segment().status == 0)
        let first = try bench.folder.bytes("out/mask.tif")
        #expect(try bench.segment("--classes", "land,water").status == 73)
        #expect(try bench.folder.bytes("out/mask.tif") == first)
        #expect(try bench.segment("--classes", "land,water", "--overwrite").status == 0)
        #expect(try bench.folder.bytes("out/mask.tif") != first)
        #expect(try RasterReader(path: bench.output()).legend(ofBand: 1).map(\.name) == ["land", "water"])
    }

    @Test("a scene of one pixel, a name of two lines, negative values")
    func odd() throws {
        let scene = bench.folder.path("one\npixel ü.tif")
        try SyntheticScene.write(scene, width: 1, height: 1)
        let outcome = try segment([scene], "--offset", "-5", "--nodata", "-9999", "--mean", "-1")
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(try RasterReader(path: bench.output("one\npixel ü.tif")).size.area == 1)
    }

    @Test(
        "a disk that is full leaves nothing", .enabled(if: SmallDisk.isPossible, "needs the right to mount"),
        arguments: [0, 40_000])
    func fullDisk(free: Int) throws {
        let disk = try SmallDisk()
        try disk.occupy((1 << 20) - free)
        let scene = bench.folder.path("noise.tif")
        try SyntheticScene.write(scene, width: 700, height: 700) { _, x, y in Float((x &* 7919 ^ y &* 104_729) & 255) }
        let outcome = try CommandProcess.run(
            [
                "segment", scene, "-m", bench.model, "-o", disk.folder.path("mask.tif"), "--probabilities",
                disk.folder.path("p.tif"), "--scale", "0.01",
            ])
        #expect(outcome.status == 74, "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("make room"), "\(outcome.errors)")
        #expect(try disk.folder.names == ["neighbour"])
    }

    /// The mask came to its end after the probabilities had their name, and they stayed alone where it failed.
    @Test("a disk with room for one of two outputs has neither", .enabled(if: SmallDisk.isPossible, "needs mounting"))
    func fullDiskAtTheEnd() throws {
        let disk = try SmallDisk()
        let work = ".mask.tif.overtile-work"
        var outcomes: Set<Int32> = []
        for free in stride(from: 80_000, to: 500_000, by: 4096) where !outcomes.contains(0) {
            try disk.occupy((1 << 20) - free)
            let outcome = try CommandProcess.run(
                [
                    "segment", bench.scene, "-m", bench.model, "-o", disk.folder.path("mask.tif"), "--probabilities",
                    disk.folder.path("p.tif"), "--scale", "0.01", "--co", "COMPRESS=NONE", "--tile", "72", "-q",
                ])
            outcomes.insert(outcome.status)
            guard outcome.status != 0 else { continue }
            #expect(outcome.status == 74 && outcome.errorLines.count == 1, "\(outcome.errors)")
            #expect(try disk.folder.names.allSatisfy { $0 == "neighbour" || $0 == work }, "\(free) bytes")
        }
        // What was computed was not lost.
        #expect(try !disk.folder.names.contains(work))
        #expect(outcomes == [74, 0])
    }

    @Test("a file beyond the user's limit is an error, not the end")
    func fileSizeLimit() throws {
        let outcome = try CommandProcess.shell(
            "ulimit -f 8; \"$OVERTILE\" segment \"$1\" -m \"$2\" -o \"$3\" --co COMPRESS=NONE --scale 1",
            [bench.scene, bench.model, bench.output()])
        #expect(outcome.status == 74, "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(try bench.outputs.isEmpty)
    }
}
