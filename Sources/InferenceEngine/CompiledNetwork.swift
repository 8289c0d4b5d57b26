import Dispatch
package import NetworkGraph
import Synchronization

/// A network compiled for one size of output: kernels with their weights in place, and a plan of a worker's memory.
///
/// It never changes, and all workers share it; each has an `InferenceSession` of its own, which runs it on one thread.
///
///     let compiled = try CompiledNetwork(network.computation(height: 384, width: 384), backend: OvertileBackend())
///     let session = try InferenceSession(compiled)
///     _ = session.input.update(fromContentsOf: pixels)  // [bands][572][572]
///     try session.run()                                 // session.output: [classes][384][384]
package final class CompiledNetwork: Sendable {
    /// The input's bands, height and width; it lies in the plain layout, [bands][height][width].
    package let inputShape: MapShape
    /// The output's channels, height and width; it lies in the plain layout, [channels][height][width].
    package let outputShape: MapShape
    /// Bytes that one session holds: all maps and the kernels' scratch.
    package var sessionByteCount: Int { arena.byteCount }

    let program: Program
    let kernels: [any Kernel]
    let arena: ArenaPlan

    /// Compiles a tile's computation with weights that no other compilation shares.
    ///
    /// - Throws: `EngineError` naming the operation that the backend cannot run.
    package convenience init(_ computation: TileComputation, backend: any Backend) throws(EngineError) {
        try self.init(computation, backend: backend, weights: PackedWeights())
    }

    /// Compiles a tile's computation.
    ///
    /// - Parameters:
    ///   - weights: what the network's compilations for other sizes share with this one.
    ///   - schedule: the order of the steps' rows; one other than depth-first is for comparison.
    /// - Throws: `EngineError` naming the operation that the backend cannot run.
    package init(
        _ computation: TileComputation, backend: any Backend, weights: PackedWeights,
        schedule: Program.Schedule = .depthFirst
    ) throws(EngineError) {
        let program = try Program(computation, backend: backend, schedule: schedule)
        let kernels = try Self.kernels(of: program, backend, weights)
        self.program = program
        self.kernels = kernels
        var scratch = Array(repeating: 0, count: program.groupCount)
        for (call, kernel) in zip(program.calls, kernels) {
            scratch[call.group] = max(scratch[call.group], kernel.scratchByteCount)
        }
        arena = program.arena(scratch: scratch)
        inputShape = program.buffers[program.input].shape
        outputShape = program.buffers[program.output].shape
    }

    /// What one session would take, told without compiling anything.
    ///
    /// - Throws: `EngineError` for a graph that contradicts itself.
    package static func estimate(
        _ computation: TileComputation, backend: any Backend
    ) throws(EngineError) -> SessionEstimate {
        let program = try Program(computation, backend: backend, schedule: .sketch)
        var scratch = Array(repeating: 0, count: program.groupCount)
        var (cost, weights) = (0.0, 0)
        for call in program.calls {
            let shape = call.isMove ? .elementwise : program.steps[call.step].shape
            let estimate = backend.estimate(shape, from: call.sources.map(\.view), to: call.destination.view)
            scratch[call.group] = max(scratch[call.group], estimate.scratchByteCount)
            cost += call.repeats * estimate.cost
            weights += estimate.weightByteCount
        }
        return SessionEstimate(
            byteCount: program.arena(scratch: scratch).byteCount, cost: cost, weightByteCount: weights)
    }

    /// A line for each step: what it is, on what, and which kernel runs it. "down1: 64 x 570 x 570 to 64 x 568 x 568,
    /// avx512 Winograd"
    package var listing: [String] {
        program.steps.enumerated().map { index, step in
            let kernel = kernels[program.calls.firstIndex { $0.step == index }!]
            let (source, destination) = (step.sources[0].view, step.destination.view)
            return "\(step.label): \(step.inputChannels) x \(source.height) x \(source.width) to "
                + "\(destination.channels) x \(destination.height) x \(destination.width), \(kernel.implementation)"
        }
    }

    /// A kernel for each call. They are made on all cores, as packing a large network's weights takes a while; each step's by one of them, so that no weights
    /// are packed twice.
    private static func kernels(
        of program: Program, _ backend: any Backend, _ weights: PackedWeights
    ) throws(EngineError) -> [any Kernel] {
        let calls = Dictionary(grouping: program.calls.indices) { program.calls[$0].step }
        let made = Mutex([Result<any Kernel, EngineError>?](repeating: nil, count: program.calls.count))
        DispatchQueue.concurrentPerform(iterations: program.steps.count) { step in
            for call in calls[step, default: []] {
                let result = Result { () throws(EngineError) in
                    try kernel(for: program.calls[call], program.steps[step], backend, weights)
                }
                made.withLock { $0[call] = result }
            }
        }
        var kernels: [any Kernel] = []
        for result in made.withLock({ $0 }) { kernels.append(try result!.get()) }
        return kernels
    }

    private static func kernel(
        for call: Program.Call, _ step: Program.Step, _ backend: any Backend, _ weights: PackedWeights
    ) throws(EngineError) -> any Kernel {
        let (source, destination) = (call.sources[0].view, call.destination.view)
        do {
            if call.isMove { return backend.copy(from: source, to: destination) }
            switch step.action {
            case .convolution(let convolution, let channels, let relu):
                let parameters = ConvolutionParameters(
                    convolution, node: step.node, channels, relu: relu, padding: call.padding,
                    storedInputs: step.inputChannels, storedOutputs: destination.channels)
                return try backend.convolution(
                    from: call.sources.map(\.view), to: destination, parameters, weights: weights)
            case .transposedConvolution(let convolution, let channels, let relu):
                let parameters = ConvolutionParameters(
                    convolution, node: step.node, channels, relu: relu, storedOutputs: destination.channels)
                return try backend.transposedConvolution(
                    from: source, to: destination, parameters, weights: weights)
            case .maxPooling(let extent, let stride):
                return try backend.maxPooling(from: source, to: destination, extent: extent, stride: stride)
            case .bilinearUpsampling(_, alignCorners: true):
                return PortableKernels.bilinearAligned(
                    from: source, to: destination, channelBlock: backend.channelBlock)
            case .bilinearUpsampling(let factor, alignCorners: false):
                return try backend.bilinearUpsampling(from: source, to: destination, factor: factor)
            case .affine(let affine, let channels):
                return try backend.affine(
                    from: source, to: destination, scale: channels.spread(affine.scale.elements()),
                    shift: channels.spread(affine.shift.elements()))
            case .map(let operation):
                return try backend.kernel(operation, from: call.sources.map(\.view), to: destination)
            case .zero:
                return PortableKernels.zero(destination, channelBlock: backend.channelBlock)
            case .copy:
                return backend.copy(from: source, to: destination)
            }
        } catch {
            throw EngineError(
                "\(step.label) on a map of \(step.inputChannels) x \(source.height) x \(source.width): \(error.description)"
            )
        }
    }
}

/// What one session is expected to take.
package struct SessionEstimate: Hashable, Sendable {
    /// Bytes of all maps and the kernels' scratch.
    package let byteCount: Int
    /// The time of one run, in multiplications and additions that a core at its peak does meanwhile.
    package let cost: Double
    /// Bytes of the weights, which all sessions share.
    package let weightByteCount: Int
}

/// One worker's memory, with the network's kernels tied to it. One thread uses it at a time, and a run allocates nothing.
package final class InferenceSession {
    /// The input map, [bands][height][width]. The caller fills it before each `run`, which overwrites it.
    package let input: UnsafeMutableBufferPointer<Float>
    /// The output map, [channels][height][width]. It is valid until the next `run`.
    package let output: UnsafeBufferPointer<Float>

    private let memory: AlignedBuffer
    private let calls: [Program.Call]
    private let kernels: [any BoundKernel]

    /// A session in memory of its own.
    ///
    /// - Throws: `EngineError` where the backend cannot make its per-thread state.
    package convenience init(_ network: CompiledNetwork) throws(EngineError) {
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
        for (call, kernel) in zip(program.calls, network.kernels) {
            let scratch = memory.bytes.baseAddress! + network.arena.offsets[program.buffers.count + call.group]
            func start(_ operand: Program.Operand) -> UnsafeMutablePointer<Float> {
                floats(operand.buffer, channelOffset: operand.channelOffset).baseAddress!
            }
            kernels.append(
                try kernel.bind(
                    sources: call.sources.map { UnsafePointer(start($0)) }, destination: start(call.destination),
                    scratch: scratch))
        }
        self.memory = memory
        calls = program.calls
        self.kernels = kernels
        input = floats(program.input)
        output = UnsafeBufferPointer(floats(program.output))
    }

    /// Runs one step of the network's listing on what an earlier run left; for benchmarks.
    package func run(step: Int) throws(EngineError) {
        for (call, kernel) in zip(calls, kernels) where call.step == step { try kernel.run() }
    }

    /// Computes `output` from `input`.
    ///
    /// - Throws: `EngineError` where a library fails.
    package func run() throws(EngineError) {
        for kernel in kernels { try kernel.run() }
    }
}

extension Program.Step {
    /// Channels of all its sources as they are stored.
    fileprivate var inputChannels: Int { sources.map(\.view.channels).reduce(0, +) }

    fileprivate var shape: StepShape {
        switch action {
        case .convolution(let convolution, _, _):
            .convolution(KernelShape(convolution, storedChannels: inputChannels))
        case .transposedConvolution(let convolution, _, _): .transposedConvolution(KernelShape(convolution))
        case .maxPooling, .bilinearUpsampling, .affine, .map, .copy, .zero: .elementwise
        }
    }
}

extension Program.Buffer {
    fileprivate var shape: MapShape { MapShape(channels: channels, height: height, width: width) }
}
