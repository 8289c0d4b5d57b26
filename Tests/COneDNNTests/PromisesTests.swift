import COneDNN
import Dispatch
import Foundation
import Testing
import TestMaps

/// The representative operations: every kind of kernel and staging that a U-Net meets.
private let representatives: [ConvolutionCase] = [
    .init("bands", .plain(3, 60, 61), oc: 32),
    .init("many bands", .plain(17, 30, 31), oc: 32),
    .init("direct", .blocked(64, 60, 59), oc: 64),
    .init("last", .blocked(64, 50, 50), oc: 5, ODNN_PLAIN, kernel: .square(1)),
]

@Suite("Promises")
struct PromisesTests {
    @Test("threads that share an operation get the same bytes", arguments: representatives)
    func sameBytesOnAllThreads(_ c: ConvolutionCase) throws {
        let operation = try c.makeOperation()
        let src = c.src.buffer(c.input, outside: 0), dst = c.dst.buffer(nil, outside: 0)
        let alone = try operation.run(src: src, bias: c.bias, dst: dst)
        let results = Results()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            results.append(try? operation.run(src: src, bias: c.bias, dst: dst, times: 3))
        }
        #expect(results.all.count == 8)
        #expect(results.all.allSatisfy { $0 == alone })
    }

    @Test("equal operations pack equal bytes", arguments: representatives)
    func packing(_ c: ConvolutionCase) throws {
        let one = try c.makeOperation(), two = try c.makeOperation()
        #expect(one.packedWeights == two.packedWeights)
        #expect(one.implementation == two.implementation)
    }

    @Test("another process gets the same bytes", arguments: representatives.indices)
    func sameBytesInAnotherProcess(_ index: Int) async throws {
        let here = try checksum(representatives[index])
        await #expect(processExitsWith: .success) { [index = index as Int, here = here as UInt64] in
            try #require(checksum(representatives[index]) == here)
        }
    }

    @Test(
        "no thread is started",
        .enabled(if: odnn_keeps_to_calling_thread(), "this build of the library chooses its threads itself"))
    func oneThread() async throws {
        await #expect(processExitsWith: .success) {
            let before = try threadCount()
            for c in representatives { _ = try checksum(c) }
            try #require(try threadCount() == before)
        }
    }
}

private final class Results: Sendable {
    private let lock = NSLock()
    // Guarded by `lock`.
    nonisolated(unsafe) private var values: [[Float]?] = []
    func append(_ value: [Float]?) { lock.withLock { values.append(value) } }
    var all: [[Float]?] { lock.withLock { values } }
}

private func checksum(_ c: ConvolutionCase) throws -> UInt64 {
    let result = try c.makeOperation().run(
        src: c.src.buffer(c.input, outside: 0), bias: c.bias, dst: c.dst.buffer(nil, outside: 0))
    // FNV-1a
    return result.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1.bitPattern)) &* 1_099_511_628_211 }
}

private func threadCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
}

@Suite("Refusals")
struct RefusalTests {
    static let unimplemented = odnn_status(ODNN_UNIMPLEMENTED)
    static let invalid = odnn_status(ODNN_INVALID)
    static let tooLarge = odnn_status(ODNN_TOO_LARGE)

    @Test("every status has a text", arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, -1, 12345] as [odnn_status])
    func statusText(_ status: odnn_status) {
        #expect(!String(cString: odnn_status_text(status)).isEmpty)
    }

    private func convolution(_ src: odnn_map, _ dst: odnn_map, _ kernel: odnn_kernel) -> odnn_status {
        var src = src, dst = dst, kernel = kernel
        var out: OpaquePointer?
        let status = odnn_convolution_create(&src, &dst, &kernel, nil, ODNN_LINEAR, ODNN_DIRECT, &out)
        #expect((out == nil) == (status != 0))
        odnn_operation_destroy(out)
        return status
    }

    @Test("maps that do not fit the kernel")
    func misfits() {
        let good = odnn_map.blocked(16, 10, 10)
        #expect(convolution(good, .blocked(16, 9, 8), .square(3)) == Self.invalid)
        #expect(convolution(good, .blocked(16, 8, 8), .square(11)) == Self.invalid)
        #expect(convolution(good, .blocked(24 + 1, 8, 8), .square(3)) == Self.invalid)
        #expect(convolution(good, .blocked(16, 8, 8), .square(0)) == Self.invalid)
        #expect(convolution(good, .blocked(16, 8, 8), .square(3, stride: 0)) == Self.invalid)
        #expect(convolution(good, .blocked(16, 8, 8), .square(3, dilation: 0)) == Self.invalid)
        #expect(convolution(good, .blocked(16, 8, 8), .square(3, groups: 3)) == Self.invalid)
        #expect(convolution(.blocked(16, 0, 10), .blocked(16, 8, 8), .square(3)) == Self.invalid)
        #expect(convolution(.plain(-1, 10, 10), .blocked(16, 8, 8), .square(3)) == Self.invalid)
    }

    @Test("windows that stick out of their parent")
    func badWindows() {
        var out: OpaquePointer?
        for (top, left, height) in [(-1, 0, 10), (1, 0, 10), (0, 1, 10), (0, 0, 4)] as [(Int64, Int64, Int64)] {
            var src = odnn_map.plain(2, 10, 10), dst = odnn_map.plain(2, 10, 10)
            src.top = top
            src.left = left
            src.parent_height = height
            #expect(odnn_relu_create(&src, &dst, &out) == Self.invalid)
            #expect(out == nil)
        }
    }

    @Test("absurd sizes", arguments: [1 << 26, 1 << 31, 1 << 40, 1 << 62, Int.max])
    func absurd(_ size: Int) {
        let absurd = odnn_map.plain(1, size, size), wide = odnn_map.blocked(16, 3, size),
            small = odnn_map.blocked(16, 8, 8)
        #expect(convolution(absurd, small, .square(3)) == Self.tooLarge)
        #expect(convolution(wide, .blocked(16, 1, size - 2), .square(3)) == Self.tooLarge)
        #expect(convolution(small, absurd, .square(3)) == Self.tooLarge)
        #expect(convolution(.plain(size, 8, 8), .plain(size, 8, 8), .square(1)) != 0)
        #expect(convolution(small, small, .square(size)) != 0)
        #expect(convolution(small, small, .square(3, dilation: size)) != 0)
        var src = absurd, dst = absurd
        var out: OpaquePointer?
        #expect(odnn_relu_create(&src, &dst, &out) == Self.tooLarge)
        #expect(out == nil)
    }

    /// A window either gets a fast kernel, which then must be right, or a refusal.
    @Test("windows where the library has only its plain loop")
    func slowWindows() throws {
        let input = Volume.noise(16, 8, 8, seed: 81)
        var window = odnn_map.blocked(16, 8, 8).inParent(top: 1, left: 2, bottom: 3, right: 4)
        var dense = odnn_map.blocked(16, 8, 8), half = odnn_map.blocked(16, 4, 4), double = odnn_map.blocked(16, 16, 16)
        var kernel = odnn_kernel.square(2, stride: 2)
        func resultOrRefusal(_ dst: odnn_map, _ create: (UnsafeMutablePointer<OpaquePointer?>) -> odnn_status) throws
            -> Volume?
        {
            do {
                return try Operation(create).run(input, at: window, other: input, to: dst)
            } catch let error as StatusError {
                #expect(error.status == Self.unimplemented)
                return nil
            }
        }
        if let pooled = try resultOrRefusal(half, { odnn_max_pooling_create(&window, &half, &kernel, $0) }) {
            #expect(pooled == Reference.maxPooling(input, kernel: kernel))
        }
        if let doubled = try resultOrRefusal(double, { odnn_bilinear_create(&window, &double, $0) }) {
            #expect(doubled.largestDifference(from: Reference.bilinear(input, height: 16, width: 16)) < 2e-6)
        }
        if let rectified = try resultOrRefusal(dense, { odnn_relu_create(&window, &dense, $0) }) {
            #expect(rectified.values == input.values.map { max(0, $0) })
        }
        if let sum = try resultOrRefusal(dense, { odnn_addition_create(&window, &dense, $0) }) {
            #expect(sum.values == input.values.map { $0 + $0 })
        }
    }

    @Test("binding without a buffer that the operation needs")
    func missingBuffers() throws {
        var src = odnn_map.blocked(16, 5, 5), dst = odnn_map.blocked(16, 3, 3), kernel = odnn_kernel.square(3)
        var operation: OpaquePointer?
        #expect(odnn_convolution_create(&src, &dst, &kernel, nil, ODNN_LINEAR, ODNN_DIRECT, &operation) == 0)
        defer { odnn_operation_destroy(operation) }
        var binding: OpaquePointer?
        #expect(odnn_bind(operation, nil, nil, nil, nil, nil, nil, &binding) == Self.invalid)
        #expect(binding == nil)
        #expect(odnn_pack_weights(operation, nil, nil) == Self.invalid)
    }

    @Test("destroying nothing")
    func destroyNothing() {
        odnn_operation_destroy(nil)
        odnn_binding_destroy(nil)
    }
}
