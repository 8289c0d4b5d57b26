import FileIO
import Foundation
import Segmentation
import Synchronization
import TestData
import TestNetworks
import Testing
import TileGeometry

#if canImport(Glibc)
    import Glibc
#endif

@testable import BatchRunner
@testable import SceneRunner

/// A batch in parts: the same files, ledger and report as in one piece, whatever happens to the parts.
@Suite(.serialized)
struct BatchPartTests {
    private let parts: PartsBench
    private var bench: BatchBench { parts.bench }

    init() throws { parts = try PartsBench() }

    @Test("parts in any order", arguments: [[1], [2, 1], [3, 1, 2], [4, 7, 2, 5, 1, 3, 6]])
    func sameBytes(numbers: [Int]) throws {
        let whole = try parts.undivided()
        let summaries = try numbers.map { try parts.make($0, of: numbers.count) }
        #expect(summaries.allSatisfy { $0.failed == 0 })
        // Something is cut, but for one part alone.
        #expect(summaries.contains { $0.pieces > 0 } == (numbers.count > 1))
        #expect(!FileStatus.exists(parts.output + "/" + Ledger.fileName), "no ledger is shared while parts run")
        let outcome = try parts.outcome(parts.merge())
        #expect(outcome.files == whole.files)
        #expect(outcome.entries == whole.entries)
        #expect(outcome.report == whole.report)
        #expect(try parts.hidden.isEmpty)
        // A batch that is not divided finds all of it done.
        #expect(Set(try bench.run().values) == ["unchanged"])
    }

    @Test("a part that is missing is named, and so is one that was stopped, with the command that makes it")
    func missing() throws {
        let none = #expect(throws: PartError.self) { try parts.merge() }
        #expect(none?.code == .missing && none?.description.contains("has no parts") == true)
        try parts.make(1, of: 4)
        try parts.make(3, of: 4)
        let some = #expect(throws: PartError.self) { try parts.merge() }
        #expect(some?.code == .missing)
        #expect(some?.description.contains("parts 2, 4 of 4 are missing") == true, "\(String(describing: some))")
        #expect(some?.description.hasSuffix("make it in /home with: overtile batch in -o out --part 2/4") == true)
        try parts.make(4, of: 4)
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try parts.make(
                2, of: 4, observer: EndObserver { _ in cancellation.cancel() }, cancellation: cancellation)
        }
        let stopped = #expect(throws: PartError.self) { try parts.merge() }
        #expect(stopped?.description.contains("part 2 of 4 has done ") == true, "\(String(describing: stopped))")
        #expect(!FileStatus.exists(parts.output + "/" + Ledger.fileName), "a merge that cannot be makes nothing")
    }

    /// Killed before anything of the part is on its way to the record's end, and after each of its scenes.
    @Test("a part that is killed goes on, and knows its outputs", arguments: [1, 4, 6])
    func killed(after count: Int) async throws {
        let whole = try parts.undivided()
        try parts.make(2, of: 2)
        let folder = bench.folder.url.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, count = count as Int] in
            let ended = Mutex(0)
            let observer = EndObserver { _ in
                let number = ended.withLock { ended in
                    ended += 1
                    return ended
                }
                if number == count { kill(getpid(), SIGKILL) }
            }
            try PartsBench(folder: folder).make(1, of: 2, observer: observer)
        }
        #expect(throws: PartError.self) { try parts.merge() }
        try parts.make(1, of: 2)
        let outcome = try parts.outcome(parts.merge())
        #expect(outcome.files == whole.files)
        #expect(outcome.report == whole.report)
        #expect(try parts.hidden.isEmpty)
    }

    @Test("when a scene begins, the record on the disk names the outputs that will be the part's own")
    func ownership() throws {
        let part = ScenePart(1, of: 1)!
        let names = try parts.scenes
        let owner = try FileStatus.ofNewFile(in: parts.output).owner
        let missing = Mutex(Set(names))
        let observer = EndObserver(
            began: { [folder = parts.parts.path(of: part)] scene, run in
                let lines = PartRecord(folder: folder, owner: owner)?.lines ?? [:]
                let line = names.firstIndex(of: scene).flatMap { lines[.init(scene: $0)] }
                let outputs = line?.entry?.outputs ?? []
                guard line?.ending == .underway, outputs.allSatisfy(\.isUnderway),
                    outputs.map(\.path) == run.outputs.files.map({ CanonicalPath.named($0.path) })
                else { return }
                _ = missing.withLock { $0.remove(scene) }
            })
        try parts.make(1, of: 1, observer: observer)
        #expect(missing.withLock { $0.isEmpty })
    }

    @Test("a part that is made twice is done the second time, and refused while another has it")
    func twice() throws {
        let whole = try parts.undivided()
        try parts.make(2, of: 2)
        let first = try #require(try parts.begin(1, of: 2))
        for attempt in [{ _ = try parts.begin(1, of: 2) }, { _ = try parts.merge() }] {
            let error = #expect(throws: (any Error).self) { try attempt() }
            #expect("\(String(describing: error))".contains("part 1 of 2"), "\(String(describing: error))")
        }
        // So is a batch of the whole folder.
        #expect(throws: PartError.self) { try parts.parts.requireNone() }
        _ = try first.run(observer: nil, cancellation: Cancellation())
        let stamps = try parts.stamps
        #expect(stamps.count > 4)
        for number in [1, 2, 1] { #expect(try parts.make(number, of: 2).failed == 0) }
        #expect(try parts.stamps == stamps)
        let outcome = try parts.outcome(parts.merge())
        #expect(outcome == whole, "done, and not unchanged")
    }

    @Test("a part does not begin while others are put together")
    func merging() throws {
        try parts.make(1, of: 1)
        let merge = try BatchMerge(of: parts.output, mixesKernels: false)
        let error = #expect(throws: FileError.self) { try parts.make(1, of: 1) }
        #expect(error?.code == .locked && error?.description.contains("puts its parts together") == true)
        _ = try merge.run(bench.batch(), observer: nil, cancellation: Cancellation())
        try merge.finish()
    }

    struct Difference: CustomTestStringConvertible, Sendable {
        let apply: @Sendable (PartsBench) throws -> Void
        let words: String
        let testDescription: String
    }

    static let differences = [
        Difference(
            apply: { parts in
                parts.bench.modelPath = try ModelFile.paperUNet(in: parts.bench.folder.url.path, depth: 2, seed: 2)
            }, words: "the model changed", testDescription: "another model"),
        Difference(
            apply: { $0.bench.options.scale = 0.02 }, words: "the options changed", testDescription: "another option"),
        Difference(
            apply: { try $0.bench.addScene("f.tif") }, words: "the list of scenes", testDescription: "another scene"),
        Difference(
            apply: { try $0.bench.addScene("large.tif", width: 70, height: 910, seed: 11) },
            words: "the list of scenes",
            testDescription: "another size of a scene"),
    ]

    @Test("a part of another batch is refused before it computes anything", arguments: differences)
    func another(_ difference: Difference) throws {
        try parts.make(1, of: 2)
        let before = try FileManager.default.subpathsOfDirectory(atPath: parts.output).sorted()
        try difference.apply(parts)
        let error = #expect(throws: PartError.self) { try parts.make(2, of: 2) }
        #expect(error?.code == .bad)
        #expect(
            error?.description.contains("it does not go with part 1 of 2: \(difference.words)") == true,
            "\(String(describing: error))")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: parts.output).sorted() == before)
        let division = #expect(throws: PartError.self) { try parts.make(2, of: 3) }
        #expect(division?.description.contains("parts of 2 are there") == true)
    }

    @Test("the merge refuses a model that is another by then, and parts of other kernels")
    func mergeOfAnother() throws {
        for number in [1, 2] { try parts.make(number, of: 2) }
        let path = bench.modelPath
        bench.modelPath = try ModelFile.paperUNet(in: bench.folder.url.path, depth: 2, seed: 2)
        #expect(throws: PartError.self) { try parts.merge() }
        bench.modelPath = path
        let record = parts.parts.path(of: ScenePart(2, of: 2)!) + "/" + PartRecord.fileName
        try Self.forge(record) { $0.replacing("Overtile's kernels for", with: "Overtile's kernels beside") }
        let error = #expect(throws: PartError.self) { try parts.merge() }
        #expect(error?.description.contains("--mixed-kernels") == true, "\(String(describing: error))")
        _ = try BatchMerge(of: parts.output, mixesKernels: true)
        // What is done stays done by its kernels, whoever runs the part once more.
        try parts.make(2, of: 2)
        #expect(throws: PartError.self) { try parts.merge() }
        _ = try BatchMerge(of: parts.output, mixesKernels: true)
    }

    @Test("facts that no run gives are not believed")
    func impossibleFacts() throws {
        for number in [1, 2] { try parts.make(number, of: 2) }
        let first = PartRecord(
            folder: parts.parts.path(of: ScenePart(1, of: 2)!), owner: getuid()
        )?.lines.values.compactMap(\.facts).first
        let text = try String(decoding: JSONEncoder().encode(#require(first)), as: UTF8.self)
        func facts(_ key: String, _ value: String) throws -> OutcomeFacts {
            let changed = text.replacing(try Regex("\"\(key)\":[-0-9.e]+"), with: "\"\(key)\":\(value)")
            #expect(changed != text)
            return try JSONDecoder().decode(OutcomeFacts.self, from: Data(changed.utf8))
        }
        #expect(try facts("width", "7").isPossible)
        for (key, value) in [
            ("width", "0"), ("width", "2147483648"), ("seconds", "0"), ("seconds", "1e300"),
            ("tilesResumed", "9223372036854775807"), ("workers", "0"), ("readers", "1099511627777"),
        ] {
            #expect(try !facts(key, value).isPossible, "\(key) \(value)")
        }
    }

    @Test("what a merge has left is removed, and not what a link leads to")
    func linkInPlaceOfTheRest() throws {
        let place = bench.folder.path("somebody's")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        _ = try bench.folder.write([1], to: "somebody's/file")
        try FileManager.default.createDirectory(atPath: parts.output, withIntermediateDirectories: true)
        let link = parts.output + "/.overtile-parts-merged-x"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place)
        try parts.parts.requireNone()
        #expect(FileStatus.exists(place + "/file") && FileStatus(path: link, followsLinks: false) == nil)
    }

    /// Changes the text of a record, and its checksum with it, as somebody would who means to.
    static func forge(_ record: String, _ change: (String) -> String) throws {
        let text = try String(contentsOfFile: record, encoding: .utf8)
        let lines = change(text).split(separator: "\n").dropLast().map { $0 + "\n" }.joined()
        let end = "{\"checksum\":\"\(SHA256.checksum(of: lines))\"}\n"
        try Data((lines + end).utf8).write(to: URL(fileURLWithPath: record))
    }

    @Test("a record that is cut or changed is named, and the part is made again", arguments: [1, 40, 900])
    func damaged(lost: Int) throws {
        let whole = try parts.undivided()
        for number in [1, 2] { try parts.make(number, of: 2) }
        let record = parts.parts.path(of: ScenePart(1, of: 2)!) + "/" + PartRecord.fileName
        let bytes = try Data(contentsOf: URL(fileURLWithPath: record))
        try bytes.dropLast(lost).write(to: URL(fileURLWithPath: record))
        let cut = #expect(throws: PartError.self) { try parts.merge() }
        #expect(cut?.description.contains("part 1 of 2") == true && cut?.description.contains("--part 1/2") == true)
        var changed = bytes
        changed[bytes.count / 2] ^= 1
        try changed.write(to: URL(fileURLWithPath: record))
        let damage = #expect(throws: PartError.self) { try parts.merge() }
        #expect(damage?.description.contains("part 1 of 2") == true, "\(String(describing: damage))")
        try bytes.dropLast(lost).write(to: URL(fileURLWithPath: record))
        try parts.make(1, of: 2)
        #expect(try parts.outcome(parts.merge()).files == whole.files)
    }

    @Test("a record of entries that make no sense is believed nowhere, and the part is made again with --overwrite")
    func nonsense() throws {
        let whole = try parts.undivided()
        for number in [1, 2] { try parts.make(number, of: 2) }
        let record = parts.parts.path(of: ScenePart(1, of: 2)!) + "/" + PartRecord.fileName
        try Self.forge(record) { $0.replacing("\"attempts\":1", with: "\"attempts\":-1") }
        let error = #expect(throws: PartError.self) { try parts.merge() }
        #expect(
            error?.description.contains("part 1 of 2: its record is damaged") == true, "\(String(describing: error))")
        #expect(!FileStatus.exists(parts.output + "/" + Ledger.fileName), "a merge that cannot be makes nothing")
        #expect(try parts.make(1, of: 2).failed == 5, "files of nobody's are not replaced")
        bench.options.overwrites = true
        #expect(try parts.make(1, of: 2).failed == 0)
        bench.options.overwrites = false
        let outcome = try parts.outcome(parts.merge())
        #expect(outcome.files == whole.files && outcome.report == whole.report)
    }

    @Test("a scene that fails is the batch's one failure, and tried again by the next batch")
    func failed() throws {
        _ = try bench.folder.write([1, 2, 3], to: "in/bad.tif")
        let whole = try parts.undivided()
        let summaries = try [2, 3, 1].map { try parts.make($0, of: 3) }
        #expect(summaries.reduce(0) { $0 + $1.failed } == 1)
        let results = try parts.merge()
        #expect(results.count { $0.hasFailed } == 1)
        #expect(try parts.outcome(results) == whole)
        #expect(try parts.hidden.isEmpty)
        #expect(try bench.run()["bad.tif"]?.contains("bad.tif") == true)
    }

    /// A file of somebody else's is in the way of a mask whose scene is cut: each of its pieces fails.
    @Test("a scene that is cut and fails leaves nothing of its pieces")
    func failedPieces() throws {
        let mask = try bench.folder.write([7], to: "out/large.tif")
        #expect(try parts.make(1, of: 2).failed > 0)
        // Somebody takes it away before the second part begins: of its pieces, some are there.
        try FileManager.default.removeItem(atPath: mask)
        try parts.make(2, of: 2)
        let results = try parts.merge()
        let failed = results.filter(\.hasFailed).map(\.scene)
        #expect(failed.count == 1 && failed[0].hasSuffix("large.tif"))
        #expect(try parts.hidden.isEmpty)
        #expect(try bench.run()["large.tif"] == "done")
    }

    @Test("a merge that is stopped between two scenes goes on with the second")
    func stoppedMerge() throws {
        let whole = try parts.undivided()
        for number in [1, 2, 3] { try parts.make(number, of: 3) }
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try parts.merge(observer: EndObserver { _ in cancellation.cancel() }, cancellation: cancellation)
        }
        #expect(FileStatus.exists(bench.folder.path("out/large.tif")))
        #expect(!FileStatus.exists(bench.folder.path("out/middle.tif")))
        let ended = Mutex<[String]>([])
        let results = try parts.merge(observer: EndObserver { name in ended.withLock { $0.append(name) } })
        #expect(ended.withLock { $0 }.map { URL(fileURLWithPath: $0).lastPathComponent } == ["middle.tif"])
        let outcome = try parts.outcome(results)
        #expect(outcome.files == whole.files && outcome.report == whole.report)
        #expect(outcome.entries == whole.entries)
    }

    /// Killed in the place of a call about files: before, while and after outputs get their names, and records their lines.
    @Test(
        "a part or a merge that is killed anywhere ends well the next time",
        arguments: [
            (isMerge: false, repeatsParts: false), (true, false),
            // As a script that makes parts and merge does when it is given once more.
            (true, true),
        ])
    func killedAnywhere(isMerge: Bool, repeatsParts: Bool) async throws {
        let whole = try parts.undivided()
        let folder = bench.folder.url.path
        let step = FaultSweep.step(isMerge ? 311 : 701)
        var (call, points) = (step / 2 + 1, 0)
        while true {
            try parts.make(2, of: 2)
            if isMerge { try parts.make(1, of: 2) }
            let result = await #expect(processExitsWith: .failure, observing: [\.exitStatus]) {
                [folder = folder as String, isMerge = isMerge as Bool, call = call as Int] in
                let parts = try PartsBench(folder: folder)
                try FileFault(call: call, effect: .kill).strike {
                    if isMerge { try parts.merge() } else { try parts.make(1, of: 2) }
                }
                // There are not so many calls.
                exit(3)
            }
            let isKilled = result?.exitStatus == .signal(SIGKILL)
            if isKilled {
                points += 1
                if !isMerge { try parts.make(1, of: 2) }
            } else {
                #expect(result?.exitStatus == .exitCode(3), "\(call)")
            }
            if isKilled && repeatsParts {
                for number in [2, 1] { try parts.make(number, of: 2) }
                // Killed at its very end, the merge has left nothing to do.
                if !parts.parts.parts.isEmpty { _ = try parts.merge() }
            } else if isKilled || !isMerge {
                // Killed at its very end, the merge has left nothing to do.
                if parts.parts.parts.isEmpty {
                    #expect(try Set(bench.run().values) == ["unchanged"], "\(call)")
                } else {
                    let results = try parts.merge()
                    #expect(try parts.outcome(results).report == whole.report, "\(call)")
                }
            }
            let outcome = try parts.outcome([])
            #expect(outcome.files == whole.files, "\(call)")
            #expect(outcome.entries.map(\.state) == whole.entries.map(\.state), "\(call)")
            #expect(try parts.hidden.filter { !$0.hasPrefix(".overtile-parts-merged") }.isEmpty, "\(call)")
            try parts.clear()
            guard isKilled else { break }
            call += step
        }
        #expect(points > 1)
    }

    @Test("a second divided batch into the folder runs what is new, and replaces what changed")
    func again() throws {
        for number in [1, 2] { try parts.make(number, of: 2) }
        try parts.merge()
        try bench.addScene("large.tif", width: 70, height: 900, seed: 99, crs: "EPSG:32633")
        try bench.addScene("b.tif", seed: 99, crs: "EPSG:32633")
        try bench.addScene("f.tif", seed: 98, crs: "EPSG:32633")
        for number in [2, 1] { try parts.make(number, of: 2) }
        let results = try parts.merge()
        let done = results.compactMap { result in
            if case .done = result.ending { URL(fileURLWithPath: result.scene).lastPathComponent } else { nil }
        }
        #expect(Set(done) == ["b.tif", "f.tif", "large.tif"])
        let outcome = try parts.outcome(results)
        try parts.clear()
        #expect(try parts.undivided().files == outcome.files)
    }

    @Test("an output that is gone before the merge names its part")
    func gone() throws {
        for number in [1, 2] { try parts.make(number, of: 2) }
        try FileManager.default.removeItem(atPath: bench.folder.path("out/b.tif"))
        let error = #expect(throws: PartError.self) { try parts.merge() }
        #expect(error?.code == .bad && error?.description.contains("out/b.tif is gone") == true)
        #expect(error?.description.contains("--part ") == true)
        for number in [1, 2] { try parts.make(number, of: 2) }
        #expect(try parts.merge().allSatisfy { !$0.hasFailed })
    }
}
