import Foundation
import Overtile

/// A batch that is dealt among machines: each makes a part, and one of them the rest.
extension BatchCommand {
    /// Makes a part.
    ///
    /// - Throws: `UsageError` where parts could not be put together; `SomeScenesFailed`; as `BatchPart`.
    func make(_ part: ScenePart) throws {
        guard !files.name.contains("{date}") else {
            throw UsageError(
                "--part does not go with {date} in --name: parts that run on different days would not name outputs alike; write the "
                    + "day itself")
        }
        guard !RemoteFile.isRemote(files.output) else {
            throw UsageError(
                "--part does not go with outputs in object storage: parts keep their work beside the masks; name a folder that all "
                    + "machines share")
        }
        let cancellation = Signals.cancellationOnSignal()
        let place = try prepare()
        let folder = PartsFolder(of: place.outputs.folder)
        let summary: BatchPart.Summary? = try parts.waiting(cancellation, while: { try folder.isHeld(part) }) {
            // Parts have it at the same time, and a batch that is not divided has it alone. Who waits does not have it.
            let lock = try FolderLock(folder: place.outputs.folder, isShared: true, hasLease: true)
            defer { withExtendedLifetime(lock) {} }
            let claim = try PartClaim(part, of: folder)
            let found = try findScenes(ignoring: claim.written(), place, date: Date())
            let warnings = SceneWarnings { [messages] in messages.warn($0) }
            let batch = try makeBatch(
                claim.ledger, found.scenes, named: found.named, place, options, warnings)
            let part = try BatchPart(
                claim, of: batch, scenes: found.scenes, folder: FileManager.default.currentDirectoryPath,
                arguments: PartOptions.argumentsWithoutPart)
            guard let part else { return nil }
            // From here on: all scenes were opened before, most of them other parts'.
            warnings.receiveRasterWarnings()
            let progress = BatchProgress(messages, progress, sizes: part.names)
            defer { progress.finish() }
            return try part.run(observer: progress, cancellation: cancellation)
        }
        guard let summary else {
            if !messages.quiet {
                Console.note(
                    "\(place.outputs.folder), \(part): nothing is left to do, as all scenes of the batch are done")
            }
            return
        }
        if messages.verbose || (Console.isTerminal && !messages.quiet) {
            let pieces = summary.pieces > 0 ? " and \(Text.counted(summary.pieces, "piece"))" : ""
            Console.note(
                "\(place.outputs.folder), \(part): \(Text.counted(summary.scenes, "scene"))\(pieces) in "
                    + Text.time(.seconds(summary.seconds)))
        }
        if summary.failed > 0 {
            throw SomeScenesFailed(failed: summary.failed, total: summary.scenes + summary.pieces)
        }
    }

    /// Puts the parts together, and makes what a batch makes at its end.
    ///
    /// - Parameter folder: where the parts lie, as a canonical path.
    /// - Throws: `PartError`; `SomeScenesFailed`; as `BatchMerge`.
    func finish(_ merge: BatchMerge, in folder: String, _ cancellation: Cancellation) throws {
        let place = try prepare()
        guard CanonicalPath.named(place.outputs.folder) == folder else {
            throw PartError(
                .bad,
                "\(folder): its parts were made for \(place.outputs.folder): merge them where they were made, by that name"
            )
        }
        let lock = try Self.lock(folder)
        defer { withExtendedLifetime(lock) {} }
        let ledger = try openLedger(place.outputs)
        let started = Date()
        let named = try SceneInputs(inputs, names: choice.names, recursive: choice.recursive).named
        let warnings = messages.receiveRasterWarnings()
        let batch = try makeBatch(ledger, merge.scenes, named: named, place, options, warnings)
        let progress = BatchProgress(messages, progress, sizes: merge.cutScenes)
        defer { progress.finish() }
        let results = try merge.run(batch, observer: progress, cancellation: cancellation)
        let report = try tell(results, of: batch, place, started: started)
        try merge.finish()
        progress.finish()
        try show(report)
        if report.failed > 0 { throw SomeScenesFailed(failed: report.failed, total: results.count) }
    }

    /// Takes the lock of the folder of outputs for a merge. A part that has begun meanwhile leaves in a moment, as it finds
    /// the merge's lease.
    ///
    /// - Throws: `FileError`: `.locked` where another run has it for longer.
    static func lock(_ folder: String) throws(FileError) -> FolderLock {
        for _ in 0..<20 {
            do {
                return try FolderLock(folder: folder, hasLease: true)
            } catch  where error.code == .locked {
                Thread.sleep(forTimeInterval: 0.1)
            }
        }
        return try FolderLock(folder: folder, hasLease: true)
    }
}
