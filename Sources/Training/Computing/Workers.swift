import Dispatch
import Synchronization

/// So many threads that share out the parts of a calculation.
///
/// What the parts are follows from the shapes alone, and so does the order in which their results are summed: the same
/// bytes come out for any number of workers.
struct Workers: Sendable {
    /// The number of threads.
    let count: Int

    /// Does the parts from 0 up to `parts`, each once, on whichever thread is free.
    ///
    /// - Parameter body: is given the part, and the number of the worker that does it, whose scratch it may use.
    func run(_ parts: Int, _ body: @Sendable (_ part: Int, _ worker: Int) -> Void) {
        let threads = min(count, parts)
        guard threads > 1 else {
            for part in 0..<parts { body(part, 0) }
            return
        }
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: threads) { worker in
            while true {
                let part = next.add(1, ordering: .relaxed).oldValue
                guard part < parts else { return }
                body(part, worker)
            }
        }
    }
}
