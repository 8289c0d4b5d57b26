package import NetworkGraph
import Tensors

/// A tile's computation lowered to steps on buffers, for one backend's way of storing maps.
///
/// Making one costs no kernels and no weights, so that a planner can weigh many sizes.
package struct Program {
    /// Memory for one map: its storage order and the window of the plane that it covers.
    package struct Buffer {
        var layout: MapLayout
        /// Channels as stored.
        var channels: Int
        var height: Int
        var width: Int
        package var lifetime: ClosedRange<Int>

        package var byteCount: Int { channels * height * width * MemoryLayout<Float>.stride }
    }

    /// A view and the buffer that it lies in, from `channelOffset` stored channels on.
    package struct Operand {
        var buffer: Int
        var channelOffset: Int
        var view: MapView
    }

    package enum Action {
        case convolution(Convolution, channels: PackedChannels, relu: Bool, padding: Borders)
        case transposedConvolution(TransposedConvolution, channels: PackedChannels, relu: Bool)
        case maxPooling(extent: Int, stride: Int)
        case bilinearUpsampling(factor: Int, alignCorners: Bool)
        case relu
        case affine(ChannelAffine, channels: PackedChannels)
        case copy
        /// Zeros in the destination; the source is not read.
        case zero
    }

    package struct Step {
        var action: Action
        /// One; for a convolution perhaps the maps of a concatenation, in order.
        var sources: [Operand]
        var destination: Operand
        /// Position of the operation in the network's graph.
        var node: Int
        /// The operation in the model file's words; for messages.
        var label: String
    }

    package private(set) var steps: [Step] = []
    package private(set) var buffers: [Buffer] = []
    let input: Int
    let output: Int

    /// - Throws: `EngineError` where the graph has something that this lowering does not know.
    package init(_ computation: TileComputation, backend: any Backend) throws(EngineError) {
        var lowering = try Lowering(computation, backend: backend)
        output = try lowering.run()
        input = lowering.inputBuffer
        steps = lowering.steps
        buffers = lowering.buffers
        Self.setLifetimes(of: &buffers, steps: steps, input: input, output: output)
    }

    /// One block of memory for all buffers and for what each step needs beside them.
    ///
    /// - Parameter scratch: bytes for each step; its place in the plan comes after the buffers'.
    package func arena(scratch: [Int]) -> ArenaPlan {
        let maps = buffers.map { ArenaPlan.Buffer(byteCount: $0.byteCount, lifetime: $0.lifetime) }
        let scratch = scratch.enumerated().map { ArenaPlan.Buffer(byteCount: $1, lifetime: $0...$0) }
        return ArenaPlan(maps + scratch)
    }

    /// The input is written before the first step and the output read after the last.
    private static func setLifetimes(of buffers: inout [Buffer], steps: [Step], input: Int, output: Int) {
        var lifetimes = [ClosedRange<Int>?](repeating: nil, count: buffers.count)
        func touch(_ buffer: Int, at step: Int) {
            let lifetime = lifetimes[buffer] ?? step...step
            lifetimes[buffer] = min(lifetime.lowerBound, step)...max(lifetime.upperBound, step)
        }
        touch(input, at: 0)
        for (index, step) in steps.enumerated() {
            for source in step.sources { touch(source.buffer, at: index) }
            touch(step.destination.buffer, at: index)
        }
        touch(output, at: steps.count)
        for index in buffers.indices { buffers[index].lifetime = lifetimes[index] ?? 0...0 }
    }
}

/// Where a map's channels stand once each part of a concatenation has been padded to whole blocks.
package struct PackedChannels {
    /// Stored position of each channel.
    let positions: [Int]
    /// Stored channels in all.
    let count: Int

    /// Channels that follow each other, then padding up to a multiple of `block`.
    init(_ channels: Int, block: Int) {
        positions = Array(0..<channels)
        count = (channels + block - 1) / block * block
    }

    /// Parts behind each other.
    init(joining parts: [PackedChannels]) {
        var positions: [Int] = []
        var count = 0
        for part in parts {
            positions += part.positions.map { $0 + count }
            count += part.count
        }
        self.positions = positions
        self.count = count
    }

    /// `values` at their stored places, zero elsewhere.
    func spread(_ values: [Float]) -> [Float] {
        var stored = Array(repeating: Float(0), count: count)
        for (value, position) in zip(values, positions) { stored[position] = value }
        return stored
    }
}
