/// A pool of small values that are found by number. Released numbers are used again.
///
/// It grows in chunks, so nothing is ever copied, and a million values take little more than their own bytes. Number 0
/// is never given out: it stands for "none".
final class Pool<Element: BitwiseCopyable> {
    private static var shift: UInt32 { 10 }
    private static var chunkCount: Int { 1 << shift }

    private var chunks: [UnsafeMutablePointer<Element>] = []
    private var free: [UInt32] = []
    private var next: UInt32 = 1
    private let blank: Element

    /// - Parameter blank: the first content of a new value.
    init(blank: Element) { self.blank = blank }

    deinit { for chunk in chunks { chunk.deallocate() } }

    /// The range that holds all numbers in use.
    var numbers: Range<UInt32> { 1..<next }

    /// Returns the number of a blank value, or of a released one with its old content.
    func make() -> UInt32 {
        if let number = free.popLast() { return number }
        if Int(next >> Self.shift) == chunks.count {
            let chunk = UnsafeMutablePointer<Element>.allocate(capacity: Self.chunkCount)
            chunk.initialize(repeating: blank, count: Self.chunkCount)
            chunks.append(chunk)
        }
        next += 1
        return next - 1
    }

    func release(_ number: UInt32) { free.append(number) }

    /// - Precondition: the number is in use.
    subscript(_ number: UInt32) -> Element {
        @inline(__always) unsafeAddress {
            UnsafePointer(chunks[Int(number >> Self.shift)] + Int(number) & (Self.chunkCount - 1))
        }
        @inline(__always) unsafeMutableAddress {
            chunks[Int(number >> Self.shift)] + Int(number) & (Self.chunkCount - 1)
        }
    }
}
