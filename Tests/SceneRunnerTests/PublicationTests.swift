import FileIO
import Foundation
import RasterIO
import Segmentation
import Synchronization
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import SceneRunner

/// All outputs of a scene appear, or none, whatever happens while they get their names.
@Suite(.serialized)
struct PublicationTests {
    private let temporary: TemporaryFolder
    private let bench: SceneBench

    init() throws {
        temporary = try TemporaryFolder()
        bench = try SceneBench(in: temporary)
    }

    /// The names in the order in which they are given, and the files of an undisturbed run.
    private func undisturbed(water: String = "water") throws -> (names: [String], files: [String: Data]) {
        let names = Mutex<[String]>([])
        let run = try bench.run(water: water)
        run.named = { name in names.withLock { $0.append(name) } }
        _ = try run.run()
        let files = try bench.files
        try bench.clear()
        return (names.withLock { $0 }, files)
    }

    @Test("the mask is named last, after all that is made of it")
    func order() throws {
        let (names, files) = try undisturbed()
        #expect(
            names.map { FileName.last(of: $0) } == [
                "report.html", "c.json", "p.json", "mask.json", "mask.qml", "mask.csv", "polygons.cpg", "polygons.dbf",
                "polygons.prj", "polygons.shx", "polygons.shp", "c.tif", "p.tif", "mask.tif.aux.xml", "mask.tif",
            ])
        #expect(Set(files.keys) == Set(names.map { String($0.dropFirst(bench.folder.count + 1)) }))
    }

    /// The files are these, to the byte, and there is nothing hidden beside them.
    private func expect(_ whole: [String: Data]) throws {
        let files = try bench.files
        #expect(files.keys.sorted() == whole.keys.sorted())
        for (name, bytes) in whole { #expect(files[name] == bytes, "\(name)") }
    }

    /// After each of the 15 names but the last.
    @Test("a run that is killed between two names, and the same run again", arguments: 1...14)
    func killed(after count: Int) async throws {
        let (names, whole) = try undisturbed()
        #expect(names.count == 15)
        try await kill(after: count, overwrite: false, water: "water")
        #expect(try bench.files.keys.contains { whole.keys.contains($0) }, "it was killed in between")
        let run = try bench.run()
        #expect(try Set(bench.files.keys).isDisjoint(with: whole.keys), "none has its name")
        let outcome = try run.run()
        #expect(outcome.summary.tilesResumed == outcome.summary.tiles)
        try expect(whole)
    }

    /// Whoever gives the command again cannot know how far the first one came: it ends well, too, and computes nothing anew.
    @Test("a run that is killed after the last name, and the same run again and again")
    func killedAtTheEnd() async throws {
        let (_, whole) = try undisturbed()
        try await kill(after: 15, overwrite: false, water: "water")
        #expect(try bench.files.filter { !$0.key.contains("/.") } == whole)
        // Killed once more, in the middle: what the first one had named is back.
        try await kill(after: 9, overwrite: false, water: "water")
        let outcome = try bench.run().run()
        #expect(outcome.summary.tilesResumed == outcome.summary.tiles)
        try expect(whole)
        let error = #expect(throws: RasterError.self) { try bench.run() }
        #expect(error?.code == .outputExists, "that run was over")
    }

    /// What a killed run has named belongs to the same command alone, and only as long as nobody has touched it.
    @Test("a run that is killed after the last name, and another one", arguments: [false, true])
    func killedAtTheEnd(isTouched: Bool) async throws {
        let (_, whole) = try undisturbed()
        try await kill(after: 15, overwrite: false, water: "water")
        if isTouched { try Data("notes".utf8).write(to: URL(fileURLWithPath: bench.path("out/mask.qml"))) }
        let error = #expect(throws: RasterError.self) { try bench.run(water: isTouched ? "water" : "lake") }
        #expect(error?.code == .outputExists)
        let files = try bench.files
        #expect(files.keys.sorted() == whole.keys.sorted(), "nothing hidden is left")
        #expect(files["out/mask.tif"] == whole["out/mask.tif"])
        #expect((files["out/mask.qml"] == whole["out/mask.qml"]) == !isTouched)
    }

    @Test("a run that replaces outputs and is killed between two names", arguments: [1, 5, 8, 12, 14])
    func killedReplacing(after count: Int) async throws {
        let whole = try undisturbed(water: "lake").files
        _ = try bench.run().run()
        let before = try bench.files
        try await kill(after: count, overwrite: true, water: "lake")
        let refused = #expect(throws: RasterError.self) { try bench.run(water: "lake") }
        #expect(refused?.code == .outputExists)
        // What was replaced is back; the work in progress waits for the same run.
        #expect(try bench.files.filter { !$0.key.contains("/.") } == before)
        _ = try bench.run(overwrite: true, water: "lake").run()
        try expect(whole)
    }

    /// Runs the scene in another process, which kills itself.
    private func kill(after count: Int, overwrite: Bool, water: String) async throws {
        let folder = bench.folder
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [folder = folder as String, count = count as Int, overwrite = overwrite as Bool, water = water as String] in
            let run = try SceneBench(folder: folder).run(overwrite: overwrite, water: water)
            run.named = SceneBench.killer(after: count)
            _ = try run.run()
        }
    }

    @Test(
        "a name that cannot be given", arguments: ["out/mask.qml", "out/polygons.shx", "out/p.tif", "out/mask.tif"],
        [false, true])
    func inTheWay(_ name: String, overwrite: Bool) throws {
        let whole = try undisturbed().files
        if overwrite { _ = try bench.run(water: "lake").run() }
        let before = try bench.files
        let run = try bench.run(overwrite: overwrite)
        let path = bench.path(name)
        // A folder comes to lie under the name when the first one has been given.
        run.named = { given in
            guard given.hasSuffix("report.html") else { return }
            unlink(path)
            mkdir(path, 0o777)
        }
        let error = #expect(throws: (any Error).self) { try run.run() }
        #expect("\(error!)".contains(FileName.last(of: path)), "\(error!)")
        #expect("\(error!)".contains("the same command goes on from there"))
        var left = try bench.files.filter { !$0.key.contains("/.") }
        #expect(left.removeValue(forKey: name) == Data("a folder".utf8))
        #expect(left == before.filter { $0.key != name })
        rmdir(path)
        let outcome = try bench.run(overwrite: overwrite).run()
        #expect(outcome.summary.tilesResumed == outcome.summary.tiles)
        try expect(whole)
    }

    /// What is made of the mask meets a place that it cannot be written to any more, when the mask is complete.
    @Test("a product that cannot be made leaves no output", arguments: [false, true])
    func productFails(isGone: Bool) throws {
        let whole = try undisturbed().files
        let (style, numbers) = (bench.path("out/mask.qml"), bench.path("numbers"))
        let error = #expect(throws: (any Error).self) {
            try bench.run().run(progress: { done, count in
                guard done == count else { return }
                if isGone { rmdir(numbers) } else { mkdir(style, 0o777) }
            })
        }
        #expect("\(error!)".contains(isGone ? numbers : style), "\(error!)")
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.path("out")).sorted()
        #expect(names == [".mask.tif.overtile-work"] + (isGone ? [] : ["mask.qml"]))
        if isGone { mkdir(numbers, 0o777) } else { rmdir(style) }
        _ = try bench.run().run()
        try expect(whole)
    }

    @Test("a run that is stopped when the rasters are complete keeps its work and names nothing")
    func stopped() throws {
        let whole = try undisturbed().files
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try bench.run().run(
                cancellation: cancellation, progress: { done, count in if done == count { cancellation.cancel() } })
        }
        #expect(try bench.files.keys.allSatisfy { $0.contains(".overtile-work") })
        _ = try bench.run().run()
        try expect(whole)
    }
}
