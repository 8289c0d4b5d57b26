import FileIO
import Foundation
import Models
import RasterIO
import TestData
import TestMaps
import TestNetworks
import Testing
import TileGeometry

@testable import Segmentation

/// Scenes that are dealt into parts and merged: however they are dealt, the result has the bytes of an undivided run, or
/// there is none.
@Suite struct PartTests {
    private let folder: TemporaryFolder
    private let model: Model
    private let scene: String

    init() throws {
        folder = try TemporaryFolder()
        model = try Model(path: ModelFile.paperUNet(in: folder.url.path))
        scene = folder.path("scene.tif")
        try SyntheticScene.write(
            scene, width: 90, height: 180, nodata: 0, crs: "EPSG:32633"
        ) { band, x, y in x < 5 ? 0 : SyntheticScene.wave(band, x, y) }
    }

    private func job(
        model: Model? = nil, scene: String? = nil, _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> SegmentationJob {
        var options = SegmentationOptions()
        options.scale = 1 / 255
        options.tile = 76  // keeps 36: 3 x 5 tiles
        options.workers = 2
        change(&options)
        return try SegmentationJob(
            scene: try RasterReader(path: scene ?? self.scene), model: model ?? self.model, options: options,
            kinds: [.probabilities, .confidence])
    }

    private func rasters(_ name: String) -> [RasterOutput.Kind: String] {
        [
            .mask: folder.path("\(name).tif"), .probabilities: folder.path("\(name)-p.tif"),
            .confidence: folder.path("\(name)-c.tif"),
        ]
    }

    private var request: PartRequest {
        PartRequest(folder: folder.url.path, arguments: ["scene.tif", "it's"], command: "command")
    }

    @discardableResult
    private func compute(
        _ job: SegmentationJob, _ number: Int, of count: Int, request: PartRequest? = nil,
        cancellation: Cancellation = Cancellation(), progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> (summary: PartSummary, warnings: [String]) {
        var warnings: [String] = []
        let summary = try job.compute(
            ScenePart(number, of: count)!, of: rasters("out"), request: request ?? self.request,
            cancellation: cancellation, progress: progress, warn: { warnings.append($0) })
        return (summary, warnings)
    }

    @discardableResult
    private func merge(_ job: SegmentationJob, mixesKernels: Bool = false) throws -> SegmentationSummary {
        let staged = try job.stage(
            merging: try #require(try PartMerge(of: folder.path("out.tif"))), mixesKernels: mixesKernels, rasters("out")
        )
        try staged.publish()
        staged.endWork()
        return staged.summary
    }

    private func expectSameBytes() throws {
        for suffix in [".tif", "-p.tif", "-c.tif"] {
            #expect(try folder.bytes("out\(suffix)") == folder.bytes("whole\(suffix)"), "\(suffix)")
        }
        #expect(try !folder.names.contains { $0.contains(".overtile") }, "nothing hidden is left")
    }

    private func removeOutputs() throws {
        for name in try folder.names where name.hasPrefix("out") || name.hasPrefix(".out") {
            try FileManager.default.removeItem(atPath: folder.path(name))
        }
    }

    private func path(_ part: Int, of count: Int, _ name: String = "") -> String {
        ".out.tif.overtile-work/part-\(part)-of-\(count)" + (name.isEmpty ? "" : "/" + name)
    }

    /// On the scene's own grid; where tiles and outputs are on different ones, larger and smaller; a part of the scene whose
    /// borders are no tiles'. With one part, with several, and with more parts than rows of tiles.
    @Test(
        "parts in any order, merged, have the bytes of an undivided run", arguments: [nil, 23.0, 7.0], [false, true])
    func sameBytes(metres: Double?, isArea: Bool) throws {
        func job() throws -> SegmentationJob {
            try self.job {
                $0.resolution = metres.map { .metres($0) }
                if isArea {
                    $0.area = .box(
                        west: 500_130, south: 4_998_310, east: 500_770, north: 4_999_730, system: "EPSG:32633")
                }
            }
        }
        let whole = try job().run(rasters("whole"))
        var generator = SeededGenerator(seed: 5)
        for count in [1, 2, 3, 16] {
            var rows = 0
            for number in (1...count).shuffled(using: &generator) {
                let (summary, warnings) = try compute(job(), number, of: count)
                #expect(warnings.isEmpty, "\(warnings)")
                rows += summary.tileRows.count
            }
            #expect(try rows == job().plan.grid.rows)
            let summary = try merge(job())
            #expect(summary.tilesComputed == whole.tilesComputed && summary.tilesResumed == whole.tiles)
            try expectSameBytes()
            try removeOutputs()
        }
    }

    @Test("a part that was stopped goes on, and one that is complete finds itself so")
    func resumes() throws {
        try job().run(rasters("whole"))
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try compute(
                job { $0.workers = 1 }, 2, of: 2, cancellation: cancellation,
                progress: { done, _ in if done >= 4 { cancellation.cancel() } })
        }
        try compute(job(), 1, of: 2)
        let stopped = #expect(throws: PartError.self) { try merge(job()) }
        #expect(stopped?.code == .missing)
        #expect(stopped?.description.contains("part 2 of 2 has 1 of its") == true, "\(stopped!)")
        #expect(stopped?.description.hasSuffix("overtile segment scene.tif 'it'\\''s' --part 2/2") == true)
        #expect(try compute(job(), 2, of: 2).summary.tilesResumed == 3)
        let again = try compute(job(), 2, of: 2).summary
        #expect(again.tilesResumed == again.tiles && again.tiles > 3)
        try merge(job())
        try expectSameBytes()
    }

    @Test("a part that nobody begins to keep leaves nothing, and no other part either")
    func leavesNothing() throws {
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(throws: CancellationError.self) { try compute(job(), 1, of: 2, cancellation: cancellation) }
        #expect(try !folder.names.contains { $0.contains(".overtile") })
        let none = #expect(throws: PartError.self) { try merge(job()) }
        #expect(none?.code == .missing)
    }

    /// Damages of part 2 of 3, what is said of it, and with which code.
    private struct Damage: Sendable {
        let name: String
        let code: PartError.Code
        let words: String
        let harm: @Sendable (PartTests) throws -> Void

        init(
            _ name: String, _ code: PartError.Code, _ words: String,
            _ harm: @escaping @Sendable (PartTests) throws -> Void
        ) {
            (self.name, self.code, self.words, self.harm) = (name, code, words, harm)
        }
    }

    private func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = try folder.bytes(path(2, of: 3, name))
        change(&bytes)
        _ = try folder.write(bytes, to: path(2, of: 3, name))
    }

    /// Gives the part another key, and a journal that belongs to it: as a run of another key would have left it.
    private func rekey(_ from: String, _ to: String) throws {
        let (key, journal) = (path(2, of: 3, "key.json"), folder.path(path(2, of: 3, "journal")))
        let before = try folder.bytes(key)
        let after = String(decoding: before, as: UTF8.self).replacing(from, with: to)
        _ = try folder.write(Array(after.utf8), to: key)
        #expect(Array(after.utf8) != before, "\(from)")
        let old = try WorkJournal(path: journal, key: WorkInProgress.hash(Data(before)), output: "")
        let progress = try #require(old.recover(tileRows: 5))
        let rows = (0..<progress.tileRows).map { old.row($0, rasters: 3)! }
        unlink(journal)
        let new = try WorkJournal(path: journal, key: WorkInProgress.hash(Data(after.utf8)), output: "")
        for (row, found) in rows.enumerated() {
            try new.append(
                WorkJournal.Progress(tileRows: row + 1, tilesComputed: found.tilesComputed), checksums: found.checksums,
                isOnDisk: false)
        }
        try new.append(progress, isOnDisk: true)
    }

    private static let damages: [Damage] = [
        // Lost as a whole, or what tells what it is.
        Damage("lost", .missing, "part 2 of 3 is missing") {
            try FileManager.default.removeItem(atPath: $0.folder.path($0.path(2, of: 3)))
        },
        Damage("no key", .missing, "part 2 of 3 is missing") { unlink($0.folder.path($0.path(2, of: 3, "key.json"))) },
        Damage("no request", .missing, "part 2 of 3 is missing") {
            unlink($0.folder.path($0.path(2, of: 3, "request.json")))
        },
        Damage("a request that is none", .missing, "part 2 of 3 is missing") {
            try $0.edit("request.json") { $0 = [UInt8](repeating: 0x5b, count: 100_000) }
        },
        Damage("a key that is none", .bad, "its key is damaged") { try $0.edit("key.json") { $0 = Array("{}".utf8) } },
        Damage("a deep key", .bad, "its key is damaged") {
            try $0.edit("key.json") { $0 = [UInt8](repeating: 0x5b, count: 200_000) }
        },
        // A journal that ends early, is empty, or is of something else.
        Damage("no journal", .bad, "its journal is damaged") { unlink($0.folder.path($0.path(2, of: 3, "journal"))) },
        Damage("an empty journal", .missing, "part 2 of 3 has 0 of its") { try $0.edit("journal") { $0 = [] } },
        Damage("a journal with a broken beginning", .missing, "part 2 of 3 has 0 of its") {
            try $0.edit("journal") { $0[9] ^= 1 }
        },
        // Rasters.
        Damage("a truncated raster", .bad, "its rasters are damaged") {
            try $0.edit("probabilities.raw") { $0.removeLast() }
        },
        Damage("a raster too long", .bad, "its rasters are damaged") { try $0.edit("mask.raw") { $0.append(0) } },
        Damage("a lost raster", .bad, "its rasters are damaged") {
            unlink($0.folder.path($0.path(2, of: 3, "confidence.raw")))
        },
        Damage("a link for a raster", .bad, "its rasters are damaged") {
            unlink($0.folder.path($0.path(2, of: 3, "mask.raw")))
            symlink($0.scene, $0.folder.path($0.path(2, of: 3, "mask.raw")))
        },
        Damage("a flipped bit of the mask", .bad, "row 1 of its") { try $0.edit("mask.raw") { $0[7] ^= 2 } },
        Damage("a flipped bit at the end", .bad, "is not as it was written") {
            try $0.edit("confidence.raw") { $0[$0.count - 1] ^= 128 }
        },
        Damage("a flipped bit of the probabilities", .bad, "is not as it was written") {
            try $0.edit("probabilities.raw") { $0[$0.count / 2] ^= 1 }
        },
        // Whole, and of another run.
        Damage("of another model", .bad, "the model changed") {
            let other = try Model(path: ModelFile.paperUNet(in: $0.folder.url.path, seed: 2))
            try $0.compute($0.job(model: other), 2, of: 3)
        },
        Damage("of another scene", .bad, "the scene changed") {
            let other = $0.folder.path("other.tif")
            try SyntheticScene.write(other, width: 90, height: 180)
            try $0.compute($0.job(scene: other), 2, of: 3)
        },
        Damage("of other settings", .bad, "the options changed") {
            try $0.compute($0.job { $0.threshold = 0.7 }, 2, of: 3)
        },
        Damage("of another plan", .bad, "the options changed") { try $0.compute($0.job { $0.tile = 108 }, 2, of: 3) },
        Damage("of another version", .bad, "Overtile's version changed") {
            try $0.rekey("\"version\" : \"\(OvertileVersion.current)\"", "\"version\" : \"9.9.9\"")
        },
        Damage("of other rows", .bad, "the plan of tiles changed") {
            try $0.rekey("\"firstRow\" : 2", "\"firstRow\" : 1")
        },
        Damage("of another part", .bad, "the plan of tiles changed") {
            try $0.rekey("\"number\" : 2", "\"number\" : 3")
        },
        Damage("of another division", .bad, "the plan of tiles changed") {
            try $0.rekey("\"count\" : 3", "\"count\" : 4")
        },
        Damage("of smaller tiles", .bad, "give all parts the same --memory, or --tile") {
            try $0.rekey("\"tile\" : 76", "\"tile\" : 60")
        },
        Damage("of other kernels", .bad, "the kernels") { try $0.rekey("\"kernels\" : \"", "\"kernels\" : \"other ") },
        // Kernels that differ hide nothing else.
        Damage("of other rows by other machines", .bad, "the plan of tiles changed") {
            try $0.rekey("\"kernels\" : \"", "\"kernels\" : \"other ")
            try $0.rekey("\"firstRow\" : 2", "\"firstRow\" : 1")
        },
        Damage("another part under this name by other machines", .bad, "the plan of tiles changed") {
            try $0.rekey("\"kernels\" : \"", "\"kernels\" : \"other ")
            try $0.rekey("\"number\" : 2", "\"number\" : 3")
        },
    ]

    /// Each is named, with the command that makes it anew; nothing is published; and that command mends it.
    @Test("a part that is damaged or of another run is refused by name, and mended by its command")
    func damaged() throws {
        try job().run(rasters("whole"))
        for damage in Self.damages {
            for number in 1...3 { try compute(job(), number, of: 3) }
            try damage.harm(self)
            let error = #expect(throws: PartError.self, "\(damage.name)") { try merge(job()) }
            let text = error?.description ?? ""
            #expect(error?.code == damage.code && text.contains(damage.words), "\(damage.name): \(text)")
            #expect(text.contains("part 2 of 3"), "\(damage.name): \(text)")
            #expect(try !folder.names.contains { $0.hasPrefix("out") }, "\(damage.name)")
            let hasCommand = !["of other kernels", "of smaller tiles"].contains(damage.name)
            #expect(!hasCommand || text.hasSuffix("--part 2/3"), "\(damage.name): \(text)")
            if damage.name == "of other kernels" {
                try merge(job(), mixesKernels: true)
            } else {
                try compute(job(), 2, of: 3)
                try merge(job())
            }
            try expectSameBytes()
            try removeOutputs()
        }
    }

    @Test("parts of two divisions, or of commands with other outputs, are not taken for one run")
    func otherRuns() throws {
        try compute(job(), 1, of: 2)
        let refused = #expect(throws: PartError.self) { try compute(job(), 1, of: 3) }
        #expect(refused?.code == .bad && refused?.description.contains("give --part K/2") == true)
        // Two that began at the same time.
        try FileManager.default.copyItem(
            atPath: folder.path(path(1, of: 2)), toPath: folder.path(path(1, of: 3)))
        let two = #expect(throws: PartError.self) { try PartSet(of: folder.path("out.tif")) }
        #expect(two?.code == .bad && two?.description.contains("has parts of 2 and of 3") == true)
        try removeOutputs()
        try compute(job(), 1, of: 2)
        try compute(job(), 2, of: 2, request: PartRequest(folder: "/", arguments: [], command: "other"))
        let other = #expect(throws: PartError.self) { try PartSet(of: folder.path("out.tif")) }
        #expect(other?.code == .bad && other?.description.contains("other outputs were asked for") == true)
    }

    @Test("a part that would not go with the others is warned of when it is made")
    func warnsEarly() throws {
        try compute(job(), 1, of: 2)
        let warnings = try compute(job { $0.threshold = 0.6 }, 2, of: 2).warnings
        #expect(
            warnings.count == 1 && warnings[0].contains("part 1 of 2 does not go with this one, as the options changed")
        )
    }

    @Test("a part is made by one process at a time, and not while the parts are merged")
    func twice() throws {
        try job().run(rasters("whole"))
        try compute(job(), 1, of: 2)
        do {
            let held = try WorkFolder(for: folder.path("out.tif"), part: ScenePart(2, of: 2)!)
            let error = #expect(throws: FileError.self) { try compute(job(), 2, of: 2) }
            #expect(error?.code == .locked && error?.message.contains("out.tif, part 2 of 2: another run") == true)
            let running = #expect(throws: PartError.self) { try merge(job()) }
            #expect(running?.code == .running)
            #expect(try PartSet.isAtWork(folder.path("out.tif")))
            withExtendedLifetime(held) {}
        }
        try compute(job(), 2, of: 2)
        #expect(try !PartSet.isAtWork(folder.path("out.tif")))
        do {
            let staged = try job().stage(
                merging: try #require(try PartMerge(of: folder.path("out.tif"))), mixesKernels: false, rasters("out"))
            let error = #expect(throws: FileError.self) { try compute(job(), 2, of: 2) }
            #expect(error?.code == .locked && error?.message.contains("puts its parts together") == true)
            _ = staged.giveUp(after: CancellationError())
        }
        try merge(job())
        try expectSameBytes()
    }

    /// A part that has only begun has no request yet.
    @Test("parts of which none has told its command are being made, if somebody is at it")
    func begins() throws {
        let held = try WorkFolder(for: folder.path("out.tif"), part: ScenePart(1, of: 1)!)
        let error = #expect(throws: PartError.self) { try PartSet(of: folder.path("out.tif")) }
        #expect(error?.code == .running, "\(String(describing: error))")
        held.remove()
        #expect(try !folder.names.contains { $0.contains(".overtile") })
    }

    /// Where locks do not reach other machines, the lease does.
    @Test("nobody touches the outputs while the parts are merged")
    func mergedElsewhere() throws {
        try compute(job(), 1, of: 1)
        let whole = folder.path(".out.tif.overtile-work")
        do {
            let lease = try Lease(folder: whole, of: "out.tif")
            let undivided = #expect(throws: FileError.self) { try job().run(rasters("out")) }
            #expect(undivided?.code == .locked && undivided?.message.contains("puts its parts together") == true)
            let merging = #expect(throws: FileError.self) { try merge(job()) }
            #expect(merging?.code == .locked)
            #expect(lease.isHeld)
        }
        #expect(try folder.bytes(path(1, of: 1, "mask.raw")).count > 0)
        // One that lost its lease publishes nothing, and leaves the parts to the other.
        let staged = try job().stage(
            merging: try #require(try PartMerge(of: folder.path("out.tif"))), mixesKernels: false, rasters("out"))
        unlink(whole + "/" + Lease.fileName)
        let lost = #expect(throws: FileError.self) { try staged.publish() }
        #expect(lost?.message.contains("taken the merge over") == true)
        staged.endWork()
        #expect(try !folder.names.contains { $0.hasPrefix("out") })
        #expect(try folder.bytes(path(1, of: 1, "mask.raw")).count > 0)
    }

    @Test("a joined raster opens no file that may be another's by now")
    func opensNothingLost() throws {
        try compute(job(), 1, of: 1)
        let outputs = try job().outputs(rasters("out"))
        let piece = JoinedRaster.Piece(
            rows: 0..<180, path: folder.path(path(1, of: 1, "mask.raw")), output: outputs[0])
        let lost = FileError(.locked, path: "out.tif", "lost")
        let joined = JoinedRaster(outputs[0], pieces: [piece]) { () throws(FileError) in throw lost }
        var bytes = [UInt8](repeating: 0, count: 90)
        #expect(throws: lost) {
            try joined.read(PixelWindow(x: 0, y: 0, width: 90, height: 1), band: 1, into: &bytes)
        }
    }

    @Test("all that a part has begun is removed where the process has to end at once")
    func removable() throws {
        let job = try job()
        let (part, outputs) = (ScenePart(1, of: 2)!, job.outputs(rasters("out")))
        let share = job.share(of: part)
        let work = try WorkInProgress(
            job.outputs(outputs, of: share), key: job.key(outputs, part: part, share), tileRows: 3, part: part,
            warn: { _ in })
        try work.folder.write(request.data(), to: PartRequest.fileName)
        for name in work.folder.names { #expect(work.removedAtOnce.contains(work.folder.file(name)), "\(name)") }
        work.remove()
    }

    /// The process that had it was another machine's, and silent; or slept until then, and wakes up.
    @Test("a run whose part was taken over stops, and leaves all to the other")
    func takenOver() throws {
        try job().run(rasters("whole"))
        let lease = folder.path(path(1, of: 1, Lease.fileName))
        var other: WorkFolder?
        let error = #expect(throws: FileError.self) {
            try compute(
                job { $0.workers = 1 }, 1, of: 1,
                progress: { done, _ in
                    guard done == 6 else { return }
                    unlink(lease)
                    other = try? WorkFolder(for: folder.path("out.tif"), part: ScenePart(1, of: 1)!)
                })
        }
        #expect(error?.code == .locked && error?.message.contains("taken this part over") == true)
        #expect(other?.isLost == false && other?.names.contains("mask.raw") == true)
        other = nil
        #expect(try compute(job(), 1, of: 1).summary.tilesResumed >= 3)
        try merge(job())
        try expectSameBytes()
    }

    @Test("an undivided run leaves parts alone, and says that they are there")
    func undivided() throws {
        try compute(job(), 1, of: 2)
        var warnings: [String] = []
        try job().run(rasters("out"), warn: { warnings.append($0) })
        #expect(warnings.count == 1 && warnings[0].contains("parts of a divided run lie beside it"))
        #expect(try folder.bytes(path(1, of: 2, "mask.raw")).count > 0)
    }
}
