import COneDNN
import NetworkGraph
import Tensors

/// oneDNN's kernels, each on the calling thread alone.
public struct OneDNNBackend: Backend {
    public let name: String
    public let channelBlock: Int
    public let channelMultiple = 16
    /// oneDNN's fast kernels want maps without gaps.
    public let readsWindows = false

    private let usesWinograd: Bool

    public init() { self.init(usesWinograd: true) }

    /// - Parameter usesWinograd: false: direct convolution everywhere, to compare with.
    package init(usesWinograd: Bool) {
        self.usesWinograd = usesWinograd
        let version = Int(odnn_version())
        name = "oneDNN \(version / 1_000_000).\(version / 1_000 % 1_000).\(version % 1_000)"
        channelBlock = Int(odnn_channel_block())
    }

    public func estimate(
        convolution kernel: KernelShape, from source: MapView, to destination: MapView
    ) -> KernelEstimate {
        let operations = kernel.operationCount(from: source, to: destination)
        guard usesWinograd, WinogradRule.applies(to: kernel, from: source, to: destination) else {
            return KernelEstimate(cost: operations, scratchByteCount: 0)
        }
        return KernelEstimate(
            cost: operations / WinogradRule.speedUp,
            scratchByteCount: WinogradRule.expectedScratch(from: source, to: destination))
    }

    public func convolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters
    ) throws(EngineError) -> any Kernel {
        if usesWinograd, WinogradRule.applies(to: parameters.kernel, from: source, to: destination) {
            do {
                return try convolution(from: source, to: destination, parameters, algorithm: ODNN_WINOGRAD)
            } catch  where error.isUnimplemented {
                // Without AVX-512, and from oneDNN 3 on, there is only direct convolution.
            }
        }
        return try convolution(from: source, to: destination, parameters, algorithm: ODNN_DIRECT)
    }

    private func convolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, algorithm: odnn_algorithm
    ) throws(EngineError) -> OneDNNKernel {
        var (src, dst, kernel) = (source.odnn, destination.odnn, parameters.odnn)
        var padding = parameters.odnnPadding
        return try OneDNNKernel(weights: parameters.weights, bias: parameters.bias) {
            odnn_convolution_create(&src, &dst, &kernel, &padding, parameters.odnnActivation, algorithm, $0)
        }
    }

    public func transposedConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters
    ) throws(EngineError) -> any Kernel {
        var (src, dst, kernel) = (source.odnn, destination.odnn, parameters.odnn)
        return try OneDNNKernel(weights: parameters.weights, bias: parameters.bias) {
            odnn_deconvolution_create(&src, &dst, &kernel, parameters.odnnActivation, $0)
        }
    }

    public func maxPooling(
        from source: MapView, to destination: MapView, extent: Int, stride: Int
    ) throws(EngineError) -> any Kernel {
        var (src, dst) = (source.odnn, destination.odnn)
        var kernel = odnn_kernel(
            height: Int64(extent), width: Int64(extent), stride_y: Int64(stride), stride_x: Int64(stride),
            dilation_y: 1, dilation_x: 1, groups: 1)
        return try OneDNNKernel { odnn_max_pooling_create(&src, &dst, &kernel, $0) }
    }

    public func bilinearUpsampling(
        from source: MapView, to destination: MapView, factor: Int
    ) throws(EngineError) -> any Kernel {
        var (src, dst) = (source.odnn, destination.odnn)
        return try OneDNNKernel { odnn_bilinear_create(&src, &dst, $0) }
    }

    public func relu(from source: MapView, to destination: MapView) throws(EngineError) -> any Kernel {
        var (src, dst) = (source.odnn, destination.odnn)
        return try OneDNNKernel { odnn_relu_create(&src, &dst, $0) }
    }

    public func affine(
        from source: MapView, to destination: MapView, scale: [Float], shift: [Float]
    ) throws(EngineError) -> any Kernel {
        var (src, dst) = (source.odnn, destination.odnn)
        return try OneDNNKernel(scale: scale, shift: shift) { odnn_affine_create(&src, &dst, $0) }
    }

    public func copy(from source: MapView, to destination: MapView) throws(EngineError) -> any Kernel {
        var (src, dst) = (source.odnn, destination.odnn)
        // As many blocks as the plain side fills; channels that pad a map to more are none of a copy's business.
        let block = Int64(channelBlock)
        if source.layout != destination.layout {
            let filled = (min(src.channels, dst.channels) + block - 1) / block * block
            if source.layout == .plain { dst.channels = filled } else { src.channels = filled }
        }
        return try OneDNNKernel { odnn_copy_create(&src, &dst, $0) }
    }
}

extension MapView {
    fileprivate var odnn: odnn_map {
        odnn_map(
            layout: layout == .plain ? ODNN_PLAIN : ODNN_BLOCKED, channels: Int64(channels), height: Int64(height),
            width: Int64(width), parent_height: Int64(parentHeight), parent_width: Int64(parentWidth),
            top: Int64(top), left: Int64(left))
    }
}

extension ConvolutionParameters {
    fileprivate var odnn: odnn_kernel {
        odnn_kernel(
            height: Int64(kernel.height), width: Int64(kernel.width), stride_y: Int64(kernel.stride),
            stride_x: Int64(kernel.stride), dilation_y: Int64(kernel.dilation), dilation_x: Int64(kernel.dilation),
            groups: 1)
    }

    fileprivate var odnnPadding: odnn_padding {
        odnn_padding(
            top: Int64(padding.top), left: Int64(padding.left), bottom: Int64(padding.bottom),
            right: Int64(padding.right))
    }

    fileprivate var odnnActivation: odnn_activation { relu ? ODNN_RELU : ODNN_LINEAR }
}
