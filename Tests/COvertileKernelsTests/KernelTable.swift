import COvertileKernels
import Testing
import TestMaps

/// The kernels of one instruction set.
struct KernelTable: CustomTestStringConvertible, @unchecked Sendable {
    // @unchecked: a table of functions that never changes.
    private let table: UnsafePointer<overtile_kernels>

    var kernels: overtile_kernels { table.pointee }
    var name: String { String(cString: table.pointee.name) }
    var testDescription: String { name }

    /// What this processor has, fastest first; the last is plain C.
    static let all: [KernelTable] = {
        var next = overtile_kernel_sets()!
        var all: [KernelTable] = []
        while let table = next.pointee {
            all.append(KernelTable(table: table))
            next += 1
        }
        return all
    }()

    static let plain = all.last!
    static let fast = Array(all.dropLast())
}

@Suite("Sets of kernels")
struct KernelTableTests {
    @Test("each once, plain C last")
    func names() {
        #expect(KernelTable.plain.name == "scalar")
        #expect(Set(KernelTable.all.map(\.name)).count == KernelTable.all.count)
    }
}

extension overtile_algorithm {
    /// One convolution from packing to result, on buffers made for it. Whatever the case, the packed weights and the
    /// scratch are as large as announced, and nothing is written but them and the destination's window.
    ///
    /// - Parameter times: runs, on what the earlier ones left behind.
    func run(_ c: ConvolutionCase, on input: Volume? = nil, times: Int = 1) -> Volume {
        var shape = c.shape
        let packed = GuardedBuffer(byteCount: packed_count(&shape) * MemoryLayout<Float>.stride)
        pack(&shape, c.weights, packed.floats)
        #expect(packed.isIntact, "packing wrote behind packed_count, \(c.regime)")
        #expect(packed.isFilled, "packing left elements out, \(c.regime)")

        let source = SourceMap(input ?? c.input, isPlain: shape.plain_src)
        let destination = DestinationMap(shape.oc, shape.oh, shape.ow, isPlain: shape.plain_dst)
        let scratch = GuardedBuffer(byteCount: scratch_count(&shape))
        let block = Int(OVERTILE_BLOCK)
        // No output may depend on the bias of channels that fill up the last block.
        let bias = c.bias + Array(repeating: .nan, count: (block - c.bias.count % block) % block)
        for _ in 0..<times { run(&shape, source.planes, packed.floats, bias, destination.target, scratch.bytes) }
        #expect(scratch.isIntact, "wrote behind its scratch, \(c.regime)")
        #expect(destination.isUntouchedAround, "wrote outside its window, \(c.regime)")
        return destination.volume
    }
}
