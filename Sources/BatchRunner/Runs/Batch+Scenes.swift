import Dispatch
import FileIO
package import Foundation
import RasterIO
public import Segmentation
import Synchronization
public import SceneRunner

extension Batch {
    /// Takes down in the ledger that these scenes are there.
    package func note(_ scenes: [String], at time: Date) throws(LedgerError) {
        try ledger.note(
            scenes.lazy.compactMap { scene in
                let stamp = FileStamp(storedScene: scene)
                // One that a server does not tell of just now is not taken for another.
                if stamp == nil, RemoteFile.isRemote(scene) { return nil }
                return Sighting(scene: CanonicalPath.named(scene), stamp: stamp ?? .unknown)
            }, at: time)
    }

    /// Runs scenes, several small ones at a time or a large one alone. One scene's failure is its own.
    ///
    /// - Parameters:
    ///   - scenes: rasters of any format that GDAL opens.
    ///   - observer: is told how the batch goes on.
    ///   - cancellation: ends the batch early when somebody cancels it.
    /// - Returns: a result for each scene, in their order; where the batch was cancelled, `.stopped` for the rest.
    /// - Throws: `Batch.Stopped`, when no scene is being run any more; before any scene is run, `BatchError` where outputs
    ///   would replace each other, a scene or the model.
    public func run(
        _ scenes: [String], observer: (any BatchObserver)? = nil, cancellation: Cancellation = Cancellation()
    ) throws -> [SceneResult] {
        let time = now()
        try outputs.check(scenes, date: time)
        try note(scenes, at: time)
        return try runChecked(scenes, observer: observer, cancellation: cancellation)
    }

    /// Runs scenes whose outputs were checked (`FolderLayout.check`).
    ///
    /// - Returns and errors: as for `run`.
    package func runChecked(
        _ scenes: [String], observer: (any BatchObserver)? = nil, cancellation: Cancellation
    ) throws -> [SceneResult] {
        let demand = WorkerDemand(model: model, options: options, kinds: Set(outputs.rasters.keys))
        let shares = WorkerShares(total: demand.workers)
        let state = Mutex(State(results: Array(repeating: nil, count: scenes.count)))
        let group = DispatchGroup()
        for lane in 0..<min(demand.workers, scenes.count) {
            // A serial queue for each: its thread may wait without holding up others.
            DispatchQueue(label: "overtile.scenes \(lane)").async(group: group) {
                while let index = state.withLock({ $0.next(unless: cancellation.isCancelled) }) {
                    do {
                        let result = try self.run(
                            scenes[index], demand: demand, shares: shares, observer: observer,
                            cancellation: cancellation)
                        state.withLock { $0.results[index] = result }
                        observer?.ended(result)
                    } catch {
                        state.withLock { $0.failure = $0.failure ?? error }
                        // The other lanes' scenes would fare no better.
                        cancellation.cancel()
                    }
                }
            }
        }
        group.wait()
        let end = state.withLock { $0 }
        let results = zip(scenes, end.results).map { $1 ?? SceneResult(scene: $0, ending: .stopped) }
        if let failure = end.failure {
            // The first error says more than what follows from it.
            try? storeLedger()
            throw Stopped(cause: failure, results: results)
        }
        do { try storeLedger() } catch { throw Stopped(cause: error, results: results) }
        return results
    }

    private struct State: Sendable {
        var position = 0
        var results: [SceneResult?]
        var failure: (any Error)?

        mutating func next(unless isCancelled: Bool) -> Int? {
            guard !isCancelled, failure == nil, position < results.count else { return nil }
            defer { position += 1 }
            return position
        }
    }

    private func run(
        _ scene: String, demand: WorkerDemand, shares: WorkerShares, observer: (any BatchObserver)?,
        cancellation: Cancellation
    ) throws -> SceneResult {
        // Looked up once: outputs in object storage take a request each.
        if let entry = try ledger.entry(of: CanonicalPath.named(scene)), let result = unchangedResult(scene, entry) {
            return result
        }
        warnings.begin(scene)
        defer { warnings.end(scene) }
        func attempt(_ share: (workers: Int, options: SegmentationOptions)) throws -> SceneResult {
            shares.take(share.workers)
            defer { shares.giveBack(share.workers) }
            guard !cancellation.isCancelled else { return SceneResult(scene: scene, ending: .stopped) }
            return try run(
                scene, share: share.workers < demand.workers ? share.options : nil, observer: observer,
                cancellation: cancellation)
        }
        do {
            return try attempt(demand.share(ofScene: scene, access: reach(of: scene)))
        } catch is ShareTooSmall {
            return try attempt((demand.workers, options))
        }
    }
}

/// Something that is told how a batch goes on. Its functions are called from several threads at once.
///
///     struct Lines: BatchObserver {
///         func began(_ scene: String, _ run: SceneRun) { print(scene, run.tiles.count) }
///         func advanced(_ scene: String, tiles: Int, of count: Int) {}
///         func ended(_ result: SceneResult) { print(result.scene, result.hasFailed ? "failed" : "done") }
///     }
///     let results = try batch.run(scenes, observer: Lines())
public protocol BatchObserver: Sendable {
    /// A scene was opened and checked, and is about to be segmented.
    func began(_ scene: String, _ run: SceneRun)
    /// So many of a scene's tiles are written.
    func advanced(_ scene: String, tiles: Int, of count: Int)
    /// A scene came to its end, good or bad.
    func ended(_ result: SceneResult)
}

extension Batch {
    /// The error of a batch that could not go on, for a reason that is no scene's: the disk is full, the folder is gone or
    /// may not be written any more, or the ledger cannot be kept. Started again when that is mended, it goes on where it was.
    public struct Stopped: Error, CustomStringConvertible {
        /// The error for which the batch could not go on.
        public let cause: any Error
        /// The result of each scene, in their order; those that did not come to their end are `.stopped`.
        public let results: [SceneResult]

        /// The cause in one line.
        public var description: String { "\(cause)" }
    }
}

/// The error of a batch that cannot be begun, or of a scene in it that cannot be run, for a reason that is neither the
/// raster's nor the model's.
///
///     do {
///         print(try FolderLayout(folder: "masks", model: "unet.pth").folder)
///     } catch where error.code == .cannotCreate {
///         print(error)
///     }
public struct BatchError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of failure, as far as a caller may want to treat them differently.
    public enum Code: Sendable {
        /// What was asked for makes no sense.
        case usage
        /// An input is not there.
        case noInput
        /// Outputs cannot be made where they should be.
        case cannotCreate
    }

    /// The kind of failure.
    public let code: Code
    /// One line: what is wrong, and what to do.
    public let description: String

    /// Makes the error from its parts.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
