import Dispatch
import Synchronization
package import TileGeometry

/// The summary of a scene's run: what was done, and how long it took.
///
///     let summary = try run.run().summary
///     print("\(summary.tiles) tiles in \(summary.seconds) s; the limit was \(summary.limit)")
public struct SegmentationSummary: Sendable {
    /// The size of the scene in its own pixels.
    package let scene: PixelSize
    /// The number of tiles that the scene was cut into.
    public let tiles: Int
    /// The number of tiles that the network ran on, as they have a valid pixel; tiles of earlier runs are included.
    public let tilesComputed: Int
    /// The number of tiles that an earlier run had finished.
    public let tilesResumed: Int
    /// The number of tiles that were computed at the same time.
    public let workers: Int
    /// The number of threads that read.
    public let readers: Int
    /// The wall time in seconds from opening the outputs to having them in place.
    public let seconds: Double
    /// The time that each stage was busy.
    package let stages: StageSeconds
    /// The distance of the tiles from windows that were run in one piece; nil where nobody asked for it.
    public let verification: Verification?

    /// Makes a summary of its numbers, as of a run that another process has made.
    package init(
        scene: PixelSize, tiles: Int, tilesComputed: Int, tilesResumed: Int, workers: Int, readers: Int,
        seconds: Double, stages: StageSeconds, verification: Verification? = nil
    ) {
        self.scene = scene
        self.tiles = tiles
        self.tilesComputed = tilesComputed
        self.tilesResumed = tilesResumed
        self.workers = workers
        self.readers = readers
        self.seconds = seconds
        self.stages = stages
        self.verification = verification
    }

    /// The speed of this run, without what an earlier run had finished, in millions of the scene's pixels a second.
    public var megapixelsPerSecond: Double {
        Double(scene.area) * Double(tiles - tilesResumed) / Double(tiles) / seconds / 1e6
    }

    /// The stage whose threads were busy for the largest part of the run, so that it kept the others waiting: "reading",
    /// "computing" or "writing".
    public var limit: String {
        let shares = [
            ("reading", stages.reading / Double(readers)), ("computing", stages.computing / Double(workers)),
            ("writing", stages.writing),
        ]
        return shares.max { $0.1 < $1.1 }!.0
    }
}

/// The time that each stage of a run was busy, in seconds, added up over its threads.
package struct StageSeconds: Codable, Equatable, Sendable {
    /// The time spent on reading and resampling the scene.
    package var reading = 0.0
    /// The time spent on running the network.
    package var computing = 0.0
    /// The time spent on stitching, compressing and writing.
    package var writing = 0.0

    /// Makes stages that have not been busy.
    package init() {}
}

/// Adds up the time that stages are busy, from any thread.
final class StageTimes: Sendable {
    private let state = Mutex(StageSeconds())

    var seconds: StageSeconds { state.withLock { $0 } }

    enum Stage: Sendable {
        case reading
        case computing
        case writing
    }

    func measure<Result>(_ stage: Stage, _ body: () throws -> Result) rethrows -> Result {
        let start = DispatchTime.now()
        let result = try body()
        let seconds = start.secondsToNow
        state.withLock {
            switch stage {
            case .reading: $0.reading += seconds
            case .computing: $0.computing += seconds
            case .writing: $0.writing += seconds
            }
        }
        return result
    }
}

/// Counts from any thread.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    func increment() { count.add(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .acquiring) }
}

extension DispatchTime {
    var secondsToNow: Double {
        Double(DispatchTime.now().uptimeNanoseconds - uptimeNanoseconds) / 1e9
    }
}
