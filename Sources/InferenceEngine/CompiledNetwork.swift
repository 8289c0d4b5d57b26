import Dispatch
public import NetworkGraph
import Synchronization
package import Tensors

/// A network compiled for one size of output: kernels with their weights in place, and a plan of a worker's memory.
///
/// Immutable and shared by all workers; each runs its own `InferenceSession`.
public final class CompiledNetwork: Sendable {
    /// (bands, height, width) of the input, plain layout.
    public let inputShape: MapShape
    /// (classes, height, width) of the output, plain layout.
    public let outputShape: MapShape
    /// Memory that one session holds: all maps and the kernels' scratch.
    public var sessionByteCount: Int { arena.byteCount }

    let program: Program
    let kernels: [any Kernel]
    let arena: ArenaPlan

    /// - Throws: `EngineError` naming the operation that the backend cannot run.
    public convenience init(_ computation: TileComputation, backend: any Backend) throws(EngineError) {
        try self.init(computation, backend: backend, weights: PackedWeights())
    }

    /// - Parameter weights: shared with the network's compilations for other sizes.
    /// - Throws: `EngineError` naming the operation that the backend cannot run.
    package init(
        _ computation: TileComputation, backend: any Backend, weights: PackedWeights
    ) throws(EngineError) {
        let program = try Program(computation, backend: backend)
        let kernels = try Self.kernels(for: program.steps, backend, weights)
        self.program = program
        self.kernels = kernels
        arena = program.arena(scratch: kernels.map(\.scratchByteCount))
        inputShape = program.buffers[program.input].shape
        outputShape = program.buffers[program.output].shape
    }

    /// What one session would take, without compiling anything.
    public static func estimate(
        _ computation: TileComputation, backend: any Backend
    ) throws(EngineError) -> SessionEstimate {
        let program = try Program(computation, backend: backend)
        let kernels = program.steps.map { step -> KernelEstimate in
            backend.estimate(step.action.shape, from: step.sources.map(\.view), to: step.destination.view)
        }
        return SessionEstimate(
            byteCount: program.arena(scratch: kernels.map(\.scratchByteCount)).byteCount,
            cost: kernels.map(\.cost).reduce(0, +))
    }

    /// A line for each step: what it is, on what, and which kernel runs it.
    public var listing: [String] {
        zip(program.steps, kernels).map { step, kernel in
            let (source, destination) = (step.sources[0].view, step.destination.view)
            return "\(step.label): \(step.inputChannels) x \(source.height) x \(source.width) to "
                + "\(destination.channels) x \(destination.height) x \(destination.width), \(kernel.implementation)"
        }
    }

    /// Made on all cores: packing a large network's weights takes a while.
    private static func kernels(
        for steps: [Program.Step], _ backend: any Backend, _ weights: PackedWeights
    ) throws(EngineError) -> [any Kernel] {
        let made = Mutex([Result<any Kernel, EngineError>?](repeating: nil, count: steps.count))
        DispatchQueue.concurrentPerform(iterations: steps.count) { index in
            let result = Result { () throws(EngineError) in try kernel(for: steps[index], backend, weights) }
            made.withLock { $0[index] = result }
        }
        var kernels: [any Kernel] = []
        for result in made.withLock({ $0 }) { kernels.append(try result!.get()) }
        return kernels
    }

    private static func kernel(
        for step: Program.Step, _ backend: any Backend, _ weights: PackedWeights
    ) throws(EngineError) -> any Kernel {
        let (source, destination) = (step.sources[0].view, step.destination.view)
        do {
            switch step.action {
            case .convolution(let convolution, let channels, let relu, let padding):
                let parameters = ConvolutionParameters(
                    convolution, node: step.node, channels, relu: relu, padding: padding,
                    storedInputs: step.inputChannels, storedOutputs: destination.channels)
                return try backend.convolution(
                    from: step.sources.map(\.view), to: destination, parameters, weights: weights)
            case .transposedConvolution(let convolution, let channels, let relu):
                let parameters = ConvolutionParameters(
                    convolution, node: step.node, channels, relu: relu, storedOutputs: destination.channels)
                return try backend.transposedConvolution(
                    from: source, to: destination, parameters, weights: weights)
            case .maxPooling(let extent, let stride):
                return try backend.maxPooling(from: source, to: destination, extent: extent, stride: stride)
            case .bilinearUpsampling(_, alignCorners: true):
                return MapKernels.bilinearAligned(from: source, to: destination, channelBlock: backend.channelBlock)
            case .bilinearUpsampling(let factor, alignCorners: false):
                return try backend.bilinearUpsampling(from: source, to: destination, factor: factor)
            case .relu:
                return try backend.relu(from: source, to: destination)
            case .affine(let affine, let channels):
                return try backend.affine(
                    from: source, to: destination, scale: channels.spread(affine.scale.elements()),
                    shift: channels.spread(affine.shift.elements()))
            case .zero:
                return MapKernels.zero(destination, channelBlock: backend.channelBlock)
            case .copy:
                return try backend.copy(from: source, to: destination)
            }
        } catch {
            throw EngineError(
                "\(step.label) on a map of \(step.inputChannels) x \(source.height) x \(source.width): \(error.description)"
            )
        }
    }
}

/// What one session is expected to take.
public struct SessionEstimate: Hashable, Sendable {
    /// Memory: all maps and the kernels' scratch.
    public let byteCount: Int
    /// Time of one run, in multiplications and additions that a core at its peak does meanwhile.
    public let cost: Double
}

/// One worker's memory, with the network's kernels tied to it. Used by one thread at a time; a run allocates nothing.
public final class InferenceSession {
    /// The input map, plain layout; filled by the caller before `run`. Overwritten by it.
    public let input: UnsafeMutableBufferPointer<Float>
    /// The output map, plain layout; valid until the next `run`.
    public let output: UnsafeBufferPointer<Float>

    private let memory: AlignedBuffer
    private let kernels: [any BoundKernel]

    /// - Throws: `EngineError` where the backend cannot make its per-thread state.
    public convenience init(_ network: CompiledNetwork) throws(EngineError) {
        try self.init(network, memory: AlignedBuffer(byteCount: network.sessionByteCount))
    }

    /// A session in a block of memory that other sessions of the same worker use too, one at a time.
    ///
    /// - Precondition: `memory` holds at least the network's `sessionByteCount`.
    package init(_ network: CompiledNetwork, memory: AlignedBuffer) throws(EngineError) {
        precondition(memory.bytes.count >= network.sessionByteCount, "too little memory for a session")
        let program = network.program
        func floats(_ buffer: Int, channelOffset: Int = 0) -> UnsafeMutableBufferPointer<Float> {
            let description = program.buffers[buffer]
            let skipped = channelOffset * description.height * description.width
            return memory.floats(
                at: network.arena.offsets[buffer] + skipped * MemoryLayout<Float>.stride,
                count: description.byteCount / MemoryLayout<Float>.stride - skipped)
        }
        var kernels: [any BoundKernel] = []
        for (index, (step, kernel)) in zip(program.steps, network.kernels).enumerated() {
            let scratch = memory.bytes.baseAddress! + network.arena.offsets[program.buffers.count + index]
            func start(_ operand: Program.Operand) -> UnsafeMutablePointer<Float> {
                floats(operand.buffer, channelOffset: operand.channelOffset).baseAddress!
            }
            kernels.append(
                try kernel.bind(
                    sources: step.sources.map { UnsafePointer(start($0)) }, destination: start(step.destination),
                    scratch: scratch))
        }
        self.memory = memory
        self.kernels = kernels
        input = floats(program.input)
        output = UnsafeBufferPointer(floats(program.output))
    }

    /// Runs one step of the network's listing on what an earlier run left; for benchmarks.
    package func run(step: Int) throws(EngineError) { try kernels[step].run() }

    /// Computes `output` from `input`.
    public func run() throws(EngineError) {
        for kernel in kernels { try kernel.run() }
    }
}

extension Program.Step {
    /// As stored.
    fileprivate var inputChannels: Int { sources.map(\.view.channels).reduce(0, +) }
}

extension Program.Action {
    fileprivate var shape: StepShape {
        switch self {
        case .convolution(let convolution, _, _, _): .convolution(KernelShape(convolution))
        case .transposedConvolution(let convolution, _, _): .transposedConvolution(KernelShape(convolution))
        case .maxPooling, .bilinearUpsampling, .relu, .affine, .copy, .zero: .elementwise
        }
    }
}

extension Program.Buffer {
    fileprivate var shape: MapShape { MapShape(channels: channels, height: height, width: width) }
}
