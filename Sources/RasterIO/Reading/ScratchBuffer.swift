/// Memory that grows to the largest window asked for and is used again for the next.
final class ScratchBuffer<Element: BitwiseCopyable> {
    private var storage = UnsafeMutableBufferPointer<Element>(start: nil, count: 0)

    deinit { storage.deallocate() }

    /// Room for `count` elements, of any content, until the next call.
    func reserve(_ count: Int) -> UnsafeMutablePointer<Element> {
        if storage.count < count || storage.baseAddress == nil {
            storage.deallocate()
            storage = .allocate(capacity: max(1, count))
        }
        guard let start = storage.baseAddress else { preconditionFailure("no memory for \(count) elements") }
        return start
    }
}
