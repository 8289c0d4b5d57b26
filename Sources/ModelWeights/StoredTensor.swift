import Tensors

/// A tensor that lies in a mapped file, turned into float32 each time its elements are asked for.
struct StoredTensor: Sendable {
    /// The storage: whole elements, of which the tensor uses those that `layout` says.
    private let storage: FileSlice
    let type: ElementType
    private let isBigEndian: Bool
    private let layout: TensorLayout

    /// - Parameters:
    ///   - name: of the tensor, for errors.
    ///   - storage: may be longer than the layout needs, never shorter.
    /// - Throws: `malformed` where the layout does not fit the storage.
    init(
        name: String, storage: FileSlice, type: ElementType, isBigEndian: Bool = false, shape: [Int], strides: [Int],
        offset: Int
    ) throws(WeightsError) {
        do {
            layout = try TensorLayout(
                shape: shape, strides: strides, offset: offset, storageCount: storage.count / type.byteCount)
        } catch {
            throw storage.file.error(.malformed, "tensor \(WeightsError.quoted(name)) \(error.reason)")
        }
        self.storage = storage
        self.type = type
        self.isBigEndian = isBigEndian
    }

    /// The tensor for the rooms above; it keeps the file mapped.
    fileprivate var constant: ConstantTensor { ConstantTensor(shape: layout.shape) { elements() } }

    /// The elements in row-major order. Integers beyond 2^24 and doubles are rounded to the nearest float32.
    ///
    /// The file's own pages do not stay in memory beside them.
    private func elements() -> [Float] {
        defer { storage.releasePages() }
        return [Float](unsafeUninitializedCapacity: layout.count) { dst, initializedCount in
            storage.withUnsafeBytes { src in
                switch type {
                case .float64: gather(src, dst) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
                case .float32 where !isBigEndian: copy(src, dst)
                case .float32: gather(src, dst) { (bits: UInt32) in Float(bitPattern: bits) }
                case .float16: gather(src, dst) { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
                case .bfloat16: gather(src, dst) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
                case .int64: gather(src, dst) { (value: Int64) in Float(value) }
                case .int32: gather(src, dst) { (value: Int32) in Float(value) }
                case .int16: gather(src, dst) { (value: Int16) in Float(value) }
                case .int8: gather(src, dst) { (value: Int8) in Float(value) }
                case .uint64: gather(src, dst) { (value: UInt64) in Float(value) }
                case .uint32: gather(src, dst) { (value: UInt32) in Float(value) }
                case .uint16: gather(src, dst) { (value: UInt16) in Float(value) }
                case .uint8: gather(src, dst) { (value: UInt8) in Float(value) }
                case .bool: gather(src, dst) { (value: UInt8) in value == 0 ? 0 : 1 }
                }
            }
            initializedCount = layout.count
        }
    }

    /// As `gather`, for elements that are what they become: whole runs at once.
    private func copy(_ src: UnsafeRawBufferPointer, _ dst: UnsafeMutableBufferPointer<Float>) {
        let size = MemoryLayout<Float>.size
        let dst = UnsafeMutableRawBufferPointer(dst)
        var written = 0
        layout.forEachRun { start, length, stride in
            let run = stride == 1 ? length : 1  // elements that lie side by side
            for step in Swift.stride(from: 0, to: length, by: run) {
                let first = (start + step * stride) * size
                UnsafeMutableRawBufferPointer(rebasing: dst[written..<written + run * size])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: src[first..<first + run * size]))
                written += run * size
            }
        }
    }

    /// Writes every element of the layout to `dst`, in order. The layout was checked against `src` at `init`.
    @inline(__always)
    private func gather<Bits: FixedWidthInteger>(
        _ src: UnsafeRawBufferPointer, _ dst: UnsafeMutableBufferPointer<Float>, _ convert: (Bits) -> Float
    ) {
        var written = 0
        layout.forEachRun { start, length, stride in
            for step in 0..<length {
                let bits = src.loadUnaligned(
                    fromByteOffset: (start + step * stride) * MemoryLayout<Bits>.size, as: Bits.self)
                dst.initializeElement(at: written, to: convert(isBigEndian ? bits.byteSwapped : bits))
                written += 1
            }
        }
    }
}

extension StateDict {
    init(stored: [(name: String, tensor: StoredTensor)], metadata: [String: String] = [:]) {
        self.init(
            tensors: stored.map { ($0.name, $0.tensor.constant) }, metadata: metadata,
            elementTypes: Dictionary(stored.map { ($0.name, $0.tensor.type) }, uniquingKeysWith: { first, _ in first }))
    }
}
