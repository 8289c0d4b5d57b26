import NetworkGraph

/// A library of kernels: what the engine asks for the operations of a network.
///
/// The compiler of a network asks a backend how it stores maps (`channelBlock`, `channelMultiple`, `readsWindows`), then for
/// a kernel for each step, with the step's maps as views of fixed shape. What a kernel makes must be the same bytes on every
/// run. A function that has no kernel for what it is asked throws an `EngineError` that says so.
///
/// There are three: `OvertileBackend` runs Overtile's own kernels and oneDNN's for the rest, `OneDNNBackend` oneDNN's
/// alone, and `ReferenceBackend` plain loops, which the others are tested against.
package protocol Backend: Sendable {
    /// The library with its version and instruction set, for logs and for a run's identity.
    var name: String { get }
    /// Channels that lie together in the `blocked` layout on this machine.
    var channelBlock: Int { get }
    /// Every stored map is padded with channels of zeros to a multiple of this, which is a multiple of `channelBlock`. It is
    /// the same on every machine, so that plans are.
    var channelMultiple: Int { get }
    /// True if convolution, up-convolution and pooling read a window of a larger map in place, and a convolution the maps
    /// of a concatenation where they lie; otherwise they are given copies.
    var readsWindows: Bool { get }

    /// What a step will take, told without making its kernel. It follows a fixed rule on the step's shape, which is the
    /// same on every machine.
    func estimate(_ step: StepShape, from sources: [MapView], to destination: MapView) -> KernelEstimate

    /// A convolution with its bias, and a ReLU behind it where the parameters say so.
    ///
    /// - Parameters:
    ///   - sources: one map, or the maps of a concatenation in order, of equal extent.
    ///   - parameters: weights, bias, taps, and the zeros around the source that are not stored.
    ///   - weights: where the packed weights are kept.
    func convolution(
        from sources: [MapView], to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel
    /// A transposed convolution with its bias, and a ReLU behind it where the parameters say so.
    ///
    /// - Parameter weights: where the packed weights are kept.
    func transposedConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel
    /// The largest of `extent` x `extent` pixels at every `stride`-th. No window leaves the source.
    func maxPooling(
        from source: MapView, to destination: MapView, extent: Int, stride: Int
    ) throws(EngineError) -> any Kernel
    /// Bilinear upsampling by a whole factor with half-pixel centres, clamped at the source window's border.
    func bilinearUpsampling(from source: MapView, to destination: MapView, factor: Int) throws(EngineError)
        -> any Kernel
    /// `x * scale[c] + shift[c]`, for channels as they are stored. It may run in place.
    func affine(
        from source: MapView, to destination: MapView, scale: [Float], shift: [Float]
    ) throws(EngineError) -> any Kernel
    /// Whatever else works on maps without weights.
    ///
    /// Activations, arithmetic on an operand that is not stretched, and softmax may run in place; all read and write any
    /// window.
    func kernel(
        _ operation: MapOperation, from sources: [MapView], to destination: MapView
    ) throws(EngineError) -> any Kernel
    /// A copy from one layout or parent into another. A blocked side may have more channels than a plain one; those are
    /// neither read nor, as far as they make whole blocks, written.
    func copy(from source: MapView, to destination: MapView) -> any Kernel
}

/// The taps of a convolution, and how they are spread.
package struct KernelShape: Hashable, Sendable {
    /// Taps along the vertical axis.
    package var height: Int
    /// Taps along the horizontal axis.
    package var width: Int
    /// Pixels from one window to the next on the larger of the two maps.
    package var stride: Int
    /// Pixels from one tap to the next.
    package var dilation: Int
    /// The groups of channels that are convolved each for itself; 1 where every output reads every input.
    package var groups = 1
}

/// What a step does, as far as its time depends on it.
package enum StepShape: Hashable, Sendable {
    case convolution(KernelShape)
    case transposedConvolution(KernelShape)
    /// A step that memory holds up: pooling, upsampling, copies.
    case elementwise
}

/// What a kernel is expected to take.
package struct KernelEstimate: Hashable, Sendable {
    /// The time of one run, in multiplications and additions that a core at its peak does meanwhile.
    package var cost: Double
    /// Bytes that one run needs beside its maps.
    package var scratchByteCount: Int
    /// Bytes of the weights as the kernel holds them.
    package var weightByteCount = 0
}

/// An operation compiled for maps of fixed shape, with its weights in the backend's own order. It never changes, so that
/// workers share it.
package protocol Kernel: Sendable {
    /// The backend's name for what it chose, for logs: "avx512 Winograd".
    var implementation: String { get }
    /// Bytes that one run needs beside its maps, and leaves free when it is done.
    var scratchByteCount: Int { get }
    /// Ties the kernel to one worker's memory.
    ///
    /// - Parameters:
    ///   - sources: the first element of each source view's parent.
    ///   - destination: the first element of the destination view's parent.
    ///   - scratch: at least `scratchByteCount` bytes, aligned to 64.
    func bind(
        sources: [UnsafePointer<Float>], destination: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) throws(EngineError) -> any BoundKernel
}

/// A kernel that knows where to read and write. One thread uses it at a time, and a run allocates nothing.
package protocol BoundKernel: AnyObject {
    /// Computes the destination from the sources.
    func run() throws(EngineError)
}

/// What keeps a network from being compiled or run: an operation that the backend cannot run, or a library that fails.
package struct EngineError: Error, CustomStringConvertible, Sendable {
    /// What is wrong, in one line.
    package let description: String
    /// True if the backend has no kernel for this; another way may exist.
    package let isUnimplemented: Bool

    /// - Parameter description: what is wrong, in one line.
    package init(_ description: String, isUnimplemented: Bool = false) {
        self.description = description
        self.isUnimplemented = isUnimplemented
    }
}
