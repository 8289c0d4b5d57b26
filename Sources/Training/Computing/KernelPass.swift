import COvertileKernels
import InferenceEngine

/// Floats with an owner, aligned to 64 bytes and zeros at first.
final class FloatBuffer: @unchecked Sendable {
    // @unchecked: who shares it sees to it that only one writes.
    let floats: UnsafeMutablePointer<Float>
    private let buffer: AlignedBuffer
    var byteCount: Int { buffer.bytes.count }

    init(count: Int) {
        buffer = AlignedBuffer(byteCount: count * MemoryLayout<Float>.stride)
        buffer.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        floats = buffer.bytes.assumingMemoryBound(to: Float.self).baseAddress!
    }

    /// Zeros, for at least so many channels.
    static func zeros(_ count: Int) -> FloatBuffer {
        precondition(count <= shared.count, "a map of \(count) channels")
        return shared.buffer
    }

    private static let shared = (count: 1 << 16, buffer: FloatBuffer(count: 1 << 16))
}

/// Sums in double with an owner, zeros at first.
final class DoubleBuffer: @unchecked Sendable {
    // @unchecked: each part of a calculation has sums of its own in it.
    let doubles: UnsafeMutablePointer<Double>

    init(count: Int) {
        doubles = .allocate(capacity: max(count, 1))
        doubles.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { doubles.deallocate() }
}

/// Which channels of the weights the stored channels of a source and a result are; nil for what fills up blocks.
struct WeightChannels: Sendable {
    let inputs: [Int?]
    let outputs: [Int?]
    /// The channels that the weights have, of which a kernel may take some.
    let inputExtent: Int
    let outputExtent: Int

    /// True if the stored channels are those of the weights, one for one.
    var areDense: Bool {
        inputs.count == inputExtent && outputs.count == outputExtent && !inputs.contains(nil) && !outputs.contains(nil)
    }

    /// The channels of what computes the gradient of some of the inputs.
    func swapped(_ range: Range<Int>) -> WeightChannels {
        WeightChannels(
            inputs: outputs, outputs: Array(inputs[range]), inputExtent: outputExtent, outputExtent: inputExtent)
    }
}

/// A kernel of Overtile's own for one shape, and its packed weights.
final class KernelPass: @unchecked Sendable {
    // @unchecked: `pack` writes the packed weights, and runs only read them.

    enum Kind {
        case convolution
        case upConvolution
    }

    /// How the parameters lie, whatever the pass takes for input and output.
    enum Order {
        /// (outputs, inputs, kernel height, kernel width) of this pass.
        case outputFirst
        /// (inputs, outputs, kernel height, kernel width) of this pass.
        case inputFirst
        /// As `inputFirst`, and this pass takes the taps in the opposite order.
        case turnedRound
    }

    private let shape: overtile_convolution
    private let algorithm: overtile_algorithm
    private let channels: WeightChannels
    private let order: Order
    private let isUpConvolution: Bool
    private let packed: FloatBuffer
    let scratchByteCount: Int

    init(
        _ shape: overtile_convolution, _ kind: Kind, channels: WeightChannels, order: Order,
        _ kernels: overtile_kernels
    ) {
        self.shape = shape
        self.channels = channels
        self.order = order
        isUpConvolution = kind == .upConvolution
        algorithm =
            isUpConvolution
            ? kernels.up_convolution : Self.suitsWinograd(shape) ? kernels.winograd_2x2 : kernels.direct
        packed = withUnsafePointer(to: shape) { [algorithm] in FloatBuffer(count: algorithm.packed_count($0)) }
        scratchByteCount = withUnsafePointer(to: shape) { [algorithm] in (algorithm.scratch_count($0) + 63) / 64 * 64 }
    }

    /// True where Winograd's algorithm is faster: with enough channels for the transforms to be worth it, and enough pixels
    /// for bringing the weights into its order at each step.
    ///
    /// It is F(2x2, 3x3). The rounding of F(4x4, 3x3) is ten times that of a plain sum, and optimizers that divide by a
    /// gradient's own size carry that into the parameters.
    private static func suitsWinograd(_ shape: overtile_convolution) -> Bool {
        shape.kh == 3 && shape.kw == 3 && shape.stride == 1 && shape.dilation == 1 && !shape.plain_src
            && min(shape.ic, shape.oc) >= 32 && shape.oh * shape.ow >= 64
    }

    /// The bytes of the packed weights.
    var packedByteCount: Int { packed.byteCount }

    /// The bytes that `pack` needs.
    var packingByteCount: Int { shape.ic * shape.oc * shape.kh * shape.kw * MemoryLayout<Float>.stride }

    /// Brings weights into the kernel's order.
    ///
    /// - Parameter weights: all of the layer's, of which this pass may take only some channels.
    func pack(_ weights: UnsafePointer<Float>, scratch: UnsafeMutableRawPointer) {
        withUnsafePointer(to: shape) { algorithm.pack($0, arranged(weights, scratch), packed.floats) }
    }

    func run(
        _ planes: [overtile_plane], _ bias: FloatBuffer, _ target: overtile_target, scratch: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) { algorithm.run($0, planes, packed.floats, bias.floats, target, scratch) }
    }

    /// The weights of the stored channels, zeros where these only fill up blocks, with the outputs first, or for an
    /// up-convolution the inputs.
    private func arranged(_ weights: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer) -> UnsafePointer<Float> {
        let hasOutputsFirst = order == .outputFirst
        if hasOutputsFirst != isUpConvolution, channels.areDense { return weights }
        let taps = shape.kh * shape.kw
        var to = scratch.assumingMemoryBound(to: Float.self)
        let outerStep = (hasOutputsFirst ? channels.inputExtent : 1) * taps
        let innerStep = (hasOutputsFirst ? 1 : channels.outputExtent) * taps
        let (outputs, inputs) = (channels.outputs, channels.inputs)
        func put(_ output: Int?, _ input: Int?) {
            if let output, let input {
                let from = weights + output * outerStep + input * innerStep
                if order == .turnedRound {
                    for tap in 0..<taps { to[tap] = from[taps - 1 - tap] }
                } else {
                    to.update(from: from, count: taps)
                }
            } else {
                to.update(repeating: 0, count: taps)
            }
            to += taps
        }
        if isUpConvolution {
            for input in inputs { for output in outputs { put(output, input) } }
        } else {
            for output in outputs { for input in inputs { put(output, input) } }
        }
        return UnsafePointer(scratch.assumingMemoryBound(to: Float.self))
    }
}
