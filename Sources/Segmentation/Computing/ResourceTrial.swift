import Dispatch
import Glibc

/// Finds out whether the system gives a run its threads and its memory, before anything is begun that waits for them.
///
/// Dispatch tries for ever to start a thread that it does not get, and memory that is not there ends the process: under
/// limits such as those of `ulimit -u` and `ulimit -v`, a run would hang or leave its files behind.
package enum ResourceTrial {
    /// Starts so many threads at once, asks for the memory while they all are there, and ends them again.
    ///
    /// - Parameters:
    ///   - threads: the threads that the run has at the same time.
    ///   - bytes: the memory that it will ask for, as room in the address space.
    /// - Throws: `SegmentationError` (`.shortOfResources`).
    package static func require(threads: Int, bytes: Int = 0) throws(SegmentationError) {
        let (started, problem, hasRoom) = start(threads, bytes: bytes)
        if problem != 0 {
            throw SegmentationError(
                .shortOfResources,
                "the system gives \(started) of the \(threads) threads that this run needs "
                    + "(\(String(cString: strerror(problem)))): raise the limit (ulimit -u, or -v), or give fewer --workers"
            )
        }
        guard hasRoom else {
            throw SegmentationError(
                .shortOfResources,
                "the system does not give the \(ByteCount.text(bytes)) of memory that this run needs: raise the limit "
                    + "(ulimit -v), or give a smaller --memory or fewer --workers")
        }
    }

    /// Threads of a run beside its workers and its readers: those that read ahead, encode, sync, and wait for them.
    package static let otherThreads = 5
    /// Room for the first steps of any command, before it is known how much the run needs.
    package static let firstBytes = 256 << 20

    /// - Returns: how many threads there were, the system's error number or 0, and true if the memory is there beside them.
    private static func start(_ threads: Int, bytes: Int) -> (started: Int, problem: Int32, hasRoom: Bool) {
        let gate = DispatchSemaphore(value: 0)
        let context = Unmanaged.passUnretained(gate).toOpaque()
        var started: [pthread_t] = []
        var problem: Int32 = 0
        while started.count < threads, problem == 0 {
            var thread = pthread_t()
            problem = pthread_create(&thread, nil, waitAtGate, context)
            if problem == 0 { started.append(thread) }
        }
        let hasRoom = bytes <= 0 || isThereRoom(bytes)
        for _ in started { gate.signal() }
        for thread in started { pthread_join(thread, nil) }
        return (started.count, problem, hasRoom)
    }

    private static func isThereRoom(_ bytes: Int) -> Bool {
        guard let room = mmap(nil, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
            room != MAP_FAILED
        else { return false }
        munmap(room, bytes)
        return true
    }
}

/// What each thread of a trial does. The gate lives until all have ended.
private func waitAtGate(_ gate: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let gate { Unmanaged<DispatchSemaphore>.fromOpaque(gate).takeUnretainedValue().wait() }
    return nil
}
