/// A checksum of samples against bits that flip on a disk, not against people, and as fast as memory.
///
/// Each word of 64 bits is joined to a sum, which is multiplied and folded; each fourth word has a sum of its own, so that
/// the processor need not wait for one multiplication to begin the next. Each step can be undone, so that samples which
/// differ in one word never have the same checksum, and others do once in 2^64.
struct SampleChecksum: Equatable {
    /// 2^64 by the golden ratio: odd, and without a pattern.
    private static let factor: UInt64 = 0x9e37_79b9_7f4a_7c15
    private static let start: UInt64 = 0xcbf2_9ce4_8422_2325

    private var a = start
    private var b = start &+ 1
    private var c = start &+ 2
    private var d = start &+ 3

    /// Adds samples as they lie in memory. Where they are cut into several calls makes a difference.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var position = 0
        func word(_ offset: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: position + offset, as: UInt64.self) }
        while position + 32 <= bytes.count {
            a = Self.step(a, word(0))
            b = Self.step(b, word(8))
            c = Self.step(c, word(16))
            d = Self.step(d, word(24))
            position += 32
        }
        while position < bytes.count {
            a = Self.step(a, UInt64(bytes[position]))
            position += 1
        }
        b = Self.step(b, UInt64(bytes.count))
    }

    /// The checksum of all that was added.
    var value: UInt64 {
        [b, c, d].reduce(a, Self.step)
    }

    @inline(__always)
    private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        let product = (lane ^ word) &* factor
        return product ^ (product >> 32)
    }
}
