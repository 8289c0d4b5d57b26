#if canImport(Glibc)
    import Glibc
#endif

/// Uninitialised memory aligned to 64 bytes, a cache line and the widest vector register.
///
/// One owner: the memory lives as long as the object. Whoever shares it between threads sees to it that only one of
/// them writes.
package final class AlignedBuffer: @unchecked Sendable {
    // @unchecked: the pointer never changes; access to what it points at is the owner's affair, as said above.
    /// The memory. It is not initialised.
    package let bytes: UnsafeMutableRawBufferPointer

    /// The alignment in bytes that every buffer has at least.
    package static let alignment = 64

    /// From here on, memory is asked for in huge pages: a worker's maps are walked with long strides, and small pages
    /// would cost a look-up in the page table at nearly every one.
    private static let hugePage = 2 << 20

    /// Allocates memory for a number of bytes; for one byte at least.
    package init(byteCount: Int) {
        let isLarge = byteCount >= Self.hugePage
        bytes = .allocate(byteCount: max(byteCount, 1), alignment: isLarge ? Self.hugePage : Self.alignment)
        #if os(Linux)
            // Advice: where it is not taken, pages are small.
            if isLarge { _ = madvise(bytes.baseAddress!, byteCount, MADV_HUGEPAGE) }
        #endif
    }

    deinit { bytes.deallocate() }

    /// Gives the pages back to the system: what was in them is lost, and they can be used as before.
    package func discard() {
        #if os(Linux)
            // Whole pages only; where it is not done, the memory stays in use.
            let page = Int(sysconf(Int32(_SC_PAGESIZE)))
            let start = (Int(bitPattern: bytes.baseAddress!) + page - 1) / page * page
            let end = (Int(bitPattern: bytes.baseAddress!) + bytes.count) / page * page
            if end > start { _ = madvise(UnsafeMutableRawPointer(bitPattern: start), end - start, MADV_DONTNEED) }
        #endif
    }

    /// The memory from a byte offset on, as floats.
    package func floats(at byteOffset: Int, count: Int) -> UnsafeMutableBufferPointer<Float> {
        precondition(byteOffset >= 0 && byteOffset + count * MemoryLayout<Float>.stride <= bytes.count)
        let start = bytes.baseAddress!.advanced(by: byteOffset).bindMemory(to: Float.self, capacity: count)
        return UnsafeMutableBufferPointer(start: start, count: count)
    }
}
