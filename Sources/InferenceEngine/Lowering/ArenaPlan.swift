/// Places buffers with known lifetimes in one block of memory, so that buffers that never live together share it.
package struct ArenaPlan {
    /// Something that needs memory for a while.
    package struct Buffer {
        /// Its size in bytes.
        package var byteCount: Int
        /// The first and the last step that touch it.
        package var lifetime: ClosedRange<Int>

        /// Something of so many bytes that is needed from one step to another.
        package init(byteCount: Int, lifetime: ClosedRange<Int>) {
            self.byteCount = byteCount
            self.lifetime = lifetime
        }
    }

    /// Where each buffer starts in the block, in bytes, a multiple of 64.
    package let offsets: [Int]
    /// The block's size in bytes.
    package let byteCount: Int

    /// Places the largest buffers first, each at the lowest place that is free during its whole life: for the few buffers of a network
    /// this comes within a few per cent of the most that ever lives at once.
    package init(_ buffers: [Buffer]) {
        var offsets = Array(repeating: 0, count: buffers.count)
        var placed: [Int] = []
        var total = 0
        for index in buffers.indices.sorted(by: { (buffers[$0].byteCount, $1) > (buffers[$1].byteCount, $0) }) {
            let size = Self.aligned(buffers[index].byteCount)
            let neighbours = placed.filter { buffers[$0].lifetime.overlaps(buffers[index].lifetime) }
                .sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for neighbour in neighbours {
                if offsets[neighbour] - offset >= size { break }
                offset = max(offset, offsets[neighbour] + Self.aligned(buffers[neighbour].byteCount))
            }
            offsets[index] = offset
            placed.append(index)
            total = max(total, offset + size)
        }
        self.offsets = offsets
        byteCount = total
    }

    /// So many bytes, rounded up to a multiple of 64.
    static func aligned(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
}
