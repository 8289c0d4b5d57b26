import Glibc
import Synchronization

/// A fault that a test brings about: in the place of one call about files, counted from 1.
///
///     let calls = try FileFault.count { try run.run() }
///     for call in 1...calls {
///         try FileFault(call: call, effect: .error(ENOSPC)).strike { try run.run() }
///     }
///
/// Nothing but tests makes one. Without one, a call costs one look at a number.
package struct FileFault: Sendable {
    /// What happens in the place of the call.
    package enum Effect: Sendable {
        /// The call fails with an error number of the system's.
        case error(Int32)
        /// A writing call writes some of its bytes; other calls succeed.
        case shortWrite
        /// The process is killed before the call.
        case kill
    }

    private let call: Int
    private let effect: Effect

    /// Plans a fault.
    package init(call: Int, effect: Effect) {
        self.call = call
        self.effect = effect
    }

    private struct State {
        var fault: FileFault?
        var calls = 0
    }

    private static let isWatching = Atomic<Bool>(false)
    private static let state = Mutex(State())

    /// Counts the calls about files, of all threads, while something runs.
    package static func count(_ body: () throws -> Void) rethrows -> Int { try watch(nil, body) }

    /// Runs something that the fault strikes.
    ///
    /// - Returns: the calls that were made in all; where they are fewer than the fault's, nothing happened.
    @discardableResult
    package func strike(_ body: () throws -> Void) rethrows -> Int { try Self.watch(self, body) }

    private static func watch(_ fault: FileFault?, _ body: () throws -> Void) rethrows -> Int {
        state.withLock { $0 = State(fault: fault) }
        isWatching.store(true, ordering: .releasing)
        defer { isWatching.store(false, ordering: .releasing) }
        try body()
        return state.withLock { $0.calls }
    }

    /// The calls that were counted last, where what ran has thrown.
    package static var lastCount: Int { state.withLock { $0.calls } }

    /// Returns true if the call is to fail, with the reason in `errno`: 0 for a short write.
    static func strikes(canBeShort: Bool = false) -> Bool {
        guard isWatching.load(ordering: .acquiring) else { return false }
        let effect = state.withLock { state -> Effect? in
            state.calls += 1
            return state.fault.flatMap { $0.call == state.calls ? $0.effect : nil }
        }
        switch effect {
        case nil: return false
        case .error(let number): errno = number
        case .shortWrite:
            errno = 0
            return canBeShort
        case .kill: Glibc.kill(getpid(), SIGKILL)
        }
        return true
    }
}
