import InferenceEngine
import NetworkGraph

/// Overtile's kernels, but for what a test wants otherwise.
struct WrappedBackend: Backend {
    private let backend: OvertileBackend
    let readsWindows: Bool
    private let makeCopy: @Sendable (MapView, MapView) -> any Kernel

    /// - Parameters:
    ///   - readsWindows: false: given copies of what the kernels could read in place.
    ///   - copy: nil for Overtile's own.
    init(
        _ backend: OvertileBackend, readsWindows: Bool = false,
        copy: (@Sendable (MapView, MapView) -> any Kernel)? = nil
    ) {
        self.backend = backend
        self.readsWindows = readsWindows
        makeCopy = copy ?? { backend.copy(from: $0, to: $1) }
    }

    var name: String { backend.name }
    var channelBlock: Int { backend.channelBlock }
    var channelMultiple: Int { backend.channelMultiple }

    func estimate(_ step: StepShape, from sources: [MapView], to destination: MapView) -> KernelEstimate {
        backend.estimate(step, from: sources, to: destination)
    }

    func convolution(
        from sources: [MapView], to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel {
        precondition(readsWindows || sources.count == 1)
        return try backend.convolution(from: sources, to: destination, parameters, weights: weights)
    }

    func transposedConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel {
        try backend.transposedConvolution(from: source, to: destination, parameters, weights: weights)
    }

    func maxPooling(from source: MapView, to destination: MapView, extent: Int, stride: Int) -> any Kernel {
        backend.maxPooling(from: source, to: destination, extent: extent, stride: stride)
    }

    func bilinearUpsampling(
        from source: MapView, to destination: MapView, factor: Int
    ) throws(EngineError) -> any Kernel {
        try backend.bilinearUpsampling(from: source, to: destination, factor: factor)
    }

    func affine(
        from source: MapView, to destination: MapView, scale: [Float], shift: [Float]
    ) throws(EngineError) -> any Kernel {
        try backend.affine(from: source, to: destination, scale: scale, shift: shift)
    }

    func kernel(
        _ operation: MapOperation, from sources: [MapView], to destination: MapView
    ) throws(EngineError) -> any Kernel {
        try backend.kernel(operation, from: sources, to: destination)
    }

    func copy(from source: MapView, to destination: MapView) -> any Kernel {
        makeCopy(source, destination)
    }
}
