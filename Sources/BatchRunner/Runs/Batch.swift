import FileIO
package import Foundation
import Glibc
public import Logging
public import Models
import RasterIO
public import Segmentation
package import SceneRunner
import Synchronization

/// Scenes that are run into one folder with one model, each remembered by the folder's ledger.
///
///     let model = try Model(path: "unet.pth")
///     let batch = try Batch(
///         model: model, outputs: FolderLayout(folder: "masks", model: model.path), warn: { print($0) })
///     let results = try batch.run(["in/a.tif", "in/b.tif"])
///     print(results.count { $0.hasFailed }, "failed")
///
/// A scene that was done before, and has not changed since, is not run again.
public final class Batch: Sendable {
    /// The ledger, which remembers each scene.
    package let ledger: Ledger
    /// The network that all scenes are segmented with.
    public let model: Model
    /// The options that all scenes are run with.
    public let options: SegmentationOptions
    /// The folders of the outputs.
    public let outputs: FolderLayout
    /// The digest of the model and of all options that change results.
    package let settings: String

    let log: SceneLog
    let warnings: SceneWarnings
    /// Keeps other runs out of the folder; nil for a part, and for a merge.
    private let claim: FolderClaim?
    /// The scenes that a user named one by one, which may be anything.
    private let named: Set<String>
    /// The copy of the ledger in object storage, where the outputs are there.
    private let ledgerCopy: LedgerCopy?
    /// True once a file was uploaded on trial.
    private let hasTriedUpload = Mutex(false)
    let errorStatus: @Sendable (any Error) -> Int
    let now: @Sendable () -> Date

    /// Opens the ledger of the folder of masks, or makes it, and keeps other runs out of that folder as long as the batch
    /// lives.
    ///
    /// - Parameters:
    ///   - outputs: where the outputs go; its folders exist.
    ///   - logger: takes a line about each scene; nil for none.
    ///   - warn: called with each line that the user should know, from any thread.
    /// - Throws: `FileError` (`.locked` while another run works in the folder), an error of the ledger, or one that parts of a
    ///   divided batch lie in the folder.
    public convenience init(
        model: Model, options: SegmentationOptions = SegmentationOptions(), outputs: FolderLayout,
        logger: Logger? = nil, warn: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let claim = try FolderClaim(outputs.state)
        let ledger = try outputs.openLedger()
        try ledger.requeueInterrupted()
        try ledger.forgetNeverFound()
        let warnings = SceneWarnings(show: warn)
        warnings.receiveRasterWarnings()
        self.init(
            ledger: ledger, model: model, options: options, outputs: outputs,
            logger: logger ?? Logger(label: "overtile") { _ in SwiftLogNoOpLogHandler() }, warnings: warnings,
            errorStatus: { _ in 1 }, claim: claim)
    }

    /// Makes a batch of an open ledger; nothing is read or written yet.
    ///
    /// - Parameters:
    ///   - ledger: remembers the scenes. Whoever opened it has the right to write it.
    ///   - warnings: gathers what is said of scenes while they are run.
    ///   - named: the scenes that a user named one by one: whatever the options say, these may reach everything.
    ///   - errorStatus: returns the exit status that an error stands for.
    ///   - now: the time; tests have their own.
    package init(
        ledger: Ledger, model: Model, options: SegmentationOptions, outputs: FolderLayout, logger: Logger,
        warnings: SceneWarnings, named: Set<String> = [], errorStatus: @escaping @Sendable (any Error) -> Int,
        claim: FolderClaim? = nil,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.ledger = ledger
        self.model = model
        self.options = options
        self.outputs = outputs
        self.warnings = warnings
        self.named = named
        self.errorStatus = errorStatus
        self.claim = claim
        self.now = now
        ledgerCopy = outputs.ledgerCopy
        log = SceneLog(logger)
        let others = ["outputs": outputs.kinds, "products": outputs.products.text]
        settings = SettingsDigest(model: model, options: options, others: others).hexadecimal
    }

    /// Returns true if a scene was done with this model and these options, is the same as then, and has all its outputs.
    func isUpToDate(_ scene: String, _ entry: LedgerEntry) -> Bool {
        guard entry.state == .done, entry.settings == settings, let started = entry.started else { return false }
        if let stamp = FileStamp(storedScene: scene), stamp != entry.stamp { return false }
        guard let text = entry.identity,
            let identity = try? StoredJSON.decode(SceneIdentity.self, from: Data(text.utf8)), identity.isUnchanged
        else { return false }
        // Where names have the day in them, the day on which it was done.
        let wanted = Set(outputs.outputs(for: scene, date: started).files.map { CanonicalPath.named($0.path) })
        return wanted == Set(entry.outputs.map(\.path))
            && entry.outputs.allSatisfy { FileStamp(stored: $0.path) != nil }
    }

    /// Returns true if the ledger knows that a scene was done, and is the same as then, and has all its outputs.
    ///
    /// - Throws: `LedgerError`.
    func isDone(_ scene: String) throws(LedgerError) -> Bool {
        try ledger.entry(of: CanonicalPath.named(scene)).map { isUpToDate(scene, $0) } ?? false
    }

    /// Runs one scene, if that is necessary, and tells the ledger and the log.
    ///
    /// What goes wrong with the scene is a result. What it wrote before, as the ledger has it, is replaced; other files only
    /// where the options allow it.
    ///
    /// - Parameters:
    ///   - scene: as it was named; the ledger has it under its canonical path.
    ///   - share: the options to run with, which must give the same bytes as `options`.
    ///   - nextAttempt: when a scene that has failed for the n-th time may be tried again; nil for at any time.
    /// - Throws: `LedgerError`; `RasterError` or `FileError` where outputs cannot be written any more, whatever the scene: it waits then, and
    ///   the attempt does not count; `ShareTooSmall` where the share does not give the same bytes, before anything is
    ///   written.
    package func run(
        _ scene: String, share: SegmentationOptions? = nil, observer: (any BatchObserver)? = nil,
        cancellation: Cancellation, nextAttempt: (_ attempts: Int, _ now: Date) -> Date? = { _, _ in nil }
    ) throws -> SceneResult {
        try claim?.requireHeld()
        let key = CanonicalPath.named(scene)
        let start = now()
        let entry = try noted(scene, key, at: start)
        if let entry, let result = unchangedResult(scene, entry) { return result }
        var earlier = entry?.outputs ?? []
        var started = false
        warnings.begin(scene)
        defer { warnings.end(scene) }
        do {
            let run: SceneRun
            let remote = try RemoteOutputs(outputs.outputs(for: scene, date: start), scratch: outputs.state)
            defer { remote?.removeIfEmpty() }
            do {
                run = try open(scene, options: share ?? options, earlier: earlier, date: start, remote: remote)
                if share != nil, WorkerDemand.isShort(run.job) { throw ShareTooSmall() }
                earlier = (remote?.remote ?? run.outputs).files.map {
                    OutputRecord(kind: $0.kind.name, path: CanonicalPath.named($0.path))
                }
            } catch let error as SegmentationError where error.code == .outsideArea {
                log.outside(scene)
                // A watch needs not open it again.
                try ledger.change(key) { ($0.state, $0.error) = (.done, nil) }
                return SceneResult(scene: scene, ending: .outside)
            } catch let error where !(error is ShareTooSmall) {
                try begin(key, identity: entry?.identity, outputs: earlier, at: start)
                started = true
                throw error
            }
            try begin(key, identity: try text(of: run.identity), outputs: earlier, at: start)
            started = true
            // Another process may have taken the folder over meanwhile, and have made the same outputs.
            run.completed = { [claim] _ in try claim?.requireHeld() }
            observer?.began(scene, run)
            var outcome =
                try remote?.finished(run, scene, access: reach(of: scene))
                ?? run.run(
                    extras: .all, cancellation: cancellation,
                    warnings: warnings, progress: { observer?.advanced(scene, tiles: $0, of: $1) })
            if let remote {
                try remote.note(run, outcome)
                // Before anything is there that nobody else would know as this batch's.
                try ledgerCopy?.storeNowAndThen(ledger)
                outcome = try remote.upload(outcome, isCancelled: { cancellation.isCancelled })
            }
            try ledger.succeed(key, outcome, at: now())
            log.done(outcome)
            return SceneResult(scene: scene, ending: .done(outcome))
        } catch is CancellationError {
            if started { try ledger.release(key) }
            return SceneResult(scene: scene, ending: .stopped)
        } catch let error where !(error is LedgerError || error is ShareTooSmall) {
            // The ledger is another's to write by then.
            try claim?.requireHeld()
            if isOfThePlace(error) {
                // Where the ledger is out of reach as well, the first error says more than what follows from it.
                if started { try? ledger.release(key, because: "\(error)") }
                throw error
            }
            let (message, status) = ("\(error)", errorStatus(error))
            let attempts = try ledger.entry(of: key)?.attempts ?? 1
            let end = now()
            try ledger.fail(
                key, error: message, status: status, at: end, nextAttempt: nextAttempt(attempts, end))
            log.failed(scene, message: message, status: status, attempts: attempts)
            return SceneResult(scene: scene, ending: .failed(message: message, status: status))
        }
    }

    /// Returns what the ledger knows of a scene, as it is now.
    func noted(_ scene: String, _ key: String, at time: Date) throws(LedgerError) -> LedgerEntry? {
        let stamp = FileStamp(storedScene: scene)
        let entry = try ledger.entry(of: key)
        guard entry == nil || (stamp != nil && stamp != entry?.stamp) else { return entry }
        try ledger.note([Sighting(scene: key, stamp: stamp ?? .unknown)], at: time)
        return try ledger.entry(of: key)
    }

    /// Returns the result of a scene that has not changed since its earlier run, and tells the log; nil for one to be run.
    func unchangedResult(_ scene: String, _ entry: LedgerEntry) -> SceneResult? {
        guard isUpToDate(scene, entry) else { return nil }
        log.unchanged(scene)
        return unchanged(scene, entry)
    }

    /// Returns the result of a scene that has not changed since its earlier run.
    func unchanged(_ scene: String, _ entry: LedgerEntry) -> SceneResult {
        SceneResult(
            scene: scene, ending: .unchanged,
            earlier: EarlierRun(
                pixels: entry.pixels, seconds: entry.seconds, classShares: entry.classShares,
                warnings: entry.warnings, files: entry.outputs, finished: entry.finished, access: reach(of: scene)))
    }

    /// Opens a scene, and plans its run.
    ///
    /// - Parameters:
    ///   - options: all that is asked for, but what the scene may reach.
    ///   - earlier: the outputs that the ledger knows, which may be replaced.
    ///   - date: the day of the run, for the outputs' names.
    ///   - division: what the run does of the scene's work.
    ///   - remote: the outputs, where they are in object storage.
    /// - Throws: as `SceneRun` and `RemoteOutputs.prepare`.
    func open(
        _ scene: String, options: SegmentationOptions, earlier: [OutputRecord], date: Date,
        division: SceneRun.Division = .whole, remote: RemoteOutputs? = nil
    ) throws -> SceneRun {
        let outputs = outputs.outputs(for: scene, date: date)
        var options = options
        options.access = reach(of: scene)
        let isOwn = try OutputOwnership(earlier).covers(outputs)
        options.overwrites = options.overwrites || isOwn
        guard let remote else {
            return try SceneRun(
                scene: scene, model: model, options: options, outputs: outputs, products: self.outputs.products,
                division: division)
        }
        let overwrites = options.overwrites
        // Files under the local names are the program's own.
        options.overwrites = true
        let run = try SceneRun(
            scene: scene, model: model, options: options, outputs: remote.local, products: self.outputs.products,
            division: division)
        if let clash = outputs.everything.first(where: { $0.path == scene }) {
            throw BatchError(.usage, "\(clash.path), an output, is the scene itself and would be overwritten")
        }
        if remote.finished(run, scene, access: options.access) != nil {
            if !overwrites { try remote.requireFree() }
        } else {
            try hasTriedUpload.withLock { hasTried in
                try remote.prepare(overwrite: overwrites, tries: !hasTried, isCancelled: { false })
                hasTried = true
            }
        }
        return run
    }

    /// Writes the copy of the ledger that lies beside outputs in object storage.
    ///
    /// - Throws: `FileError`, `LedgerError`.
    package func storeLedger() throws { try ledgerCopy?.store(ledger) }

    /// Returns what opening a scene may reach.
    func reach(of scene: String) -> RasterAccess { named.contains(scene) ? .anything : options.access }

    private func begin(_ key: String, identity: String?, outputs: [OutputRecord], at time: Date) throws(LedgerError) {
        try ledger.begin(
            key, identity: identity, settings: settings, model: model.path, outputs: outputs, at: time)
    }

    /// Returns true if the next scene would meet the same error: a full disk, a folder that is gone or may not be written.
    func isOfThePlace(_ error: any Error) -> Bool {
        if (error as? SegmentationError)?.code == .shortOfResources { return true }
        if outputs.isRemote, let error = error as? FileError, [.readFailed, .writeFailed].contains(error.code),
            RemoteFile.isRemote(error.path)
        {
            return true
        }
        let error = (error as? FileError).map { RasterError($0) } ?? error as? RasterError
        return switch error?.code {
        case .outOfSpace: true
        // What one scene brings with it may fail where all others are written.
        case .writeFailed: !outputs.localFolders.allSatisfy(FileSpace.canWrite)
        case .cannotCreate, .outputExists:
            outputs.localFolders.contains { access($0, W_OK | X_OK) != 0 }
        default: false
        }
    }

    /// Returns the identity of a scene as the ledger has it.
    func text(of identity: SceneIdentity) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(identity), as: UTF8.self)
    }
}

/// A part of the workers and of the memory is too small for a scene to get the same bytes as with all of them. The scene
/// is run again when all are free.
struct ShareTooSmall: Error {}
