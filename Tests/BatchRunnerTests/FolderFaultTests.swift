import FileIO
import Foundation
import Logging
import Models
import RasterIO
import SceneRunner
import Segmentation
import TestData
import TestNetworks
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import BatchRunner

/// A fault in the place of each call about files while a batch, or a pass of a watch, gives two scenes all their outputs:
/// Overtile's own calls, GDAL's for the outputs, and SQLite's for the ledger. Whatever fails, each scene has all its outputs
/// or none, and the same command then ends well, with the same bytes and nothing hidden.
///
/// Each test has a process of its own, because a fault strikes whoever makes the call.
@Suite(.serialized)
struct FolderFaultTests {
    enum Kind: String, Codable, CaseIterable, Sendable { case batch, watch }

    private let temporary: TemporaryFolder
    private var folder: String { temporary.url.path }

    init() throws {
        temporary = try TemporaryFolder()
        try FolderBench(folder: temporary.url.path).make()
    }

    @Test("an error of the system in the place of a call", arguments: Kind.allCases)
    func fails(_ kind: Kind) async throws {
        let process = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [folder = folder as String, kind = kind as Kind] in
            let bench = FolderBench(folder: folder)
            bench.useFileCalls()
            let wrong = try bench.sweep(kind).errors(step: FaultSweep.step(211))
            #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
        }
        FaultSweep.show(process?.standardOutputContent)
    }

    @Test("a kill in the place of a call", arguments: Kind.allCases)
    func killed(_ kind: Kind) async throws {
        let bench = FolderBench(folder: folder)
        try bench.begin()
        try bench.run(kind)
        let whole = try bench.files()
        let step = FaultSweep.step(401)
        var (call, points) = (1, 0)
        while true {
            try bench.begin()
            let result = await #expect(processExitsWith: .failure, observing: [\.exitStatus]) {
                [folder = folder as String, kind = kind as Kind, call = call as Int] in
                let bench = FolderBench(folder: folder)
                bench.useFileCalls()
                try FileFault(call: call, effect: .kill).strike { try bench.run(kind) }
                // There are not so many calls.
                exit(3)
            }
            guard result?.exitStatus == .signal(SIGKILL) else {
                #expect(result?.exitStatus == .exitCode(3))
                break
            }
            points += 1
            let wrong = try bench.sweep(kind).afterKill(before: [:], whole: whole, "killed at call \(call)")
            #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
            call += step
        }
        print("kills: \(points) points of \(kind)")
        #expect(points > 1)
    }
}

/// Two small scenes and a small model in a folder, which another process finds again by its path.
private struct FolderBench {
    let folder: String
    private static let outputs = ["out", "p", "c"]

    private struct Failed: Error, CustomStringConvertible { let description: String }

    func make() throws {
        try FileManager.default.createDirectory(atPath: folder + "/in", withIntermediateDirectories: true)
        _ = try ModelFile.paperUNet(in: folder, depth: 2)
        for (number, name) in ["a", "b"].enumerated() {
            let path = "\(folder)/in/\(name).tif"
            try SyntheticScene.write(path, width: 50 + 10 * number, height: 60, crs: "EPSG:32633") { _, x, y in
                Float((x / 9 * 70 + y / 7 * 130 + number) & 255)
            }
            // Long settled.
            let time = timespec(tv_sec: 1_700_000_000, tv_nsec: 0)
            utimensat(AT_FDCWD, path, [time, time], 0)
        }
        try begin()
    }

    /// Empty folders for outputs.
    func begin() throws {
        for name in Self.outputs {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
    }

    func useFileCalls() {
        GDALLibrary.prepare()
        for name in Self.outputs { TrackedFiles.takeOver(below: "\(folder)/\(name)") }
        SQLiteFiles.useFileCalls()
    }

    /// All outputs, and whatever else lies in their folders, but for the ledger and the lock, which stay.
    func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for place in Self.outputs {
            for name in try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/\(place)")
            where ![Ledger.fileName, ".overtile.lock"].contains(name) {
                files["\(place)/\(name)"] =
                    FileManager.default.contents(atPath: "\(folder)/\(place)/\(name)") ?? Data("a folder".utf8)
            }
        }
        return files
    }

    func sweep(_ kind: FolderFaultTests.Kind) -> FaultSweep {
        FaultSweep(kind.rawValue, begin: begin, files: files) { try run(kind) }
    }

    /// What the command does, as a new process would.
    ///
    /// - Throws: `Failed` where a scene has failed, beside what ends the command.
    func run(_ kind: FolderFaultTests.Kind) throws {
        let model = try Model(path: folder + "/model-1-2-2-4-1.safetensors")
        var companions = FolderLayout.Companions()
        (companions.polygons, companions.statistics) = ("fgb", "csv")
        (companions.style, companions.hasItems) = (.always, true)
        let layout = try FolderLayout(
            folder: folder + "/out", others: [.probabilities: folder + "/p", .confidence: folder + "/c"],
            companions: companions, model: model.path)
        var options = SegmentationOptions()
        (options.scale, options.tile, options.workers) = (0.01, 44, 1)
        switch kind {
        case .batch:
            let results = try Batch(model: model, options: options, outputs: layout)
                .run(["a", "b"].map { "\(folder)/in/\($0).tif" })
            for case .failed(let message, _) in results.map(\.ending) { throw Failed(description: message) }
        case .watch: try watch(model, options, layout)
        }
    }

    private func watch(_ model: Model, _ options: SegmentationOptions, _ layout: FolderLayout) throws {
        let lock = try FolderLock(folder: layout.folder)
        defer { withExtendedLifetime(lock) {} }
        let ledger = try Ledger(folder: layout.folder, access: .writing)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var settings = FolderWatch.Settings(folder: CanonicalPath.named(folder + "/in"))
        // A scene that has failed may be tried again at once, and often.
        settings.retry = RetryRule(maxAttempts: 1000, pauses: [0])
        let scenes = WatchedScenes(
            ledger: ledger, retry: settings.retry, command: nil, observer: nil, cancellation: Cancellation(),
            warn: { _ in },
            batch: { _ in
                Batch(
                    ledger: ledger, model: model, options: options, outputs: layout, logger: logger,
                    warnings: SceneWarnings { _ in }, errorStatus: { _ in 1 })
            })
        let pass = try FolderWatch(
            settings, ledger: ledger, logger: logger, cancellation: Cancellation(), warn: { _ in }, run: scenes.run
        ).pass()
        if pass.failed > 0 || pass.arriving + pass.resting > 0 { throw Failed(description: "\(pass)") }
    }
}
