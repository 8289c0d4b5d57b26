import Glibc
import Synchronization

/// A fault that a test brings about: in the place of one call about files, counted from 1.
///
///     let calls = try FileFault.count { try run.run() }
///     for call in 1...calls {
///         try FileFault(call: call, effect: .error(ENOSPC)).strike { try run.run() }
///     }
///
/// Nothing but tests makes one. Without one, a call costs a look or two at a number.
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

    /// What was done to a file. Files are told by their inodes, as they change their names.
    package enum Event: Equatable, Sendable {
        /// Bytes were handed to the system.
        case written(UInt64)
        /// They are on the disk.
        case synced(UInt64)
        /// The file got a name.
        case named(UInt64, path: String)
    }

    private struct State {
        var fault: FileFault?
        var calls = 0
        var events: [Event]?
    }

    private static let isWatching = Atomic<Bool>(false)
    private static let state = Mutex(State())

    /// Counts the calls about files, of all threads, while something runs.
    package static func count(_ body: () throws -> Void) rethrows -> Int { try watch(nil, body) }

    /// Takes down what is done to files while something runs, in its order.
    package static func trace(_ body: () throws -> Void) rethrows -> [Event] {
        var events: [Event] = []
        try watch(nil, traces: true, body) { events = $0.events ?? [] }
        return events
    }

    /// Runs something that the fault strikes.
    ///
    /// - Returns: the calls that were made in all; where they are fewer than the fault's, nothing happened.
    @discardableResult
    package func strike(_ body: () throws -> Void) rethrows -> Int { try Self.watch(self, body) }

    @discardableResult
    private static func watch(
        _ fault: FileFault?, traces: Bool = false, _ body: () throws -> Void, then look: (State) -> Void = { _ in }
    ) rethrows -> Int {
        state.withLock { $0 = State(fault: fault, events: traces ? [] : nil) }
        isWatching.store(true, ordering: .releasing)
        defer { isWatching.store(false, ordering: .releasing) }
        try body()
        let seen = state.withLock { $0 }
        look(seen)
        return seen.calls
    }

    /// Takes down what was done to an open file, if anybody wants to know.
    static func note(_ event: (UInt64) -> Event, _ descriptor: Int32) {
        guard isTracing, let status = FileStatus(descriptor: descriptor) else { return }
        state.withLock { $0.events?.append(event(status.inode)) }
    }

    /// Takes down that a file got a name, if anybody wants to know.
    static func noteName(_ path: String) {
        guard isTracing, let status = FileStatus(path: path, followsLinks: false) else { return }
        state.withLock { $0.events?.append(.named(status.inode, path: path)) }
    }

    private static var isTracing: Bool {
        isWatching.load(ordering: .acquiring) && state.withLock { $0.events != nil }
    }

    /// The calls that were counted last, where what ran has thrown.
    package static var lastCount: Int { state.withLock { $0.calls } }

    /// Loses half of a file that was written, as a system does that has no room any more when the file is closed: who does not
    /// look at what closing says has half a file.
    static func lose(_ descriptor: Int32) {
        guard fcntl(descriptor, F_GETFL) & O_ACCMODE != O_RDONLY, let status = FileStatus(descriptor: descriptor),
            status.kind == .file
        else { return }
        ftruncate(descriptor, status.size / 2)
    }

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
