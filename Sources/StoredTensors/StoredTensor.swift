package import FileIO

/// A tensor of a model file. It stays in the file, and its elements are converted to float32 each time they are asked
/// for. A program can also make one of its own numbers.
///
/// Elements are row-major: the last axis of `shape` moves fastest.
package struct StoredTensor: Sendable {
    /// The extent of each axis; empty for a scalar.
    package let shape: [Int]
    /// The type of the elements in the file; nil for a tensor that a program made.
    package let type: ElementType?
    private let load: @Sendable () -> [Float]

    /// Makes a tensor in a mapped file, which it keeps mapped.
    ///
    /// - Parameters:
    ///   - name: the name of the tensor, for errors.
    ///   - storage: whole elements, of which shape, strides and offset choose those of the tensor. It may be longer
    ///     than they need, but not shorter.
    /// - Throws: `malformed` if the layout does not fit the storage.
    package init(
        name: String, storage: FileSlice, type: ElementType, isBigEndian: Bool = false, shape: [Int], strides: [Int],
        offset: Int
    ) throws(ModelFileError) {
        let layout: TensorLayout
        do {
            layout = try TensorLayout(
                shape: shape, strides: strides, offset: offset, storageCount: storage.count / type.byteCount)
        } catch {
            throw storage.file.error(.malformed, "tensor \(ModelFileError.quoted(name)) \(error.reason)")
        }
        let elements = StoredElements(storage: storage, type: type, isBigEndian: isBigEndian, layout: layout)
        self.init(shape: shape, type: type) { elements.floats() }
    }

    /// Makes a tensor whose elements come from elsewhere.
    ///
    /// - Parameter load: returns the elements in row-major order. It is called each time they are needed.
    package init(shape: [Int], type: ElementType? = nil, load: @escaping @Sendable () -> [Float]) {
        self.shape = shape
        self.type = type
        self.load = load
    }

    /// Makes a tensor of elements in memory, in row-major order.
    package init(shape: [Int], elements: [Float]) {
        precondition(elements.count == shape.reduce(1, *), "a tensor of shape \(shape) has \(elements.count) elements")
        self.init(shape: shape) { elements }
    }

    /// The number of elements.
    package var count: Int { shape.reduce(1, *) }

    /// Returns a copy of the elements as float32, in row-major order.
    package func elements() -> [Float] {
        let elements = load()
        precondition(elements.count == count, "a tensor of shape \(shape) loaded \(elements.count) elements")
        return elements
    }
}

/// Elements of a mapped file and how they are to be read.
private struct StoredElements: Sendable {
    let storage: FileSlice
    let type: ElementType
    let isBigEndian: Bool
    /// The layout, which was checked against the storage.
    let layout: TensorLayout

    /// Returns the elements in row-major order. Integers beyond 2^24 and doubles are rounded to the nearest float32.
    ///
    /// The file's own pages do not stay in memory beside them.
    func floats() -> [Float] {
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

    /// Does the work of `gather` for elements that need no conversion, whole runs at once.
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

/// The type that a tensor's elements have in the file, by its name in PyTorch and NumPy. All are read as float32.
package enum ElementType: String, Sendable {
    case float64, float32, float16, bfloat16
    case int64, int32, int16, int8
    case uint64, uint32, uint16, uint8
    case bool

    /// The number of bytes that an element takes.
    package var byteCount: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// True if the elements are whole numbers, or truth values.
    package var isInteger: Bool {
        switch self {
        case .float64, .float32, .float16, .bfloat16: false
        case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: true
        }
    }
}
