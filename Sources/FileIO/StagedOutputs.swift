import Glibc
import Synchronization

/// The names of all unfinished outputs, for a process that has to end at once.
///
/// A signal handler may neither allocate nor lock, so the names are C strings in a fixed table of atomic pointers. If
/// the table is full, a name is left out, and only then a file may stay behind.
package enum StagedOutputs {
    private static let slots = Slots()

    /// Removes the files of all unfinished outputs, and folders that are then empty. A signal handler may call it once
    /// an output was begun or `prepare()` was called. The outputs are of no use afterwards.
    package static func removeAll() {
        forEachName { unlink($0) }
        forEachName { rmdir($0) }
    }

    private static func forEachName(_ body: (UnsafePointer<CChar>) -> Int32) {
        for index in 0..<Slots.count {
            guard let name = UnsafePointer<CChar>(bitPattern: slots[index].load(ordering: .acquiring)) else { continue }
            _ = body(name)
        }
    }

    /// Makes the table, which a signal handler could not do.
    package static func prepare() { _ = slots[0].load(ordering: .relaxed) }

    /// Adds the path of a file, or of a folder of unfinished files.
    package static func add(_ path: String) {
        guard let name = strdup(path) else { return }
        let value = UInt(bitPattern: name)
        for index in 0..<Slots.count
        where slots[index].compareExchange(expected: 0, desired: value, ordering: .acquiringAndReleasing).exchanged {
            return
        }
        free(name)
    }

    /// Removes a path. Its memory is not freed, because a handler may be reading it.
    package static func remove(_ path: String) {
        for index in 0..<Slots.count {
            let value = slots[index].load(ordering: .acquiring)
            guard let name = UnsafePointer<CChar>(bitPattern: value), strcmp(name, path) == 0 else { continue }
            slots[index].store(0, ordering: .releasing)
            return
        }
    }

    /// - Note: `@unchecked Sendable`: the memory holds atomics, is made once and never freed.
    private struct Slots: @unchecked Sendable {
        static let count = 256
        private let base: UnsafeMutablePointer<Atomic<UInt>>

        init() {
            base = .allocate(capacity: Self.count)
            for index in 0..<Self.count { (base + index).initialize(to: Atomic(0)) }
        }

        subscript(_ index: Int) -> Atomic<UInt> {
            _read { yield base[index] }
        }
    }
}
