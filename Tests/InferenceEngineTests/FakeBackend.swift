import NetworkGraph
import Testing

@testable import InferenceEngine

/// A backend that says how it stores maps, and has no kernels: lowering asks for none.
struct FakeBackend: Backend, CustomTestStringConvertible {
    let readsWindows: Bool
    let block: Int

    var testDescription: String { readsWindows ? "reads windows" : "wants copies" }
    var name: String { testDescription }
    var channelBlock: Int { block }
    var channelMultiple: Int { block }

    func estimate(_ step: StepShape, from sources: [MapView], to destination: MapView) -> KernelEstimate {
        KernelEstimate(cost: 0, scratchByteCount: 0)
    }

    func convolution(
        from sources: [MapView], to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel { throw none }

    func transposedConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel { throw none }

    func maxPooling(
        from source: MapView, to destination: MapView, extent: Int, stride: Int
    ) throws(EngineError) -> any Kernel { throw none }

    func bilinearUpsampling(
        from source: MapView, to destination: MapView, factor: Int
    ) throws(EngineError) -> any Kernel { throw none }

    func affine(
        from source: MapView, to destination: MapView, scale: [Float], shift: [Float]
    ) throws(EngineError) -> any Kernel { throw none }

    func kernel(
        _ operation: MapOperation, from sources: [MapView], to destination: MapView
    ) throws(EngineError) -> any Kernel { throw none }

    func copy(from source: MapView, to destination: MapView) -> any Kernel {
        PortableKernels.copy(from: source, to: destination, channelBlock: block)
    }

    private var none: EngineError { EngineError("there are no kernels") }
}
