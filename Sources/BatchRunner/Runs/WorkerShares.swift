import Dispatch
import Synchronization

/// The workers of a batch, taken by scenes as many at a time as each needs.
///
/// The scene that asks first is served first, so that a large scene, which takes them all, is not passed by small ones for ever.
final class WorkerShares: Sendable {
    private struct State {
        var free: Int
        var waiting: [(count: Int, turn: DispatchSemaphore)] = []
    }

    let total: Int
    private let state: Mutex<State>
    private let queued: @Sendable (_ count: Int) -> Void

    /// - Parameter queued: called when somebody has asked for so many, whether or not they are free, and before the wait
    ///   for them.
    init(total: Int, queued: @escaping @Sendable (_ count: Int) -> Void = { _ in }) {
        self.total = total
        self.queued = queued
        state = Mutex(State(free: total))
    }

    /// Waits until so many are free, and takes them.
    func take(_ count: Int) {
        precondition((1...total).contains(count), "no such share")
        let turn = DispatchSemaphore(value: 0)
        state.withLock { state in
            state.waiting.append((count, turn))
            Self.serve(&state)
        }
        queued(count)
        turn.wait()
    }

    func giveBack(_ count: Int) {
        state.withLock { state in
            state.free += count
            Self.serve(&state)
        }
    }

    private static func serve(_ state: inout State) {
        while let first = state.waiting.first, first.count <= state.free {
            state.free -= first.count
            state.waiting.removeFirst()
            first.turn.signal()
        }
    }
}
