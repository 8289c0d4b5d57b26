import COvertileKernels
import Dispatch
import Synchronization

/// What the processor's arithmetic allows, measured.
package enum MachinePeak {
    private static let seconds = 0.05

    /// Multiplications and additions, in milliards a second, that so many threads do together at best when they touch no
    /// memory.
    package static func gigaflops(threads: Int) -> Double {
        let total = Mutex(0.0)
        let group = DispatchGroup()
        for thread in 0..<threads {
            DispatchQueue(label: "overtile.peak \(thread)").async(group: group) {
                let peak = overtile_peak_gigaflops(seconds)
                total.withLock { $0 += peak }
            }
        }
        group.wait()
        return total.withLock { $0 }
    }
}
