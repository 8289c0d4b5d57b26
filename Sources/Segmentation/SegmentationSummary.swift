import Dispatch
import Synchronization
public import TileGeometry

/// What a run did, for its last line.
public struct SegmentationSummary: Sendable {
    public let scene: PixelSize
    public let tiles: Int
    /// Tiles with at least one valid pixel, those of earlier runs included.
    public let tilesComputed: Int
    /// Tiles that an earlier run had finished.
    public let tilesResumed: Int
    public let workers: Int
    /// Threads that read.
    public let readers: Int
    /// Wall time from opening the outputs to having them in place.
    public let seconds: Double
    /// Time that each stage was busy; reading and computing are sums over their threads.
    public let stages: StageSeconds
    /// nil where nobody asked.
    public let verification: Verification?

    /// Of what this run did.
    public var megapixelsPerSecond: Double {
        Double(scene.area) * Double(tiles - tilesResumed) / Double(tiles) / seconds / 1e6
    }

    /// The stage whose threads were busy for the largest part of the run: what kept the others waiting.
    public var limit: String {
        let shares = [
            ("reading", stages.reading / Double(readers)), ("computing", stages.computing / Double(workers)),
            ("writing", stages.writing),
        ]
        return shares.max { $0.1 < $1.1 }!.0
    }
}

public struct StageSeconds: Sendable {
    public var reading = 0.0
    public var computing = 0.0
    public var writing = 0.0
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
