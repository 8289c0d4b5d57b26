import COneDNN
import TestMaps

/// A status that the library gave, as an error.
struct StatusError: Error, Equatable, CustomStringConvertible {
    let status: odnn_status
    var description: String { String(cString: odnn_status_text(status)) }
}

private func check(_ status: odnn_status) throws {
    if status != 0 { throw StatusError(status: status) }
}

/// An operation with its packed weights. `@unchecked Sendable`: immutable after `init`.
final class Operation: @unchecked Sendable {
    private let raw: OpaquePointer
    private let weights: UnsafeMutableRawPointer

    init(
        weights plain: [Float] = [],
        _ create: (UnsafeMutablePointer<OpaquePointer?>) -> odnn_status
    ) throws {
        var created: OpaquePointer?
        try check(create(&created))
        guard let created else { preconditionFailure("success without an operation") }
        raw = created
        // Operations that do not pack theirs take them as they are.
        let packedSize = odnn_packed_weights_size(created)
        let size = packedSize > 0 ? packedSize : plain.count * MemoryLayout<Float>.size
        weights = .allocate(byteCount: max(size, 64), alignment: 64)
        if packedSize > 0 {
            try check(odnn_pack_weights(created, plain, weights))
        } else {
            weights.copyMemory(from: plain, byteCount: size)
        }
    }

    deinit {
        odnn_operation_destroy(raw)
        weights.deallocate()
    }

    var implementation: String { String(cString: odnn_implementation(raw)) }
    var scratchSize: Int { odnn_scratch_size(raw) }
    var packedWeights: [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: weights, count: odnn_packed_weights_size(raw)))
    }

    /// Runs on buffers made for this call, and gives the whole of dst's parent. In place, dst is the source, too.
    func run(
        src: [Float], other: [Float]? = nil, bias: [Float]? = nil, dst: [Float], times: Int = 1, inPlace: Bool = false
    ) throws -> [Float] {
        var buffers: [UnsafeMutableRawPointer] = []
        defer { for buffer in buffers { buffer.deallocate() } }
        func place(_ values: [Float]?) -> UnsafeMutablePointer<Float>? {
            guard let values else { return nil }
            let buffer = UnsafeMutableRawPointer.allocate(byteCount: max(values.count * 4, 64), alignment: 64)
            buffers.append(buffer)
            buffer.copyMemory(from: values, byteCount: values.count * 4)
            return buffer.bindMemory(to: Float.self, capacity: values.count)
        }
        // The bytes behind scratch must stay as they are.
        let guardSize = 64
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: scratchSize + guardSize, alignment: 64)
        buffers.append(scratch)
        scratch.initializeMemory(as: UInt8.self, repeating: 0xA5, count: scratchSize + guardSize)

        let result = place(dst)
        var binding: OpaquePointer?
        try check(
            odnn_bind(raw, inPlace ? result : place(src), place(other), weights, place(bias), result, scratch, &binding)
        )
        defer { odnn_binding_destroy(binding) }
        for _ in 0..<times { try check(odnn_run(binding)) }

        let after = UnsafeRawBufferPointer(start: scratch + scratchSize, count: guardSize)
        precondition(after.allSatisfy { $0 == 0xA5 }, "\(implementation) wrote behind its scratch")
        return Array(UnsafeBufferPointer(start: result, count: dst.count))
    }

    /// Runs on windows whose surroundings no operation may read (they are NaN) or write.
    func run(
        _ src: Volume, at srcMap: odnn_map, other: Volume? = nil, bias: [Float]? = nil, to dstMap: odnn_map
    ) throws -> Volume {
        let untouched: Float = 777
        let result = try run(
            src: srcMap.buffer(src, outside: .nan), other: other.map { srcMap.buffer($0, outside: .nan) }, bias: bias,
            dst: dstMap.buffer(nil, outside: untouched))
        let volume = dstMap.volume(of: result)
        precondition(
            dstMap.buffer(volume, outside: untouched) == result || volume.values.contains(where: \.isNaN),
            "\(implementation) wrote outside its window")
        return volume
    }
}
