import FileIO
import Foundation
import Glibc
import Models
import RasterIO
package import Segmentation
package import SceneRunner

/// Runs the scenes of a watched folder one at a time, and calls the user's command for each that is done.
///
///     let scenes = WatchedScenes(
///         ledger: ledger, retry: RetryRule(maxAttempts: 3), command: nil, observer: nil,
///         cancellation: cancellation, warn: { print($0) }, batch: { try makeBatch(for: $0) })
///     let watch = FolderWatch(
///         settings, ledger: ledger, logger: logger, cancellation: cancellation, warn: { print($0) }, run: scenes.run)
///     try watch.follow()
///
/// The batch, and the model with it, is made when the first scene is ready: most passes of a watch find nothing to do, and
/// read no model.
package final class WatchedScenes {
    private let ledger: Ledger
    private let retry: RetryRule
    private let command: DoneCommand?
    private let observer: (any BatchObserver)?
    private let cancellation: Cancellation
    private let warn: (String) -> Void
    private let makeBatch: (_ firstScene: String) throws -> Batch
    /// The batch that runs the scenes; nil before the first one.
    package private(set) var batch: Batch?
    private var results: [SceneResult] = []

    /// Makes a runner of scenes.
    ///
    /// - Parameters:
    ///   - ledger: remembers what became of each scene; the batch has the same one.
    ///   - retry: says when a scene that has failed is tried again.
    ///   - command: is run for each scene that is done; nil for none.
    ///   - observer: is told how each scene goes on; nil for nobody.
    ///   - cancellation: stops the scene that is being run, and the command.
    ///   - warn: takes a line about a command that failed.
    ///   - makeBatch: makes the batch for the scenes from this one on; what it throws ends the pass.
    package init(
        ledger: Ledger, retry: RetryRule, command: DoneCommand?, observer: (any BatchObserver)?,
        cancellation: Cancellation, warn: @escaping (String) -> Void,
        batch makeBatch: @escaping (_ firstScene: String) throws -> Batch
    ) {
        self.ledger = ledger
        self.retry = retry
        self.command = command
        self.observer = observer
        self.cancellation = cancellation
        self.warn = warn
        self.makeBatch = makeBatch
    }

    /// Returns the results of the scenes that were run since the last call, in their order, and forgets them.
    package func takeResults() -> [SceneResult] {
        defer { results = [] }
        return results
    }

    /// Runs one scene, takes down what became of it, and calls the user's command where it is done.
    ///
    /// - Parameter scene: the canonical path of a scene that the ledger has.
    /// - Returns: what became of the scene. One that was written to meanwhile, `.changed`, loses its outputs again.
    /// - Throws: what ends the whole pass: `LedgerError`, `CancellationError`, a model that cannot be loaded, and outputs that
    ///   cannot be written, whatever the scene.
    package func run(_ scene: String) throws -> FolderWatch.Ending {
        let batch = try batch ?? makeBatch(scene)
        self.batch = batch
        let before = FileStamp(storedScene: scene)
        let result = try batch.run(
            scene, observer: observer, cancellation: cancellation,
            nextAttempt: { [retry] in retry.next(after: $0, failedAt: $1) })
        switch result.ending {
        case .stopped: throw CancellationError()
        case .unchanged, .outside: return .done
        case .failed:
            let now = FileStamp(storedScene: scene)
            // A server that does not tell says nothing of a change.
            let isKnown = !RemoteFile.isRemote(scene) || (now != nil && before != nil)
            if isKnown, now != before {
                try removeOutputs(of: scene)
                return .changed
            }
            results.append(result)
            observer?.ended(result)
            return .failed
        case .done(let outcome):
            results.append(result)
            observer?.ended(result)
            try call(for: scene, outcome, models: batch.model.paths)
            return .done
        }
    }

    /// The mask of a scene that was written to meanwhile is that of no scene.
    private func removeOutputs(of scene: String) throws {
        guard let entry = try ledger.entry(of: scene), let started = entry.started else { return }
        let start = Int(started.timeIntervalSince1970 * 1e9)
        for output in entry.outputs {
            guard let stamp = FileStamp(stored: output.path), stamp.modified >= start else { continue }
            if RemoteFile.isRemote(output.path) { RemoteFile.remove(output.path) }
            for suffix in ["", ".aux.xml"] { FileCall.unlink(output.path + suffix) }
        }
    }

    private func call(for scene: String, _ outcome: SceneOutcome, models: [String]) throws {
        guard let command else { return }
        var variables = [
            "OVERTILE_SCENE": scene, "OVERTILE_MODEL": models.map(CanonicalPath.named).joined(separator: ", "),
            "OVERTILE_PIXELS": "\(outcome.pixels)",
            "OVERTILE_SECONDS": "\(outcome.seconds)",
        ]
        for (kind, path) in outcome.outputs.files {
            variables["OVERTILE_" + kind.name.uppercased()] = CanonicalPath.named(path)
        }
        func failed(_ how: String) { warn("the command of --on-done \(how), for \(scene): \(command.command)") }
        switch command.run(variables, cancellation: cancellation) {
        case .succeeded: break
        case .failed(let status): failed("ended with \(status)")
        case .killed(let signal): failed("was ended by signal \(signal)")
        case .notStarted(let number): failed("could not be started (\(String(cString: strerror(number))))")
        case .stopped:
            failed("was stopped")
            throw CancellationError()
        }
    }
}
