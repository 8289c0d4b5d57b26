import COvertileKernels

/// Attention's two products, head by head: its vectors are put together in scratch, multiplied as matrices, and put where
/// they belong.
struct AttentionKernel: Kernel {
    /// One of the two products as a product of matrices.
    private struct Product {
        /// The channels of the first source that are a row of the left matrix, for each of its pixels.
        var left: [Int]
        /// The channels of the second source.
        var right: [Int]
        /// The channels of the destination that are a row of the product.
        var results: [Int]
    }

    let implementation: String
    let scratchByteCount: Int
    private let heads: [Product]
    private let first: overtile_map
    private let second: overtile_map
    private let dst: overtile_map
    /// True if the right matrix has a column for each pixel of the second source; it has a row for each otherwise.
    private let isTransposed: Bool

    /// nil for any other operation.
    init?(_ operation: MapOperation, _ sources: [overtile_map], _ dst: overtile_map) {
        switch operation {
        case .attentionScores(let queries, let keys, let scores):
            heads = queries.indices.map { Product(left: queries[$0], right: keys[$0], results: scores[$0]) }
            isTransposed = true
        case .attentionMixture(let shares, let values, let mixtures):
            heads = shares.indices.map { Product(left: shares[$0], right: values[$0], results: mixtures[$0]) }
            isTransposed = false
        default: return nil
        }
        (first, second, self.dst) = (sources[0], sources[1], dst)
        implementation = operation.name
        let (rows, others) = (sources[0].height * sources[0].width, sources[1].height * sources[1].width)
        let floats = heads.map { rows * ($0.left.count + $0.results.count) + others * $0.right.count }
        scratchByteCount = (floats.max() ?? 0) * MemoryLayout<Float>.stride
    }

    func bind(
        sources: [UnsafePointer<Float>], destination: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) -> any BoundKernel {
        Bound(self, sources, destination, scratch.assumingMemoryBound(to: Float.self))
    }

    private func run(
        _ sources: [UnsafePointer<Float>], _ to: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
    ) {
        dst.forEachPixel { dst.clear(to, $0, $1) }
        let (rows, others) = (first.height * first.width, second.height * second.width)
        for head in heads {
            let left = scratch
            let right = left + rows * head.left.count
            let results = right + others * head.right.count
            for (index, channel) in head.left.enumerated() {
                var pixel = 0
                first.forEachPixel { row, column in
                    left[pixel * head.left.count + index] = sources[0][first.place(channel, row, column)]
                    pixel += 1
                }
            }
            for (index, channel) in head.right.enumerated() {
                var pixel = 0
                second.forEachPixel { row, column in
                    let place = isTransposed ? index * others + pixel : pixel * head.right.count + index
                    right[place] = sources[1][second.place(channel, row, column)]
                    pixel += 1
                }
            }
            overtile_product(rows, head.left.count, head.results.count, left, right, results)
            for (index, channel) in head.results.enumerated() {
                var pixel = 0
                dst.forEachPixel { row, column in
                    to[dst.place(channel, row, column)] = results[pixel * head.results.count + index]
                    pixel += 1
                }
            }
        }
    }

    private final class Bound: BoundKernel {
        private let kernel: AttentionKernel
        private let sources: [UnsafePointer<Float>]
        private let destination: UnsafeMutablePointer<Float>
        private let scratch: UnsafeMutablePointer<Float>

        init(
            _ kernel: AttentionKernel, _ sources: [UnsafePointer<Float>], _ destination: UnsafeMutablePointer<Float>,
            _ scratch: UnsafeMutablePointer<Float>
        ) {
            (self.kernel, self.sources, self.destination, self.scratch) = (kernel, sources, destination, scratch)
        }

        func run() { kernel.run(sources, destination, scratch) }
    }
}
