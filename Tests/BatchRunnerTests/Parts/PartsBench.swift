import FileIO
import Foundation
import Segmentation
import TestData
import Testing
import TileGeometry

@testable import BatchRunner
@testable import SceneRunner

/// Scenes of one tile and of many rows of tiles, run in one piece or in parts.
final class PartsBench {
    let bench: BatchBench

    /// The scenes of a test that has started this process.
    init(folder: String) throws {
        bench = try BatchBench(TemporaryFolder(ofTest: folder))
        choose()
    }

    private func choose() {
        bench.options.tile = 60
        bench.companions.statistics = "csv"
        bench.companions.polygons = "geojson"
        bench.companions.style = .always
    }

    init() throws {
        bench = try BatchBench()
        choose()
        for (index, name) in ["a", "b", "c", "d", "e"].enumerated() {
            try bench.addScene("\(name).tif", seed: index, crs: "EPSG:32633")
        }
        // The first costs most, the second is cut as well.
        try bench.addScene("large.tif", width: 70, height: 900, seed: 11, crs: "EPSG:32633")
        try bench.addScene("middle.tif", width: 50, height: 420, seed: 12, crs: "EPSG:32633")
    }

    var output: String { bench.folder.path("out") }
    var parts: PartsFolder { PartsFolder(of: output) }
    var scenes: [String] { get throws { try SceneInputs([bench.folder.path("in")]).scenes } }

    /// Begins a part; nil where nothing is left to do.
    func begin(_ number: Int, of count: Int, scenes: [String]? = nil) throws -> BatchPart? {
        let claim = try PartClaim(ScenePart(number, of: count)!, of: parts)
        return try BatchPart(
            claim, of: bench.batch(claim.ledger), scenes: scenes ?? self.scenes, folder: "/home",
            arguments: ["in", "-o", "out"])
    }

    @discardableResult
    func make(
        _ number: Int, of count: Int, scenes: [String]? = nil, observer: (any PartObserver)? = nil,
        cancellation: Cancellation = Cancellation()
    ) throws -> BatchPart.Summary {
        try begin(number, of: count, scenes: scenes)?.run(observer: observer, cancellation: cancellation)
            ?? BatchPart.Summary(scenes: 0, pieces: 0, failed: 0, seconds: 0)
    }

    @discardableResult
    func merge(
        observer: (any PartObserver)? = nil, cancellation: Cancellation = Cancellation()
    ) throws -> [SceneResult] {
        let merge = try BatchMerge(of: output, mixesKernels: false)
        let results = try merge.run(bench.batch(), observer: observer, cancellation: cancellation)
        try merge.finish()
        return results
    }

    /// What a run has left: all files that are not hidden, the ledger's entries and the report, without times.
    struct Outcome: Equatable {
        let files: [String: Data]
        let entries: [LedgerEntry]
        let report: NSDictionary
    }

    func outcome(_ results: [SceneResult]) throws -> Outcome {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: output) where !name.hasPrefix(".") {
            files[name] = try Data(contentsOf: URL(fileURLWithPath: output + "/" + name))
        }
        var entries = try bench.ledger.entries()
        for index in entries.indices {
            entries[index].seconds = nil
            for output in entries[index].outputs.indices { entries[index].outputs[output].stamp?.modified = 0 }
        }
        let report = BatchReport(
            results, model: bench.modelPath, folder: output, started: bench.time, finished: bench.time)
        var scenes = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
        scenes["scenes"] = try #require(scenes["scenes"] as? [[String: Any]]).map { scene in
            var scene = scene.filter { !["seconds", "megapixelsPerSecond"].contains($0.key) }
            scene["outputs"] = (scene["outputs"] as? [[String: Any]])?.map { $0.filter { $0.key != "stamp" } }
            return scene
        }
        return Outcome(files: files, entries: entries, report: scenes as NSDictionary)
    }

    /// Runs all scenes in one piece, and removes what that left.
    func undivided() throws -> Outcome {
        let outcome = try outcome(bench.batch().run(scenes))
        try clear()
        return outcome
    }

    func clear() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: output) {
            try FileManager.default.removeItem(atPath: output + "/" + name)
        }
    }

    /// Sizes and times of all outputs.
    var stamps: [String: FileStamp?] {
        get throws {
            let names = try FileManager.default.contentsOfDirectory(atPath: output).filter { !$0.hasPrefix(".") }
            return Dictionary(uniqueKeysWithValues: names.map { ($0, FileStamp(path: output + "/" + $0)) })
        }
    }

    /// Names of what is hidden in the folder of outputs, but for the ledger.
    var hidden: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: output)
                .filter { $0.hasPrefix(".") && !$0.hasPrefix(Ledger.fileName) && $0 != FolderLock.fileName }.sorted()
        }
    }
}

/// Calls a function for each scene and piece that ends, or begins.
final class EndObserver: PartObserver {
    private let body: @Sendable (String) -> Void
    private let begin: @Sendable (String, SceneRun) -> Void

    init(
        _ body: @escaping @Sendable (String) -> Void = { _ in },
        began: @escaping @Sendable (String, SceneRun) -> Void = { _, _ in }
    ) {
        (begin, self.body) = (began, body)
    }

    func began(_ scene: String, _ run: SceneRun) { begin(scene, run) }
    func advanced(_ scene: String, tiles: Int, of count: Int) {}
    func ended(_ result: SceneResult) { body(result.scene) }
    func ended(_ piece: String) { body(piece) }
}
