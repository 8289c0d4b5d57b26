import FileIO
import Foundation
import Logging
import Segmentation
import TestData
import TestNetworks
import Testing
import TileGeometry

#if canImport(Glibc)
    import Glibc
#endif

@testable import BatchRunner
@testable import SceneRunner

/// The folder of outputs as a whole, and who has it: one run of this machine or another, parts, a merge, or nobody.
@Suite(.serialized)
struct FolderClaimTests {
    private let parts: PartsBench
    private var bench: BatchBench { parts.bench }

    init() throws { parts = try PartsBench() }

    /// Writes the lease that a run on another machine would have, so many seconds after it was renewed.
    private func writeLease(of folder: String, age: Double) throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = """
            {"host":"node7","system":"another","process":12,"started":"1","token":"x"}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + Lease.fileName))
        try manager.setAttributes(
            [.modificationDate: Date().addingTimeInterval(-age)], ofItemAtPath: folder + "/" + Lease.fileName)
    }

    @Test("a run on another machine keeps batches, parts and merges out, and is forgotten when it is silent for long")
    func anotherMachine() throws {
        try writeLease(of: parts.parts.path, age: 30)
        let whole = #expect(throws: PartError.self) { try FolderClaim(parts.output) }
        #expect(whole?.code == .running)
        #expect(
            whole?.description.contains("another run (process 12 on node7) works in it") == true,
            "\(String(describing: whole))")
        let part = #expect(throws: FileError.self) { try parts.make(1, of: 2) }
        #expect(
            part?.code == .locked && part?.description.contains("node7") == true, "\(String(describing: part))")
        try writeLease(of: parts.parts.path, age: 400)
        do {
            let claim = try FolderClaim(parts.output)
            #expect(throws: FileError.self) { try FolderClaim(parts.output) }
            #expect(throws: FileError.self) { try parts.make(1, of: 2) }
            try claim.requireHeld()
        }
        #expect(try parts.hidden.isEmpty, "nothing is left of a claim")
        try parts.make(1, of: 1)
        #expect(try parts.merge().count == 7)
    }

    @Test("a part on another machine keeps a batch out; its parts do so after its end, until they are merged")
    func divided() throws {
        try parts.make(1, of: 2)
        let folder = parts.parts.path(of: ScenePart(2, of: 2)!)
        try writeLease(of: folder, age: 30)
        let running = #expect(throws: PartError.self) { try FolderClaim(parts.output) }
        #expect(running?.code == .running && running?.description.contains("node7") == true)
        #expect(parts.parts.progress == "part 1 of 2 is complete, part 2 of 2 is being made by process 12 on node7")
        try FileManager.default.removeItem(atPath: folder)
        let left = #expect(throws: PartError.self) { try FolderClaim(parts.output) }
        #expect(left?.code == .bad && left?.description.contains("--discard") == true)
        #expect(parts.parts.progress == "part 1 of 2 is complete, part 2 of 2 is missing")
        try parts.make(2, of: 2)
        try parts.merge()
        _ = try FolderClaim(parts.output)
        #expect(parts.parts.progress == nil)
    }

    /// A laptop that slept, or a machine that the network had lost, comes back to find that another has its work.
    @Test("a batch whose folder was taken over leaves it before it writes", arguments: [false, true])
    func lost(whileItRuns: Bool) throws {
        let layout = try bench.batch().outputs
        try parts.clear()
        let claim = try FolderClaim(parts.output)
        let batch = Batch(
            ledger: try bench.ledger, model: try bench.batch().model, options: bench.options, outputs: layout,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, warnings: SceneWarnings { _ in },
            errorStatus: { _ in 99 },
            claim: claim)
        let takeOver: @Sendable () -> Void = { [path = parts.parts.path] in
            unlink(path + "/" + Lease.fileName)
            try? Data("{}".utf8).write(to: URL(fileURLWithPath: path + "/" + Lease.fileName))
        }
        if !whileItRuns { takeOver() }
        let observer = EndObserver(began: { _, _ in if whileItRuns { takeOver() } })
        let error = #expect(throws: Batch.Stopped.self) { try batch.run(parts.scenes, observer: observer) }
        #expect((error?.cause as? FileError)?.code == .locked, "\(String(describing: error))")
        #expect(error?.description.contains("has taken the folder over") == true, "\(String(describing: error))")
        let states = try batch.ledger.entries().map(\.state)
        #expect(!states.contains(.failed) && !states.contains(.done))
        #expect(try parts.stamps.isEmpty)
    }

    @Test("parts that are given up leave what they have done to the next batch, and nothing else")
    func discard() throws {
        let whole = try parts.undivided()
        #expect(throws: PartError.self) { try BatchDiscard(of: parts.output) }
        try parts.make(1, of: 2)
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try parts.make(
                2, of: 2, observer: EndObserver(began: { _, _ in cancellation.cancel() }), cancellation: cancellation)
        }
        let held = try parts.parts.lease(of: ScenePart(2, of: 2)!)
        let running = #expect(throws: PartError.self) { try BatchDiscard(of: parts.output) }
        #expect(running?.code == .running)
        held.release()
        let made = try parts.stamps
        let discard = try BatchDiscard(of: parts.output)
        let masks = try discard.cutScenes.map { try bench.batch().outputs.outputs(for: $0, date: bench.time).mask }
        #expect(!masks.isEmpty && discard.request?.arguments == ["in", "-o", "out"])
        let count = try discard.run(bench.ledger, masks: masks)
        #expect(count > 0 && count < 7)
        #expect(try parts.hidden.isEmpty)
        let endings = try bench.run()
        #expect(
            endings.values.count { $0 == "unchanged" } == count && endings.values.count { $0 == "done" } == 7 - count)
        #expect(try made.allSatisfy { try parts.stamps[$0.key] == $0.value })
        #expect(try parts.outcome([]).files == whole.files)
    }

    @Test("parts that are repeated after the merge have nothing to do, and leave nothing")
    func repeated() throws {
        for number in [1, 2] { try parts.make(number, of: 2) }
        try parts.merge()
        let before = try parts.outcome([])
        #expect(try parts.begin(2, of: 2) == nil)
        let again = #expect(throws: PartError.self) { try parts.merge() }
        #expect(again?.code == .missing && again?.description.contains("an earlier merge") == true)
        #expect(try parts.hidden.isEmpty && parts.outcome([]) == before)
        // Where anything is to be done, all parts have their records again.
        try bench.addScene("f.tif", seed: 98, crs: "EPSG:32633")
        for number in [1, 2] {
            #expect(try parts.begin(number, of: 2)?.run(observer: nil, cancellation: Cancellation()) != nil)
        }
        #expect(try parts.merge().count == 8)
    }

    @Test("a scene that is cut and taken away before the merge is the one that fails")
    func takenAway() throws {
        for number in [1, 2] { try parts.make(number, of: 2) }
        try FileManager.default.removeItem(atPath: bench.folder.path("in/large.tif"))
        let failed = try parts.merge().filter(\.hasFailed).map(\.scene)
        #expect(failed == [bench.folder.path("in/large.tif")])
        #expect(try parts.hidden.isEmpty)
        #expect(try bench.ledger.entries().first { $0.scene.hasSuffix("large.tif") }?.state == .failed)
    }

    @Test("a scene that one part cannot open is named to the others")
    func unopened() throws {
        let scene = bench.folder.path("in/b.tif")
        let scenes = try parts.scenes
        try FileManager.default.moveItem(atPath: scene, toPath: scene + ".away")
        try parts.make(1, of: 2, scenes: scenes)
        try FileManager.default.moveItem(atPath: scene + ".away", toPath: scene)
        let error = #expect(throws: PartError.self) { try parts.make(2, of: 2, scenes: scenes) }
        #expect(
            error?.description.contains("(part 1 of 2 could not open \(CanonicalPath.named(scene)))") == true,
            "\(String(describing: error))")
    }
}
