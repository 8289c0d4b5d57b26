import Dispatch
package import FileIO
import Models
import RasterIO
import TileGeometry

/// The rasters of a scene, complete and still hidden: between `SegmentationJob.stage` and their publication.
///
/// Products are made of them meanwhile. Then `publish` gives all outputs of the scene their names, or `giveUp` removes
/// them; the work in progress that they were made of stays locked until then.
package final class StagedRasters {
    private let job: SegmentationJob
    private let work: any RasterWork
    private let encoder: BlockEncoder
    private let started: DispatchTime
    private let times: StageTimes
    private let readers: Int
    private let verification: SegmentationSummary.Verification?

    init(
        _ job: SegmentationJob, work: any RasterWork, encoder: BlockEncoder, started: DispatchTime, times: StageTimes,
        readers: Int, verification: SegmentationSummary.Verification?
    ) {
        self.job = job
        self.work = work
        self.encoder = encoder
        self.started = started
        self.times = times
        self.readers = readers
        self.verification = verification
    }

    /// Returns the path at which a raster lies now; nil for one that the run does not make.
    package func path(_ kind: RasterOutput.Kind) -> String? { encoder.stagedOutput(kind)?.stagingPath }

    /// What the finished mask gives reason to warn of, a line each.
    package var warnings: [String] {
        guard let only = encoder.onlyClass else { return [] }
        let name = job.legend.first { $0.value == only }.map { " (\($0.name))" } ?? ""
        return [
            "\(job.scene.path): the mask has a single class, \(only)\(name), wherever there is data: if more was expected, look "
                + "how the model is fed, with 'overtile inspect \((job.model.members.first ?? job.model).name) --scene'"
        ]
    }

    /// The summary of the run; the time is that from its beginning until now.
    package var summary: SegmentationSummary {
        SegmentationSummary(
            scene: job.scene.size, tiles: job.plan.grid.count, tilesComputed: work.tilesComputed,
            tilesResumed: work.resumedTileRows * job.plan.grid.columns, workers: job.plan.tiling.workers,
            readers: readers, seconds: started.secondsToNow, stages: times.seconds, verification: verification)
    }

    /// Gives all outputs of the scene their names, the mask's last. `endWork` comes next.
    ///
    /// The names are taken down beforehand in the folder of the work in progress: where the process is killed between two
    /// of them, the next run of the scene takes them back.
    ///
    /// - Parameters:
    ///   - products: what was made of the rasters, finished; in the order in which they get their names.
    ///   - command: a digest of the command that asked for the outputs (`Publication.command`).
    ///   - cancellation: heeded until the first name is given.
    ///   - named: called with each name that has been given, for tests that stop the process there.
    /// - Throws: `FileError`, `RasterError`, `CancellationError`; `SegmentationError` (`.changed`) where the scene was
    ///   written to since the job was made. No output has its name then, and what was to be replaced
    ///   is there as before.
    package func publish(
        after products: [any StagedOutput] = [], command: String? = nil,
        cancellation: Cancellation = Cancellation(), named: (String) -> Void = { _ in }
    ) throws {
        do {
            let rasters = RasterOutput.Kind.allCases.reversed().compactMap(encoder.stagedOutput)
            var publication = try Publication(products + rasters)
            publication.command = command
            if cancellation.isCancelled { throw CancellationError() }
            try job.identity.requireUnchanged(job.scene.path)
            try work.folder.requireLease()
            try work.folder.announce(publication)
            try publication.carryOut(named: named)
        } catch {
            throw giveUp(after: error)
        }
    }

    /// Removes the work in progress: all outputs have their names, and nothing hidden is left of them.
    ///
    /// - Parameter keepsRecord: true to keep a hidden record of the outputs, by which the same command knows them as its own
    ///   where it is killed before it is over; `SegmentationJob.forgetRecord` removes it.
    package func endWork(keepsRecord: Bool = false) { if keepsRecord { work.keepRecord() } else { work.remove() } }

    /// Removes the rasters; the work in progress stays where the same run may succeed later.
    ///
    /// - Returns: the error, and what became of the work.
    package func giveUp(after error: any Error) -> any Error {
        encoder.discard()
        return work.end(after: error, scene: job.scene.path)
    }
}
