/// A run of bytes of a pickle: a string, bytes, or a long integer. What it says is looked up in a `PickleHeap` when it
/// matters, so that a pickle's text is not in memory twice.
struct PickleText {
    private let start: UInt32
    private let length: UInt32

    /// - Returns: nil for what lies beyond the first 4 GB of a pickle.
    init?(start: Int, count: Int) {
        guard let start = UInt32(exactly: start), let length = UInt32(exactly: count) else { return nil }
        self.start = start
        self.length = length
    }

    /// Where the bytes lie in the pickle.
    var range: Range<Int> { Int(start)..<Int(start) + Int(length) }
}
