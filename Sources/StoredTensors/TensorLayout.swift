/// The places of a tensor's elements in its storage, checked once against the storage's length.
///
/// Element (i0, i1, ...) of the tensor is element `offset + i0*strides[0] + i1*strides[1] + ...` of the storage. All
/// numbers count elements, not bytes. Several tensors may share a storage, and a tensor need not be contiguous.
package struct TensorLayout: Sendable {
    /// The reason why a layout is not valid, as words that follow the tensor's name.
    struct Defect: Error { let reason: String }

    /// The most axes that are read: more than any file needs. PyTorch itself stops at 64.
    package static let largestRank = 64

    let shape: [Int]
    let strides: [Int]
    let offset: Int
    /// The number of elements of the tensor: the product of its shape.
    let count: Int

    /// Checks a layout.
    ///
    /// - Parameter storageCount: the number of elements in the storage.
    /// - Throws: `Defect` if an extent, a stride or the offset is negative, a product overflows, an element would lie
    ///   outside the storage, or the tensor has more elements than its storage (an expanded tensor, by which a few
    ///   bytes of a file could ask for any amount of memory).
    init(shape: [Int], strides: [Int], offset: Int, storageCount: Int) throws(Defect) {
        guard shape.count <= Self.largestRank else { throw Defect(reason: "has \(shape.count) axes") }
        guard strides.count == shape.count else {
            throw Defect(reason: "has \(shape.count) axes and \(strides.count) strides")
        }
        guard offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
            throw Defect(reason: "has a negative extent, stride or offset (shape \(shape), strides \(strides))")
        }
        guard let count = Self.count(of: shape) else { throw Defect(reason: "has an impossible shape \(shape)") }
        self.shape = shape
        self.strides = strides
        self.offset = offset
        self.count = count
        guard count > 0 else { return }

        var last = offset
        for (extent, stride) in zip(shape, strides) {
            let (reach, tooFar) = (extent - 1).multipliedReportingOverflow(by: stride)
            let (sum, tooLarge) = last.addingReportingOverflow(reach)
            guard !tooFar, !tooLarge else {
                throw Defect(reason: "has strides beyond all bounds (shape \(shape), strides \(strides))")
            }
            last = sum
        }
        guard last < storageCount else {
            throw Defect(
                reason: "needs element \(last) of a storage of \(storageCount) (shape \(shape), strides \(strides))")
        }
        guard count <= storageCount else {
            throw Defect(
                reason: "repeats the elements of a smaller storage (shape \(shape), strides \(strides)): "
                    + "save it as tensor.contiguous()")
        }
    }

    /// Returns the number of elements of a tensor of this shape, or nil if the product overflows.
    ///
    /// It is nil also for an empty tensor whose other extents overflow, because callers multiply these too.
    package static func count(of shape: [Int]) -> Int? {
        var count = 1
        for extent in shape where extent != 0 {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { return nil }
            count = product
        }
        return shape.contains(0) ? 0 : count
    }

    /// Returns the strides of row-major order, in which the last axis moves fastest.
    ///
    /// - Precondition: `count(of: shape)` is not nil.
    package static func rowMajorStrides(of shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        return strides
    }

    /// Calls `body` with the start, length and stride of each run of elements, in row-major order of the tensor.
    ///
    /// Neighbouring axes that continue each other count as one, so that a contiguous tensor is a single run.
    func forEachRun(_ body: (_ start: Int, _ length: Int, _ stride: Int) -> Void) {
        guard count > 0 else { return }
        var axes: [(extent: Int, stride: Int)] = []
        for (extent, stride) in zip(shape, strides) where extent > 1 {
            if let outer = axes.last, outer.stride == extent * stride {
                axes[axes.count - 1] = (outer.extent * extent, stride)
            } else {
                axes.append((extent, stride))
            }
        }
        let inner = axes.popLast() ?? (extent: 1, stride: 1)
        var index = [Int](repeating: 0, count: axes.count)
        var start = offset
        while true {
            body(start, inner.extent, inner.stride)
            var axis = axes.count - 1
            while axis >= 0 {
                index[axis] += 1
                start += axes[axis].stride
                if index[axis] < axes[axis].extent { break }
                start -= axes[axis].extent * axes[axis].stride
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
