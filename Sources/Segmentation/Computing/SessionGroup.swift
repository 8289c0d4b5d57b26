import Dispatch
import InferenceEngine
import Synchronization

/// Sessions of one network on tiles of zeros, one for each worker, which run at the same time as in a job: workers share
/// the machine's caches and memory, and on some machines their cores.
final class SessionGroup: Sendable {
    private let sessions: [Member]

    /// A session that one thread at a time uses: the one that runs its turn.
    private final class Member: @unchecked Sendable {
        let session: InferenceSession

        init(_ network: CompiledNetwork) throws {
            session = try InferenceSession(network)
            session.input.update(repeating: 0)
        }
    }

    /// - Throws: `EngineError` where the backend cannot make its per-thread state.
    init(_ network: CompiledNetwork, workers: Int) throws {
        sessions = try (0..<workers).map { _ in try Member(network) }
    }

    /// Runs the body for each session, all at the same time, each on a thread of its own.
    func run(_ body: @escaping @Sendable (InferenceSession) throws -> Void) throws {
        let failure = Mutex<(any Error)?>(nil)
        let group = DispatchGroup()
        for member in sessions {
            DispatchQueue(label: "overtile.trial").async(group: group) {
                do { try body(member.session) } catch { failure.withLock { $0 = error } }
            }
        }
        group.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Seconds until all have run a tile each.
    func secondsPerTile() throws -> Double {
        let started = DispatchTime.now()
        try run { try $0.run() }
        return started.secondsToNow
    }
}
