import BatchRunner
import FileIO
import Foundation
import Models
import RasterIO
import Segmentation
import Synchronization
import TestData
import TestNetworks
import Testing
import TileGeometry
import SceneRunner

/// What is run, what is skipped, what is replaced, and what the ledger says of it.
struct BatchTests {
    let bench: BatchBench

    init() throws {
        bench = try BatchBench()
        try bench.addScene("a.tif")
        try bench.addScene("b.tif", seed: 5)
    }

    private func entry(_ name: String) throws -> LedgerEntry? {
        try bench.ledger.entry(of: CanonicalPath.named(bench.folder.path("in/\(name)")))
    }

    struct Change: CustomTestStringConvertible, Sendable {
        let apply: @Sendable (BatchBench) throws -> Void
        /// What becomes of a.tif and b.tif.
        let expected: [String: String]
        let testDescription: String
    }

    private static let none = ["a.tif": "unchanged", "b.tif": "unchanged"]
    private static let both = ["a.tif": "done", "b.tif": "done"]
    private static let one = ["a.tif": "done", "b.tif": "unchanged"]

    static let changes = [
        Change(apply: { _ in }, expected: none, testDescription: "nothing"),
        Change(apply: { try $0.addScene("a.tif", seed: 9) }, expected: one, testDescription: "a scene"),
        Change(
            apply: { bench in
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 1_600_000_000)],
                    ofItemAtPath: bench.folder.path("in/a.tif"))
            }, expected: one, testDescription: "a scene's time"),
        Change(
            apply: { try FileManager.default.removeItem(atPath: $0.folder.path("out/a.tif")) }, expected: one,
            testDescription: "an output that is gone"),
        Change(
            apply: { $0.modelPath = try ModelFile.paperUNet(in: $0.folder.url.path, depth: 2, seed: 2) },
            expected: both, testDescription: "the model"),
        Change(apply: { $0.options.scale = 0.02 }, expected: both, testDescription: "an option of the result"),
        Change(apply: { $0.options.workers = 1 }, expected: none, testDescription: "an option of the machine"),
        Change(apply: { $0.probabilities = "p" }, expected: both, testDescription: "which outputs"),
        Change(apply: { $0.template = "{stem}_mask.tif" }, expected: both, testDescription: "their names"),
        // An overview that somebody added does not undo what was done.
        Change(
            apply: { bench in
                let path = bench.folder.path("out/a.tif")
                _ = try bench.folder.write(try bench.folder.bytes(of: path) + [0], to: "out/a.tif")
            }, expected: none, testDescription: "an output that somebody worked on"),
    ]

    @Test("a second run redoes what changed, and nothing else", arguments: changes)
    func again(_ change: Change) throws {
        #expect(try bench.run() == Self.both)
        try change.apply(bench)
        #expect(try bench.run() == change.expected)
        #expect(try bench.run() == Self.none)
        #expect(try bench.ledger.entries().count == 2)
    }

    @Test("the ledger's entry is what was run")
    func entries() throws {
        bench.probabilities = "p"
        try bench.run()
        let entry = try #require(try entry("a.tif"))
        #expect(entry.state == .done && entry.attempts == 1 && entry.error == nil)
        #expect(entry.pixels == 600 && entry.seconds ?? 0 > 0 && entry.started == bench.time)
        #expect(entry.outputs.map(\.kind) == ["mask", "probabilities"])
        let mask = try RasterReader.wholeBand(ofFile: bench.folder.path("out/a.tif"))
        for share in entry.classShares {
            #expect(share.pixels == mask.count { Int($0) == share.value })
            #expect(share.share == Double(share.pixels) / 600)
        }
        #expect(entry.classShares.reduce(0) { $0 + $1.pixels } == 600)
        let sum = try Process.output("/usr/bin/sha256sum", [bench.folder.path("out/a.tif")]).prefix(64)
        #expect(entry.outputs[0].checksum == String(sum))
    }

    @Test("pixels without data are counted apart")
    func nodata() throws {
        let path = bench.folder.path("in/c.tif")
        try SyntheticScene.write(path, width: 30, height: 20, nodata: 0) { _, x, y in
            x < 10 ? 0 : Float(1 + (x + y) % 9)
        }
        try bench.run([path])
        let shares = try #require(try entry("c.tif")).classShares
        let last = try #require(shares.last)
        #expect(last.value == nil && last.pixels == 200 && last.share == 1.0 / 3)
        #expect(abs(shares.dropLast().reduce(0) { $0 + $1.share } - 1) < 1e-12)
    }

    @Test("one scene's failure is its own, and is tried again")
    func failure() throws {
        let bad = try bench.folder.write([1, 2, 3], to: "in/bad.tif")
        let results = try bench.run([bad, bench.folder.path("in/gone.tif"), bench.folder.path("in/a.tif")])
        #expect(results["a.tif"] == "done")
        #expect(results["bad.tif"]?.contains("bad.tif") == true && results["gone.tif"]?.contains("gone.tif") == true)
        let failed = try #require(try entry("bad.tif"))
        #expect(failed.state == .failed && failed.attempts == 1 && failed.errorStatus == 99)
        #expect(failed.error == results["bad.tif"])
        try bench.run()
        #expect(try entry("bad.tif")?.attempts == 2)
        try bench.addScene("bad.tif")
        #expect(try bench.run()["bad.tif"] == "done")
        #expect(try entry("bad.tif")?.attempts == 1 && entry("bad.tif")?.error == nil)
    }

    @Test("files that the ledger does not know are not replaced, its own are, unless somebody changed them")
    func ownership() throws {
        _ = try bench.folder.write([7], to: "out/a.tif")
        #expect(try bench.run()["a.tif"]?.contains("--overwrite") == true)
        #expect(try bench.folder.bytes("out/a.tif") == [7])
        bench.options.overwrites = true
        #expect(try bench.run()["a.tif"] == "done")
        bench.options.overwrites = false
        // Its own, put back from a copy with another time.
        let mask = try bench.folder.bytes("out/a.tif")
        _ = try bench.folder.write(mask, to: "out/a.tif")
        try bench.addScene("a.tif", seed: 1)
        #expect(try bench.run()["a.tif"] == "done")
        #expect(try bench.folder.bytes("out/a.tif") != mask)
        // Somebody's work on it.
        _ = try bench.folder.write([8], to: "out/a.tif")
        try bench.addScene("a.tif", seed: 2)
        #expect(try bench.run()["a.tif"]?.contains("--overwrite") == true)
        #expect(try bench.folder.bytes("out/a.tif") == [8])
    }

    @Test("what a killed run was at is taken up again, with its output half there, whole there or not")
    func killed() throws {
        try bench.run()
        let whole = try bench.folder.bytes("out/a.tif")
        for leftBehind in [nil, whole] {
            try FileManager.default.removeItem(atPath: bench.folder.path("out/.overtile-ledger.sqlite"))
            try FileManager.default.removeItem(atPath: bench.folder.path("out/a.tif"))
            try FileManager.default.removeItem(atPath: bench.folder.path("out/a.tif.aux.xml"))
            let batch = try bench.batch()
            let scene = bench.folder.path("in/a.tif")
            try batch.note([scene], at: bench.time)
            // A run that got as far as this.
            try batch.ledger.begin(
                CanonicalPath.named(scene), identity: nil, settings: batch.settings, model: "m",
                outputs: [OutputRecord(kind: "mask", path: CanonicalPath.named(bench.folder.path("out/a.tif")))],
                at: bench.time)
            if let leftBehind { _ = try bench.folder.write(leftBehind, to: "out/a.tif") }
            #expect(try bench.run([scene]) == ["a.tif": "done"])
            #expect(try bench.folder.bytes("out/a.tif") == whole)
            #expect(try entry("a.tif")?.attempts == 2)
        }
    }

    @Test("a stopped batch leaves its scenes waiting, and goes on from there")
    func stopped() throws {
        for number in 0..<6 { try bench.addScene("s\(number).tif") }
        let cancellation = Cancellation()
        bench.watcher.state.withLock { $0.onBegin = { if $0.hasSuffix("s2.tif") { cancellation.cancel() } } }
        let results = try bench.run(cancellation: cancellation)
        #expect(results["s5.tif"] == "stopped" && results["s2.tif"] == "stopped")
        #expect(try bench.ledger.entries(in: [.running, .failed]).isEmpty)
        #expect(try entry("s2.tif")?.state == .pending && entry("s2.tif")?.attempts == 0)
        bench.watcher.state.withLock { $0.onBegin = nil }
        let rest = try bench.run()
        #expect(rest.allSatisfy { $0.value == (results[$0.key] == "done" ? "unchanged" : "done") })
    }

    @Test("a redo that was killed after its output was replaced, and before it could say so")
    func killedRedo() throws {
        try bench.run()
        let first = try bench.folder.bytes("out/a.tif")
        try bench.addScene("a.tif", seed: 4)
        let (batch, scene) = (try bench.batch(), bench.folder.path("in/a.tif"))
        try batch.note([scene], at: bench.time)
        try batch.ledger.begin(
            CanonicalPath.named(scene), identity: nil, settings: batch.settings, model: "m",
            outputs: [OutputRecord(kind: "mask", path: CanonicalPath.named(bench.folder.path("out/a.tif")))],
            at: bench.time)
        _ = try bench.folder.write(first + [0], to: "out/a.tif")
        #expect(try bench.run() == Self.one)
    }

    @Test("a file of somebody else's does not become the ledger's by being in the way of a scene that fails")
    func inTheWay() throws {
        bench.options.overwrites = true
        let before = bench.time
        bench.time = Date() + 60
        _ = try bench.folder.write([7], to: "out/a.tif")
        let path = bench.folder.path("in/a.tif")
        let damaged = Array(try bench.folder.bytes("in/a.tif").dropLast(200))
        _ = try bench.folder.write(damaged, to: "in/a.tif")
        #expect(try bench.run([path])["a.tif"] != "done")
        bench.options.overwrites = false
        bench.time = before
        try bench.addScene("a.tif")
        #expect(try bench.run([path])["a.tif"]?.contains("--overwrite") == true)
        #expect(try bench.folder.bytes("out/a.tif") == [7])
    }

    @Test("a folder that is gone stops the batch: no scene is to blame, and none fails")
    func folderGone() throws {
        bench.probabilities = "p"
        let batch = try bench.batch()
        try FileManager.default.removeItem(atPath: bench.folder.path("p"))
        let scenes = try SceneInputs([bench.folder.path("in")]).scenes
        let error = #expect(throws: Batch.Stopped.self) { _ = try batch.run(scenes, cancellation: Cancellation()) }
        #expect((error?.cause as? RasterError)?.code == .cannotCreate, "\(error?.description ?? "")")
        #expect(error?.results.count == 2 && error?.results.contains { $0.hasFailed } == false)
        let waiting = try bench.ledger.entries(in: [.pending])
        #expect(!waiting.isEmpty && waiting.allSatisfy { $0.attempts == 0 })
        #expect(waiting.contains { $0.error?.contains("/p") == true })
        try FileManager.default.createDirectory(
            atPath: bench.folder.path("p"), withIntermediateDirectories: true)
        #expect(try bench.run() == Self.both)
    }

    @Test("a batch that opens the ledger itself keeps other runs out while it lives, and remembers what it did")
    func ofItsOwn() throws {
        let layout = try FolderLayout(folder: bench.folder.path("out"), names: "{stem}-m.tif", model: bench.modelPath)
        func batch() throws -> Batch {
            try Batch(model: Model(path: bench.modelPath), options: bench.options, outputs: layout)
        }
        let scenes = try SceneInputs([bench.folder.path("in")]).scenes
        do {
            let first = try batch()
            let error = #expect(throws: FileError.self) { _ = try batch() }
            #expect(error?.code == .locked)
            #expect(try first.run(scenes).map(\.hasFailed) == [false, false])
        }
        #expect(FileManager.default.fileExists(atPath: bench.folder.path("out/b-m.tif")))
        for result in try batch().run(scenes) {
            guard case .unchanged = result.ending else {
                Issue.record("\(result)")
                continue
            }
        }
        // Another folder's scene of the same name would have the same mask.
        try FileManager.default.createDirectory(atPath: bench.folder.path("more"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: scenes[0], toPath: bench.folder.path("more/a.tif"))
        #expect(throws: BatchError.self) { try batch().run(scenes + [bench.folder.path("more/a.tif")]) }
        let refused = #expect(throws: BatchError.self) {
            try FolderLayout(folder: bench.folder.path("out"), names: "{scene}.tif", model: bench.modelPath)
        }
        #expect(refused?.code == .usage)
    }

    @Test("a scene that changes while it is run has failed")
    func changing() throws {
        let changed = bench.folder.path("in/a.tif")
        bench.watcher.state.withLock {
            $0.onBegin = { scene in
                guard scene.hasSuffix("a.tif") else { return }
                try? FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: changed)
            }
        }
        #expect(try bench.run()["a.tif"]?.contains("changed while") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path("out"))
        #expect(!names.contains { $0.hasPrefix("a.") || $0.hasPrefix(".a.") }, "\(names)")
        bench.watcher.state.withLock { $0.onBegin = nil }
        #expect(try bench.run() == ["a.tif": "done", "b.tif": "unchanged"])
    }

    @Test("where names have the day in them, what was done yesterday is done; what changes gets today's")
    func dated() throws {
        bench.template = "{stem}-{date}.tif"
        try bench.run()
        bench.time += 86400
        #expect(try bench.run() == Self.none)
        try bench.addScene("a.tif", seed: 3)
        #expect(try bench.run() == Self.one)
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path("out"))
        #expect(names.count { $0.hasPrefix("a-") && $0.hasSuffix(".tif") } == 2)
    }

    @Test("the report tells of each scene, and is refused under a name of no format it has")
    func report() throws {
        let bad = try bench.folder.write([1, 2, 3], to: "in/bad.tif")
        let batch = try bench.batch()
        let results = try batch.run(
            [bad, bench.folder.path("in/a.tif")], cancellation: Cancellation())
        let report = RunReport(
            results, model: batch.model, folder: batch.outputs.folder, started: bench.time, finished: bench.time + 10)
        let path = bench.folder.path("report.json")
        try RunReport.check(path)
        try report.write(to: path)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(try bench.folder.bytes("report.json"))) as? [String: Any])
        #expect(object["done"] as? Int == 1 && object["failed"] as? Int == 1 && object["pixels"] as? Int == 600)
        let scenes = try #require(object["scenes"] as? [[String: Any]])
        #expect(scenes.map { $0["state"] as? String } == ["failed", "done"])
        #expect(scenes[0]["status"] as? Int == 99 && (scenes[0]["error"] as? String)?.contains("bad.tif") == true)
        #expect(throws: OutputError.self) { try RunReport.check(bench.folder.path("report.txt")) }
        #expect(throws: FileError.self) { try RunReport.check(bench.folder.path("none/report.json")) }
    }
}

extension Process {
    /// What a program prints.
    static func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
