/// Uninitialised memory aligned to 64 bytes, a cache line and the widest vector register.
///
/// One owner: the memory lives as long as the object. Whoever shares it between threads sees to it that only one of
/// them writes.
public final class AlignedBuffer: @unchecked Sendable {
    // @unchecked: the pointer never changes; access to what it points at is the owner's affair, as said above.
    public let bytes: UnsafeMutableRawBufferPointer

    public static let alignment = 64

    public init(byteCount: Int) {
        bytes = .allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
    }

    deinit { bytes.deallocate() }

    /// The memory from a byte offset on, as floats.
    public func floats(at byteOffset: Int, count: Int) -> UnsafeMutableBufferPointer<Float> {
        precondition(byteOffset >= 0 && byteOffset + count * MemoryLayout<Float>.stride <= bytes.count)
        let start = bytes.baseAddress!.advanced(by: byteOffset).bindMemory(to: Float.self, capacity: count)
        return UnsafeMutableBufferPointer(start: start, count: count)
    }
}
