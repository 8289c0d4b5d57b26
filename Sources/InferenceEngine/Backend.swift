/// A library of kernels. What it makes must give the same bytes on every run.
package protocol Backend: Sendable {
    /// For logs.
    var name: String { get }
    /// Channels that lie together in the `blocked` layout on this machine.
    var channelBlock: Int { get }
    /// Every stored map is padded with zero channels to a multiple of this, a multiple of `channelBlock`; the same on
    /// every machine, so that plans are.
    var channelMultiple: Int { get }
    /// Whether convolution, up-convolution and pooling read a window of a larger map in place, and a convolution the maps
    /// of a concatenation where they lie; else they are given copies.
    var readsWindows: Bool { get }

    /// What a step will take, told without making its kernel: a fixed rule on its shape, the same on every machine.
    func estimate(_ step: StepShape, from sources: [MapView], to destination: MapView) -> KernelEstimate

    /// - Parameters:
    ///   - sources: one, or the maps of a concatenation in order, of equal extent.
    ///   - weights: where the packed weights are kept.
    func convolution(
        from sources: [MapView], to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel
    func transposedConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel
    func maxPooling(
        from source: MapView, to destination: MapView, extent: Int, stride: Int
    ) throws(EngineError) -> any Kernel
    /// Half-pixel centres, clamped at the source window's border.
    func bilinearUpsampling(from source: MapView, to destination: MapView, factor: Int) throws(EngineError)
        -> any Kernel
    /// May run in place.
    func affine(
        from source: MapView, to destination: MapView, scale: [Float], shift: [Float]
    ) throws(EngineError) -> any Kernel
    /// Whatever works on maps without weights. Activations, arithmetic on an operand that is not stretched, and softmax
    /// may run in place; all read and write any window.
    func kernel(
        _ operation: MapOperation, from sources: [MapView], to destination: MapView
    ) throws(EngineError) -> any Kernel
    /// From one layout or parent into another. A blocked side may have more channels than a plain one; those are
    /// neither read nor, as far as they make whole blocks, written.
    func copy(from source: MapView, to destination: MapView) -> any Kernel
}

/// Taps of a convolution and how they are spread.
package struct KernelShape: Hashable, Sendable {
    package var height: Int
    package var width: Int
    package var stride: Int
    package var dilation: Int
    /// 1, or as many as channels.
    package var groups = 1
}

/// What a step does, as far as its time depends on it.
package enum StepShape: Hashable, Sendable {
    case convolution(KernelShape)
    case transposedConvolution(KernelShape)
    /// Bound by memory: pooling, upsampling, copies.
    case elementwise
}

/// What a kernel is expected to take.
package struct KernelEstimate: Hashable, Sendable {
    /// Time, in multiplications and additions that a core at its peak does meanwhile.
    package var cost: Double
    package var scratchByteCount: Int
    /// Weights as the kernel holds them.
    package var weightByteCount = 0
}

/// An operation compiled for fixed shapes, with its weights in the backend's own order; immutable, shared by workers.
package protocol Kernel: Sendable {
    /// The backend's name for what it chose; for logs.
    var implementation: String { get }
    /// Memory that one run needs beside its maps; free again when it is done.
    var scratchByteCount: Int { get }
    /// Ties the kernel to one worker's memory.
    ///
    /// - Parameters:
    ///   - sources: first element of each source view's parent.
    ///   - destination: first element of the destination view's parent.
    ///   - scratch: at least `scratchByteCount` bytes, aligned to 64.
    func bind(
        sources: [UnsafePointer<Float>], destination: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) throws(EngineError) -> any BoundKernel
}

/// A kernel that knows where to read and write. Used by one thread at a time; a run allocates nothing.
package protocol BoundKernel: AnyObject {
    func run() throws(EngineError)
}

/// What keeps a network from being compiled or run: an operation that the backend cannot run, or a library that fails.
public struct EngineError: Error, CustomStringConvertible, Sendable {
    /// What is wrong, in one line.
    public let description: String
    /// True if the backend has no kernel for this; another way may exist.
    package let isUnimplemented: Bool

    package init(_ description: String, isUnimplemented: Bool = false) {
        self.description = description
        self.isUnimplemented = isUnimplemented
    }
}
