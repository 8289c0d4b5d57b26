import COvertileKernels
import NetworkGraph

/// Overtile's own kernels for one instruction set.
///
/// A network's listing names them by set and algorithm. They are:
/// - "avx512 Winograd", "avx2 Winograd", "neon Winograd", "scalar Winograd": 3 x 3 with stride and dilation 1
///   (`variants/winograd.h`);
/// - "avx512 direct", "avx2 direct", "neon direct", "scalar direct": every other convolution (`variants/direct.h`);
/// - "avx512 up-convolution", "avx2 up-convolution", "neon up-convolution", "scalar up-convolution"
///   (`variants/up_convolution.h`);
/// - "avx512 max pooling", "avx2 max pooling", "neon max pooling", "scalar max pooling" (`variants/max_pooling.h`).
///
/// The tables are `overtile_kernels_avx512`, `overtile_kernels_avx2`, `overtile_kernels_neon` and
/// `overtile_kernels_scalar`, the last of plain C (`kernels_scalar.c`), for which Winograd's and direct are the same.
struct KernelSet: @unchecked Sendable {
    // @unchecked: a table of functions that never changes.
    private let table: UnsafePointer<overtile_kernels>

    /// True if wide layers do without Winograd's algorithm.
    private let savesMemory: Bool

    private static let block = Int(OVERTILE_BLOCK)

    private init(_ table: UnsafePointer<overtile_kernels>, savesMemory: Bool) {
        self.table = table
        self.savesMemory = savesMemory
    }

    /// - Parameters:
    ///   - instructionSet: nil for the processor's best.
    ///   - savesMemory: true to hold the weights of wide layers as they come: four times the multiplications, in a quarter of the
    ///     memory.
    init(instructionSet: String?, savesMemory: Bool) throws(InstructionSetError) {
        let all = Self.all
        guard let kernels = all.first(where: { instructionSet == nil || $0.instructionSet == instructionSet }) else {
            throw InstructionSetError(asked: instructionSet!, available: all.map(\.instructionSet))
        }
        self.init(kernels.table, savesMemory: savesMemory)
    }

    /// The sets that this processor can run, fastest first.
    static var all: [KernelSet] {
        var next = overtile_kernel_sets()!
        var all: [KernelSet] = []
        while let table = next.pointee {
            all.append(KernelSet(table, savesMemory: false))
            next += 1
        }
        return all
    }

    var instructionSet: String { String(cString: table.pointee.name) }

    // MARK: Kernels

    func convolution(
        from sources: [MapView], to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) -> any Kernel {
        let shape = overtile_convolution(parameters, from: sources, to: destination)
        let isWinograd = usesWinograd(parameters.kernel, from: sources, to: destination)
        return kernel(
            isWinograd ? table.pointee.winograd : table.pointee.direct, named: isWinograd ? "Winograd" : "direct",
            shape, from: sources, to: destination, parameters, weights)
    }

    func upConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) -> any Kernel {
        let shape = overtile_convolution(parameters, from: [source], to: destination)
        return kernel(
            table.pointee.up_convolution, named: "up-convolution", shape, from: [source], to: destination, parameters,
            weights)
    }

    func maxPooling(from source: MapView, to destination: MapView, extent: Int, stride: Int) -> any Kernel {
        let (run, blocks) = (table.pointee.max_pooling!, source.channels / Self.block)
        return PlaneKernel(
            implementation: "\(instructionSet) max pooling", scratchByteCount: 0, sources: [source],
            destination: destination
        ) { planes, target, _ in
            run(blocks, destination.height, destination.width, extent, stride, planes, target)
        }
    }

    private func kernel(
        _ algorithm: overtile_algorithm, named name: String, _ shape: overtile_convolution, from sources: [MapView],
        to destination: MapView, _ parameters: ConvolutionParameters, _ weights: PackedWeights
    ) -> any Kernel {
        let implementation = "\(instructionSet) \(name)"
        let packed = withUnsafePointer(to: shape) { shape in
            weights.buffer(node: parameters.node, order: implementation) {
                let packed = AlignedBuffer(byteCount: algorithm.packed_count(shape) * MemoryLayout<Float>.stride)
                algorithm.pack(shape, parameters.weights(), packed.floats.baseAddress!)
                return packed
            }
        }
        // A step has a kernel for each band of rows: they share the bias, too.
        let bias = weights.buffer(node: parameters.node, order: "\(Self.block) bias") {
            AlignedBuffer(copying: parameters.bias().padded(toMultipleOf: Self.block))
        }
        return PlaneKernel(
            implementation: implementation,
            scratchByteCount: withUnsafePointer(to: shape) { algorithm.scratch_count($0) }, sources: sources,
            destination: destination
        ) { planes, target, scratch in
            withUnsafePointer(to: shape) {
                algorithm.run($0, planes, packed.floats.baseAddress!, bias.floats.baseAddress!, target, scratch)
            }
        }
    }

    private func usesWinograd(
        _ kernel: KernelShape, from sources: [MapView], to destination: MapView
    ) -> Bool {
        let channels = sources.map(\.channels).reduce(0, +) * destination.channels
        return kernel == KernelShape(height: 3, width: 3, stride: 1, dilation: 1)
            && sources[0].layout == .blocked && destination.layout == .blocked
            && !(savesMemory && channels > Self.narrowChannels)
    }

    /// Pairs of input and output channels up to which transformed weights are small, 5 MiB.
    private static let narrowChannels = 128 * 256

    // MARK: Estimates

    /// Fitted to one AVX-512 core, whatever the machine, so that plans are the same on all.
    func estimate(_ step: StepShape, from sources: [MapView], to destination: MapView) -> KernelEstimate {
        let inputs = sources.map(\.channels).reduce(0, +)
        let source = sources[0]
        let bytes =
            4 * (Double(inputs) * Double(source.height) * Double(source.width) + Double(destination.elementCount))
        // What a byte that comes from memory or goes there takes, in operations.
        let traffic = 6 * max(0, bytes - Double(16 << 20))
        switch step {
        case .convolution(let kernel) where usesWinograd(kernel, from: sources, to: destination):
            let tiles = Double((destination.height + 3) / 4 * ((destination.width + 3) / 4))
            let (ic, oc) = (Double(inputs), Double(destination.channels))
            let cost = tiles * (78 * ic * oc + 560 * ic + 400 * oc) + traffic
            return KernelEstimate(
                cost: cost, scratchByteCount: Self.winogradScratch(from: sources, to: destination),
                weightByteCount: 4 * kernel.weightByteCount(inputs, destination.channels))
        case .convolution(let kernel):
            let operations = kernel.operationCount(inputChannels: inputs, to: destination)
            return KernelEstimate(
                cost: 1.3 * operations + traffic, scratchByteCount: 0,
                weightByteCount: kernel.weightByteCount(inputs, destination.channels))
        case .transposedConvolution(let kernel):
            // Each input pixel meets every tap once.
            let operations = kernel.operationCount(inputChannels: destination.channels, to: source)
            return KernelEstimate(
                cost: 1.2 * operations + traffic, scratchByteCount: 0,
                weightByteCount: kernel.weightByteCount(inputs, destination.channels))
        case .elementwise:
            return KernelEstimate(cost: 8 * bytes, scratchByteCount: 0)
        }
    }

    private static func winogradScratch(from sources: [MapView], to destination: MapView) -> Int {
        var shape = overtile_convolution()
        shape.ic = sources.map(\.channels).reduce(0, +)
        shape.oc = destination.channels
        shape.oh = destination.height
        shape.ow = destination.width
        return overtile_winograd_scratch_count(&shape)
    }
}

/// A kernel that reads planes and writes a target.
private final class PlaneKernel: Kernel {
    typealias Run = @Sendable (UnsafePointer<overtile_plane>, overtile_target, UnsafeMutableRawPointer) -> Void

    let implementation: String
    let scratchByteCount: Int
    private let sources: [MapView]
    private let destination: MapView
    private let run: Run

    init(
        implementation: String, scratchByteCount: Int, sources: [MapView], destination: MapView, run: @escaping Run
    ) {
        self.implementation = implementation
        self.scratchByteCount = scratchByteCount
        self.sources = sources
        self.destination = destination
        self.run = run
    }

    func bind(
        sources starts: [UnsafePointer<Float>], destination start: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) -> any BoundKernel {
        let planes = zip(starts, sources).flatMap { start, source in
            let block = source.block
            return (0..<source.channels / block).map { plane in
                overtile_plane(
                    pixels: start + source.offset(block: block) + plane * source.planeStride(block: block),
                    row: source.rowStride(block: block))
            }
        }
        let block = destination.block
        let target = overtile_target(
            pixels: start + destination.offset(block: block), row: destination.rowStride(block: block),
            plane: destination.planeStride(block: block))
        return Bound(planes: planes, target: target, scratch: scratch, run: run)
    }

    private final class Bound: BoundKernel {
        private let planes: [overtile_plane]
        private let target: overtile_target
        private let scratch: UnsafeMutableRawPointer
        private let body: Run

        init(planes: [overtile_plane], target: overtile_target, scratch: UnsafeMutableRawPointer, run: @escaping Run) {
            self.planes = planes
            self.target = target
            self.scratch = scratch
            body = run
        }

        func run() { planes.withUnsafeBufferPointer { body($0.baseAddress!, target, scratch) } }
    }
}

extension MapView {
    /// Channels that lie together.
    fileprivate var block: Int { layout == .plain ? 1 : Int(OVERTILE_BLOCK) }
}

extension overtile_convolution {
    fileprivate init(_ parameters: ConvolutionParameters, from sources: [MapView], to destination: MapView) {
        let source = sources[0]
        self.init(
            ic: sources.map(\.channels).reduce(0, +), oc: destination.channels, ih: source.height, iw: source.width,
            oh: destination.height, ow: destination.width, kh: parameters.kernel.height, kw: parameters.kernel.width,
            stride: parameters.kernel.stride, dilation: parameters.kernel.dilation, top: parameters.padding.top,
            left: parameters.padding.left, plain_src: source.layout == .plain, plain_dst: destination.layout == .plain,
            relu: parameters.relu)
    }
}

extension [Float] {
    fileprivate func padded(toMultipleOf block: Int) -> [Float] {
        self + Array(repeating: 0, count: (block - count % block) % block)
    }
}

extension AlignedBuffer {
    fileprivate var floats: UnsafeMutableBufferPointer<Float> {
        floats(at: 0, count: bytes.count / MemoryLayout<Float>.stride)
    }
}
