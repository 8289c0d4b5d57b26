import COvertileKernels

/// The gradient of a convolution's weights: sums of products between its source and its result's gradient.
///
/// Each pair of blocks of channels is a part of the work. Where there are few pairs, each sample is a part of its own, and
/// the samples' sums are added in their order. So the sums are the same for any number of workers.
final class WeightGradient: @unchecked Sendable {
    // @unchecked: each part writes sums of its own.
    private let shape: overtile_convolution
    /// The channels of the two sides, for each stored position, of the side whose values are multiplied one by one and of
    /// the side that lies in a kernel's registers.
    private let left: [Int?]
    private let right: [Int?]
    private let leftExtent: Int
    private let isTransposed: Bool
    private let rightPlanes: Int
    private let pairs: Int
    private let batch: Int
    private let splits: Int
    private let sums: FloatBuffer?

    /// Pairs of blocks from which on there are enough of them for many workers.
    private static let manyPairs = 32

    /// - Parameter shape: the convolution's. An up-convolution is taken for the convolution whose gradient it is.
    init(
        _ shape: overtile_convolution, isTransposed: Bool, channels: WeightChannels, sourcePlanes: Int,
        resultPlanes: Int, batch: Int
    ) {
        var shape = shape
        if isTransposed {
            (shape.ih, shape.iw, shape.oh, shape.ow) = (shape.oh, shape.ow, shape.ih, shape.iw)
            (left, right, leftExtent) = (channels.outputs, channels.inputs, channels.outputExtent)
        } else {
            (left, right, leftExtent) = (channels.inputs, channels.outputs, channels.inputExtent)
        }
        self.shape = shape
        self.isTransposed = isTransposed
        self.batch = batch
        rightPlanes = isTransposed ? sourcePlanes : resultPlanes
        pairs = sourcePlanes * resultPlanes
        splits = pairs >= Self.manyPairs ? 1 : batch
        sums = splits > 1 ? FloatBuffer(count: pairs * splits * Self.sumCount(shape)) : nil
    }

    /// The channels of a plane of the left side.
    private static func length(_ shape: overtile_convolution) -> Int { shape.plain_src ? 1 : StoredMap.block }

    private static func sumCount(_ shape: overtile_convolution) -> Int {
        shape.kh * shape.kw * length(shape) * StoredMap.block
    }

    /// The bytes of the samples' sums.
    var byteCount: Int { sums?.byteCount ?? 0 }

    /// The parts of the work.
    var parts: Int { pairs * splits }
    var scratchByteCount: Int { Self.sumCount(shape) * MemoryLayout<Float>.stride }

    /// Does one part.
    ///
    /// - Parameters:
    ///   - source: a plane of the source, by its number and the sample's.
    ///   - gradient: the same of the result's gradient.
    ///   - weights: where the gradient of the weights goes.
    func add(
        _ part: Int, source: (Int, Int) -> overtile_plane, gradient: (Int, Int) -> overtile_plane,
        _ kernels: overtile_gradients, to weights: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) {
        let (pair, split) = (part / splits, part % splits)
        let (leftPlane, rightPlane) = (pair / rightPlanes, pair % rightPlanes)
        let count = Self.sumCount(shape)
        let to = sums.map { $0.floats + part * count } ?? scratch.assumingMemoryBound(to: Float.self)
        to.update(repeating: 0, count: count)
        withUnsafePointer(to: shape) { shape in
            for sample in splits > 1 ? split..<split + 1 : 0..<batch {
                let leftSide = isTransposed ? gradient(leftPlane, sample) : source(leftPlane, sample)
                let rightSide = isTransposed ? source(rightPlane, sample) : gradient(rightPlane, sample)
                kernels.weight_gradient(shape, leftSide, rightSide, to)
            }
        }
        if splits == 1 { put(pair, to, weights) }
    }

    /// Adds up the samples' sums, where each has its own.
    func finish(_ workers: Workers, to weights: UnsafeMutablePointer<Float>) {
        guard let sums else { return }
        let count = Self.sumCount(shape)
        nonisolated(unsafe) let weights = weights
        workers.run(pairs) { pair, _ in
            let to = sums.floats + pair * self.splits * count
            for split in 1..<self.splits {
                let from = to + split * count
                for index in 0..<count { to[index] += from[index] }
            }
            self.put(pair, to, weights)
        }
    }

    /// Brings a pair's sums, (kernel height, kernel width, left channels, right channels), into the parameters' order.
    private func put(_ pair: Int, _ sums: UnsafeMutablePointer<Float>, _ weights: UnsafeMutablePointer<Float>) {
        let (length, taps) = (Self.length(shape), shape.kh * shape.kw)
        let (leftFirst, rightFirst) = (pair / rightPlanes * length, pair % rightPlanes * StoredMap.block)
        for j in 0..<StoredMap.block {
            guard let rightChannel = right[rightFirst + j] else { continue }
            for i in 0..<length {
                guard let leftChannel = left[leftFirst + i] else { continue }
                let to = weights + (rightChannel * leftExtent + leftChannel) * taps
                for tap in 0..<taps { to[tap] = sums[(tap * length + i) * StoredMap.block + j] }
            }
        }
    }
}
