import FileIO
import Foundation
import Models
import RasterIO
import TestData
import TestMaps
import Testing
import TestNetworks
import TileGeometry

@testable import Segmentation

/// Runs that end early and are gone on with: as often as one likes, the result has the bytes of an undisturbed run.
@Suite struct ResumeTests {
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
        model: Model? = nil, scene: String? = nil, probabilities: Bool = true,
        _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> SegmentationJob {
        var options = SegmentationOptions()
        options.scale = 1 / 255
        options.tile = 76  // keeps 36: 3 x 5 tiles
        options.workers = 1
        change(&options)
        return try SegmentationJob(
            scene: try RasterReader(path: scene ?? self.scene), model: model ?? self.model, options: options,
            kinds: probabilities ? [.probabilities] : [])
    }

    /// Runs until so many tiles are done.
    ///
    /// - Parameter job: of one worker, whose tiles come one by one: of several, the last ones may come together.
    private func interrupt(_ job: SegmentationJob, after tiles: Int, to name: String = "out") throws {
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try job.run(
                [.mask: folder.path("\(name).tif"), .probabilities: folder.path("\(name)-p.tif")],
                cancellation: cancellation, progress: { done, _ in if done >= tiles { cancellation.cancel() } })
        }
    }

    @discardableResult
    private func run(
        _ job: SegmentationJob, to name: String = "out", progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> (summary: SegmentationSummary, warnings: [String]) {
        var warnings: [String] = []
        let summary = try job.run(
            [.mask: folder.path("\(name).tif"), .probabilities: folder.path("\(name)-p.tif")],
            progress: progress, warn: { warnings.append($0) })
        return (summary, warnings)
    }

    private func expectSameBytes(_ name: String = "out", as other: String = "whole") throws {
        #expect(try folder.bytes("\(name).tif") == folder.bytes("\(other).tif"))
        #expect(try folder.bytes("\(name)-p.tif") == folder.bytes("\(other)-p.tif"))
        #expect(try !folder.names.contains { $0.contains(".overtile") }, "nothing hidden is left")
    }

    private var work: String { folder.path(".out.tif.overtile-work") }

    private func removeOutputs() throws {
        for name in try folder.names where name.hasPrefix("out") {
            try FileManager.default.removeItem(atPath: folder.path(name))
        }
    }

    /// On the scene's own grid, and where tiles and outputs are on different ones.
    @Test(arguments: [nil, 23.0, 7.0])
    func aRunGoesOnWhereItWasInterrupted(metres: Double?) throws {
        func job(workers: Int = 2) throws -> SegmentationJob {
            try self.job {
                $0.resolution = metres.map { .metres($0) }
                $0.workers = workers
            }
        }
        let whole = try run(job(), to: "whole").summary
        let columns = try job().plan.grid.columns
        for tiles in [1, whole.tiles / 2, whole.tiles - 1] {
            try interrupt(job(workers: 1), after: tiles)
            let keeps = tiles >= columns
            #expect(FileManager.default.fileExists(atPath: work) == keeps, "no row, no folder")
            var first: Int?
            let (summary, warnings) = try run(job(), progress: { done, _ in first = first ?? done })
            #expect(warnings.isEmpty)
            #expect(summary.tilesResumed == first && summary.tilesResumed >= tiles / columns * columns)
            #expect(summary.tilesResumed % columns == 0 && (summary.tilesResumed > 0) == keeps)
            #expect(summary.tilesComputed == whole.tilesComputed)
            try expectSameBytes()
            try removeOutputs()
        }
    }

    @Test func aRunMayBeInterruptedAgainAndAgain() throws {
        try run(job(), to: "whole")
        for tiles in [4, 7, 10, 13] { try interrupt(job(), after: tiles) }
        let summary = try run(job { $0.workers = 3 }).summary
        #expect(summary.tilesResumed == 12)
        try expectSameBytes()
    }

    /// What concerns the finished files alone, or how the work is done, is no reason to begin anew.
    @Test func someOptionsMayChangeInBetween() throws {
        func change(_ options: inout SegmentationOptions) {
            options.creationOptions = ["COMPRESS=LZW"]
            options.classNames = ["land", "water"]
        }
        try run(job(change), to: "whole")
        try interrupt(job(), after: 9)
        let (summary, warnings) = try run(
            job {
                change(&$0)
                $0.workers = 3
                $0.overwrites = true
            })
        #expect(summary.tilesResumed >= 9 && warnings.isEmpty)
        try expectSameBytes()
    }

    @Test func whatBelongsToAnotherRunIsDiscardedAndSaidSo() throws {
        let otherModel = try Model(path: ModelFile.paperUNet(in: folder.url.path, seed: 2))
        let other = folder.path("other.tif")
        try SyntheticScene.write(other, width: 90, height: 180)
        let cases: [(job: SegmentationJob, reason: String)] = [
            (try job(model: otherModel), "the model changed"),
            (try job(scene: other), "the scene changed"),
            (try job { $0.scale = 0.5 }, "the options changed"),
            (try job(model: otherModel) { $0.threshold = 0.7 }, "the model and the options changed"),
            // The plan follows from the option.
            (try job { $0.tile = 108 }, "the options changed"),
        ]
        for (job, reason) in cases {
            try run(job, to: "whole")
            try interrupt(self.job(), after: 9)
            let (summary, warnings) = try run(job)
            #expect(warnings.count == 1 && warnings[0].hasSuffix("is discarded: \(reason)"), "\(warnings)")
            #expect(warnings[0].contains("out.tif") && summary.tilesResumed == 0)
            try expectSameBytes()
            for name in try folder.names where name.hasPrefix("out") || name.hasPrefix("whole") {
                try FileManager.default.removeItem(atPath: folder.path(name))
            }
        }
    }

    /// Two builds may round differently, and so may two commits of one version.
    @Test func workOfABuildOfAnotherCommitIsDiscarded() throws {
        #expect(OvertileVersion.text(commit: "") == OvertileVersion.number)
        try run(job(), to: "whole")
        try interrupt(job(), after: 9)
        let key = URL(fileURLWithPath: work + "/key.json")
        let other = OvertileVersion.text(commit: "0123456789ab-dirty")
        #expect(other == OvertileVersion.number + "+0123456789ab-dirty")
        let text = try String(contentsOf: key, encoding: .utf8)
        try Data(text.replacing("\"\(OvertileVersion.current)\"", with: "\"\(other)\"").utf8).write(to: key)
        let (summary, warnings) = try run(job())
        #expect(warnings.count == 1 && warnings[0].hasSuffix("is discarded: Overtile's version changed"), "\(warnings)")
        #expect(summary.tilesResumed == 0)
        try expectSameBytes()
    }

    @Test func aSceneReplacedInBetweenIsDoneAnew() throws {
        try interrupt(job(), after: 9)
        try SyntheticScene.write(folder.path("new.tif"), width: 90, height: 180)
        #expect(rename(folder.path("new.tif"), scene) == 0)
        try run(job(), to: "whole")
        #expect(try run(job()).warnings.count == 1)
        try expectSameBytes()
    }

    /// However the files in the folder are damaged, the result is right.
    @Test func damagedWorkIsNoWork() throws {
        try run(job(), to: "whole")
        func bytes(_ name: String) throws -> [UInt8] { try folder.bytes(".out.tif.overtile-work/" + name) }
        func write(_ bytes: [UInt8], _ name: String) throws {
            _ = try folder.write(bytes, to: ".out.tif.overtile-work/" + name)
        }
        let damages: [(warns: Bool, () throws -> Void)] = [
            // Torn in the last record, and in all of them.
            (false, { try write(bytes("journal").dropLast(7) + [], "journal") }),
            (false, { try write(Array(bytes("journal").prefix(20)), "journal") }),
            (false, { try write([], "journal") }),
            (false, { try write(bytes("journal") + [1, 2, 3], "journal") }),
            (false, { try write([UInt8](repeating: 0xff, count: 4096), "journal") }),
            // A bit of each byte of the first record.
            (false, { try write(bytes("journal").enumerated().map { $0 < 48 ? $1 ^ 4 : $1 }, "journal") }),
            (true, { try write([], "key.json") }),
            (true, { try write(Array("{\"format\": 1}".utf8), "key.json") }),
            (true, { try write([UInt8](repeating: 0x5b, count: 200_000), "key.json") }),
            (false, { unlink(work + "/key.json") }),
            (true, { unlink(work + "/mask.raw") }),
            (true, { truncate(work + "/probabilities.raw", 1000) }),
            (
                true,
                {
                    unlink(work + "/mask.raw")
                    symlink(scene, work + "/mask.raw")
                }
            ),
        ]
        for (number, (warns, damage)) in damages.enumerated() {
            try interrupt(job(), after: 9)
            try damage()
            #expect(try run(job()).warnings.isEmpty != warns, "damage \(number)")
            try expectSameBytes()
            try removeOutputs()
        }
    }

    /// A bit of the samples themselves: the resumed run ended well, with wrong bytes. On the scene's own grid, and where
    /// tiles and outputs are on different ones.
    @Test(arguments: [nil, 23.0])
    func aFlippedBitOfTheSamplesIsSeen(metres: Double?) throws {
        func job() throws -> SegmentationJob { try self.job { $0.resolution = metres.map { .metres($0) } } }
        try run(job(), to: "whole")
        let grid = try job().plan.grid
        // All rows of tiles but the last one are done.
        let tiles = (grid.rows - 1) * grid.columns
        for name in ["mask.raw", "probabilities.raw"] {
            for place in stride(from: 0.0, to: 1, by: 0.19) {
                try interrupt(job(), after: tiles)
                let path = ".out.tif.overtile-work/" + name
                var bytes = try folder.bytes(path)
                let index = Int(place * Double(bytes.count))
                bytes[index] ^= 1 << (index % 8)
                _ = try folder.write(bytes, to: path)
                let (summary, warnings) = try run(job())
                let isLost = summary.tilesResumed < tiles
                #expect(isLost == !warnings.isEmpty && summary.tilesResumed % grid.columns == 0, "\(warnings)")
                #expect(warnings.allSatisfy { $0.contains("is not as it was written") })
                // What is at the beginning is in the first row, and what is before it is nothing.
                if place == 0 { #expect(isLost && summary.tilesResumed == 0) }
                try expectSameBytes()
                try removeOutputs()
            }
        }
    }

    /// Any bits of the samples, in any number of runs: `OVERTILE_FLIPS=500` for a night.
    @Test func flippedBitsChangeNoByte() throws {
        try run(job(), to: "whole")
        let columns = try job().plan.grid.columns
        try interrupt(job(), after: 12)
        let names = ["journal", "key.json", "mask.raw", "probabilities.raw"]
        let kept = try names.map { try folder.bytes(".out.tif.overtile-work/" + $0) }
        try FileManager.default.removeItem(atPath: work)
        let runs = ProcessInfo.processInfo.environment["OVERTILE_FLIPS"].flatMap(Int.init) ?? 24
        var generator = SeededGenerator(seed: 17)
        var (resumed, seen) = (0, 0)
        for number in 0..<runs {
            var files = kept
            let flips = 1 + Int(generator.next() % 4)
            for _ in 0..<flips {
                let file = 2 + Int(generator.next() % 2)
                let bit = Int(generator.next() % UInt64(files[file].count * 8))
                files[file][bit / 8] ^= 1 << (bit % 8)
            }
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            for (name, bytes) in zip(names, files) { _ = try folder.write(bytes, to: ".out.tif.overtile-work/" + name) }
            let (summary, warnings) = try run(job())
            #expect(summary.tilesResumed % columns == 0 && summary.tilesResumed <= 12, "run \(number)")
            #expect((summary.tilesResumed < 12) == !warnings.isEmpty, "run \(number): \(warnings)")
            resumed += summary.tilesResumed > 0 ? 1 : 0
            seen += warnings.isEmpty ? 0 : 1
            try expectSameBytes()
            try removeOutputs()
        }
        print(
            "flips: \(runs) resumed runs, \(seen) of them with flips in rows that were done, \(resumed) with rows before them"
        )
        #expect(resumed > 0 && seen > 0)
    }

    /// While it is read, and when all of it was read and no output has its name: by new bytes in the same file, and by another
    /// file under its name.
    @Test(arguments: [6, 15], [false, true])
    func aSceneReplacedWhileItIsSegmentedGivesNoMask(tiles: Int, isRenamed: Bool) throws {
        let other = folder.path("new.tif")
        try SyntheticScene.write(other, width: 90, height: 180, nodata: 0) { _, _, _ in 9 }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: other))
        let error = #expect(throws: SegmentationError.self) {
            try run(
                job(),
                progress: { done, total in
                    guard done == tiles, tiles <= total else { return }
                    if isRenamed {
                        rename(other, scene)
                    } else if let file = FileHandle(forUpdatingAtPath: scene) {
                        file.write(bytes)
                        try? file.close()
                    }
                })
        }
        #expect(error?.code == .changed && error?.description.contains("scene.tif changed while") == true)
        let names = try folder.names
        #expect(!names.contains { $0.contains("out") }, "\(names)")
    }

    @Test func twoRunsNeverMakeTheSameOutput() throws {
        try run(job(), to: "whole")
        try interrupt(job(), after: 9)
        do {
            let other = try WorkFolder(for: folder.path("out.tif"))
            let error = #expect(throws: SegmentationError.self) { try run(job()) }
            #expect(error?.code == .locked)
            #expect(error?.description.contains("out.tif: another run (process \(getpid()))") == true)
            withExtendedLifetime(other) {}
        }
        #expect(try run(job()).summary.tilesResumed >= 9, "the one that was turned away left all as it was")
        try expectSameBytes()
    }

    /// Killed after one of two outputs had its name: it loses it again, as nobody else made it, and both get theirs.
    @Test func aRunIsKilledBetweenItsOutputs() throws {
        try run(job(), to: "whole")
        try interrupt(job(), after: 14)
        let named = try folder.write([1, 2, 3], to: "out-p.tif")
        let error = #expect(throws: RasterError.self) { try run(job()) }
        #expect(error?.code == .outputExists, "a file of somebody else's")
        #expect(try folder.bytes("out-p.tif") == [1, 2, 3])
        unlink(named)
        let killed = try [named, folder.path("out.tif")].map { try StagedDocument(path: $0, overwrite: false) }
        let record = try JSONEncoder().encode(Publication(killed))
        try record.write(to: URL(fileURLWithPath: work + "/publication"))
        try killed[0].publish()
        killed[1].remove()
        _ = SegmentationJob.recover(mask: folder.path("out.tif"), command: nil)
        #expect(access(named, F_OK) != 0 && access(work + "/publication", F_OK) != 0)
        #expect(try run(job()).summary.tilesResumed > 0)
        try expectSameBytes()
    }

    @Test func whatKilledRunsLeftIsRemoved() throws {
        let left = [".out.tif.overtile-99999999-abc.tif", ".out.tif.overtile-99999999-abc.tif.aux.xml"]
        let others = [".out2.tif.overtile-99999999-abc.tif", ".out.tif.overtile-notes.tif", "out.tif.txt"]
        for name in left + others { _ = try folder.write([1], to: name) }
        try run(job())
        let names = try folder.names
        #expect(names.filter(left.contains).isEmpty && others.allSatisfy(names.contains))
    }

    @Test func badPixelsAreNotGoneOnWith() throws {
        // The last blocks of the file are damaged; it has no holes, which opening would see.
        let path = folder.path("damaged.tif")
        try SyntheticScene.write(path, width: 200, height: 1400)
        var bytes = try folder.bytes("damaged.tif")
        for index in bytes.count - 3000..<bytes.count { bytes[index] ^= 0x55 }
        _ = try folder.write(bytes, to: "damaged.tif")
        let error = #expect(throws: RasterError.self) { try run(job(scene: path)) }
        #expect(error?.code == .readFailed && error?.message.contains("kept") == false)
        #expect(try !folder.names.contains { $0.contains("overtile-") })
    }
}

/// The checksum of samples by itself.
@Suite struct SampleChecksumTests {
    /// Every length up to some words, so that all of the loop's ends are met.
    @Test(arguments: [1, 7, 8, 31, 32, 33, 64, 100])
    func everyBitCounts(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 5) }
        func sum(_ bytes: [UInt8]) -> UInt64 {
            var sum = SampleChecksum()
            bytes.withUnsafeBytes { sum.add($0) }
            return sum.value
        }
        var seen: Set = [sum(bytes), sum(bytes + [0])]
        for bit in 0..<count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            seen.insert(sum(flipped))
        }
        #expect(seen.count == count * 8 + 2)
    }
}

/// The journal by itself: what it believes of what it finds.
@Suite struct WorkJournalTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func journal(key: UInt64 = 1, boot: UInt64 = 7) throws -> WorkJournal {
        try WorkJournal(path: folder.path("journal"), key: key, output: "mask.tif", boot: boot)
    }

    private func progress(_ rows: Int) -> WorkJournal.Progress {
        WorkJournal.Progress(tileRows: rows, tilesComputed: 3 * rows)
    }

    @Test func afterAPowerLossOnlyWhatIsOnTheDiskCounts() throws {
        let first = try journal()
        try first.append(progress(1), isOnDisk: false)
        try first.append(progress(1), isOnDisk: true)
        try first.append(progress(2), isOnDisk: false)
        #expect(try journal().recover(tileRows: 9) == progress(2), "killed")
        #expect(try journal(boot: 8).recover(tileRows: 9) == progress(1), "the system was started anew")
        #expect(try journal(boot: 0).recover(tileRows: 9) == progress(1), "the system does not say")
        #expect(try journal(key: 2).recover(tileRows: 9) == progress(0), "another's")
        #expect(try journal().recover(tileRows: 1) == nil, "more rows than there are")
    }

    /// A record that is torn ends the journal, wherever it is torn; what is appended then counts.
    @Test func aTornRecordIsNone() throws {
        let first = try journal()
        for row in 1...3 { try first.append(progress(row), isOnDisk: false) }
        let bytes = try folder.bytes("journal")
        let size = bytes.count / 3
        for count in 0...bytes.count {
            _ = try folder.write(Array(bytes.prefix(count)), to: "journal")
            let torn = try journal()
            #expect(torn.recover(tileRows: 9) == progress(count / size))
            try torn.append(progress(5), isOnDisk: false)
            #expect(try journal().recover(tileRows: 9) == progress(5))
        }
    }

    @Test func aRowIsKnownByItsLastRecord() throws {
        let first = try journal()
        try first.append(progress(1), checksums: [11, 12], isOnDisk: false)
        try first.append(progress(2), checksums: [21, 22], isOnDisk: false)
        try first.append(progress(2), isOnDisk: true)
        try first.append(progress(2), checksums: [23, 24], isOnDisk: false)
        // Samples are told by their checksum, whatever became of the system since.
        let later = try journal(boot: 8)
        #expect(later.recover(tileRows: 9) == progress(2))
        #expect(later.row(0, rasters: 2) == WorkJournal.Row(tilesComputed: 3, checksums: [11, 12]))
        #expect(later.row(1, rasters: 2) == WorkJournal.Row(tilesComputed: 6, checksums: [23, 24]))
        #expect(later.row(2, rasters: 2) == nil)
    }

    @Test func aFlippedBitIsSeen() throws {
        let first = try journal()
        for row in 1...2 { try first.append(progress(row), isOnDisk: true) }
        let bytes = try folder.bytes("journal")
        for bit in bytes.count * 4..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            _ = try folder.write(flipped, to: "journal")
            #expect(try journal().recover(tileRows: 9) == progress(1))
        }
    }
}
