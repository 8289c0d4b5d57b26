package import NetworkGraph

/// A tile's computation lowered to steps on buffers, for one backend's way of storing maps.
///
/// Making one costs no kernels and no weights, so that a planner can weigh many sizes.
package struct Program {
    /// Memory for one map, or for a sliding window of its rows.
    package struct Buffer {
        var layout: MapLayout
        /// Channels as stored.
        var channels: Int
        var height: Int
        var width: Int
        /// First and last group of calls that touch it.
        package var lifetime: ClosedRange<Int>

        /// Its size in memory; `Program.mostBytes` for all that is larger.
        package var byteCount: Int {
            boundedProduct([channels, height, width, MemoryLayout<Float>.stride], limit: Program.mostBytes)
        }
    }

    /// A view and the buffer that it lies in, from `channelOffset` stored channels on.
    package struct Operand: Hashable {
        var buffer: Int
        var channelOffset: Int
        var view: MapView
    }

    /// What a step does. `channels` are the first source's, and with `relu` `max(0, x)` follows.
    package enum Action {
        case convolution(Convolution, channels: PackedChannels, relu: Bool)
        case transposedConvolution(TransposedConvolution, channels: PackedChannels, relu: Bool)
        /// Max pooling of squares that lie in the source.
        case maxPooling(extent: Int, stride: Int)
        /// Bilinear upsampling of the whole source by a whole factor.
        case bilinearUpsampling(factor: Int, alignCorners: Bool)
        case affine(ChannelAffine, channels: PackedChannels)
        /// Whatever else works on maps without weights.
        case map(MapOperation)
        /// The source's values in the destination.
        case copy
        /// Zeros in the destination; the source is not read.
        case zero
    }

    /// One kernel's work on whole maps.
    package struct Step {
        var action: Action
        /// One map; two for arithmetic; for a convolution perhaps the maps of a concatenation, in order.
        var sources: [Operand]
        var destination: Operand
        /// Zeros around the source; none but for convolutions.
        var padding = Borders(all: 0)
        /// Position of the operation in the network's graph.
        var node: Int
        /// The operation in the model file's words; for messages.
        var label: String
    }

    /// What is run: a step, or some rows of it.
    package struct Call {
        /// Position of the step.
        var step: Int
        /// Calls of a group take turns at its buffers and share their scratch.
        var group: Int
        var sources: [Operand]
        var destination: Operand
        /// Zeros around these rows' source; none but for convolutions.
        var padding: Borders
        /// True if this only moves rows of the step's map within its buffer.
        var isMove = false
        /// How many calls this one stands for, in a sketch.
        var repeats = 1.0
    }

    /// How steps become calls.
    package enum Schedule {
        /// A few rows go through a chain of steps before the next rows do.
        case depthFirst
        /// The same in outline, a band of each step standing for all: to estimate, not to run.
        case sketch
        /// Each step is one call.
        case stepByStep
    }

    /// More bytes than any computer has. Larger maps count as this large, so that sums of them do not overflow.
    static let mostBytes = 1 << 46

    /// What is to be done, in order.
    package private(set) var steps: [Step] = []
    /// The steps, or bands of their rows, in the order in which they run.
    package private(set) var calls: [Call] = []
    /// The memory that the calls work on.
    package private(set) var buffers: [Buffer] = []
    /// The buffer of the network's input.
    let input: Int
    /// The buffer of the network's output.
    let output: Int

    /// Groups of calls, one for each chain of steps that run together, or for a step alone.
    package var groupCount: Int { calls.last.map { $0.group + 1 } ?? 0 }

    /// Lowers a tile's computation.
    ///
    /// - Throws: `EngineError` for a graph that contradicts itself, or has an operation that no tile can have.
    package init(
        _ computation: TileComputation, backend: any Backend, schedule: Schedule = .depthFirst
    ) throws(EngineError) {
        let lowering = try Lowering(computation, backend: backend)
        (input, output) = (lowering.inputBuffer, lowering.outputBuffer)
        steps = lowering.steps
        var depthFirst = DepthFirst(steps, buffers: lowering.buffers, kept: [input, output])
        depthFirst.run(backend.readsWindows ? schedule : .stepByStep)
        calls = depthFirst.calls
        buffers = depthFirst.buffers
        setLifetimes()
    }

    /// One block of memory for all buffers and for what each group of calls needs beside them.
    ///
    /// - Parameter scratch: bytes for each group. Its places in the plan come after the buffers'.
    package func arena(scratch: [Int]) -> ArenaPlan {
        let maps = buffers.map { ArenaPlan.Buffer(byteCount: $0.byteCount, lifetime: $0.lifetime) }
        let scratch = scratch.enumerated().map { ArenaPlan.Buffer(byteCount: $1, lifetime: $0...$0) }
        return ArenaPlan(maps + scratch)
    }

    /// The input is written before the first call and the output read after the last.
    private mutating func setLifetimes() {
        var lifetimes = [ClosedRange<Int>?](repeating: nil, count: buffers.count)
        func touch(_ buffer: Int, at group: Int) {
            let lifetime = lifetimes[buffer] ?? group...group
            lifetimes[buffer] = min(lifetime.lowerBound, group)...max(lifetime.upperBound, group)
        }
        touch(input, at: 0)
        for call in calls {
            for source in call.sources { touch(source.buffer, at: call.group) }
            touch(call.destination.buffer, at: call.group)
        }
        touch(output, at: groupCount)
        for index in buffers.indices { buffers[index].lifetime = lifetimes[index] ?? 0...0 }
    }
}
