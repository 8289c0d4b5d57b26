import BatchRunner
import Foundation
import Logging
import Models
import Segmentation
import Synchronization
import TestData
import TestNetworks
import TileGeometry
import SceneRunner

/// Small scenes, a small model, and a folder for what becomes of them.
final class BatchBench {
    let folder: TemporaryFolder
    var modelPath: String
    var options: SegmentationOptions
    var probabilities: String?
    var confidence: String?
    var template = OutputNaming.standard
    var companions = FolderLayout.Companions()
    /// What batches take for the time.
    var time = Date(timeIntervalSince1970: 1_700_000_000)
    let watcher = Watcher()

    convenience init() throws { try self.init(TemporaryFolder()) }

    init(_ folder: TemporaryFolder) throws {
        self.folder = folder
        for name in ["in", "out", "p"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
        modelPath = try ModelFile.paperUNet(in: folder.url.path, depth: 2)
        options = SegmentationOptions()
        options.scale = 0.01
        options.workers = 2
    }

    /// - Returns: the scene's path.
    @discardableResult
    func addScene(
        _ name: String, width: Int = 30, height: Int = 20, seed: Int = 0, crs: String? = nil
    ) throws -> String {
        let path = folder.path("in/\(name)")
        // Outputs of tests never replace anything by themselves.
        try? FileManager.default.removeItem(atPath: path)
        try SyntheticScene.write(path, width: width, height: height, crs: crs) { _, x, y in
            Float((x * 7 + y * 13 + seed) & 255)
        }
        return path
    }

    var ledger: Ledger { get throws { try Ledger(folder: folder.path("out"), access: .writing) } }

    /// - Parameter ledger: nil for that of the folder of outputs.
    func batch(_ ledger: Ledger? = nil) throws -> Batch {
        let time = time
        let rasters: [RasterOutput.Kind: String?] = [.probabilities: probabilities, .confidence: confidence]
        return Batch(
            ledger: try ledger ?? self.ledger, model: try Model(path: modelPath), options: options,
            outputs: try FolderLayout(
                folder: folder.path("out"), others: rasters.compactMapValues { $0.map(folder.path) },
                companions: companions, naming: OutputNaming(template), model: modelPath),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, warnings: SceneWarnings { _ in },
            errorStatus: { _ in 99 }, now: { time })
    }

    /// Runs scenes, by default all, as a new process would.
    ///
    /// - Returns: what became of each, by the scene's name.
    @discardableResult
    func run(_ scenes: [String]? = nil, cancellation: Cancellation = Cancellation()) throws -> [String: String] {
        let scenes = try scenes ?? SceneInputs([folder.path("in")]).scenes
        let batch = try batch()
        try batch.ledger.requeueInterrupted()
        let results = try batch.run(scenes, observer: watcher, cancellation: cancellation)
        return Dictionary(
            uniqueKeysWithValues: results.map { result in
                (URL(fileURLWithPath: result.scene).lastPathComponent, Self.word(result))
            })
    }

    private static func word(_ result: SceneResult) -> String {
        switch result.ending {
        case .done: "done"
        case .unchanged: "unchanged"
        case .outside: "outside"
        case .failed(let message, _): message
        case .stopped: "stopped"
        }
    }

    /// Counts how many scenes are run at a time, and may stop a batch.
    final class Watcher: BatchObserver {
        struct State {
            var running = 0
            var most = 0
            var workers: [String: Int] = [:]
            var onBegin: (@Sendable (String) -> Void)?
        }

        let state = Mutex(State())

        func began(_ scene: String, _ run: SceneRun) {
            let action = state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
                state.workers[URL(fileURLWithPath: scene).lastPathComponent] = run.job.plan.tiling.workers
                return state.onBegin
            }
            action?(scene)
        }

        func advanced(_ scene: String, tiles: Int, of count: Int) {}

        func ended(_ result: SceneResult) {
            if case .unchanged = result.ending { return }
            state.withLock { $0.running = max(0, $0.running - 1) }
        }
    }
}
