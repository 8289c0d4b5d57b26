import COneDNN
import Tensors

/// oneDNN's kernels, each on the calling thread alone.
public struct OneDNNBackend: Backend {
    public let name: String
    public let channelBlock: Int
    /// oneDNN's fast kernels want maps without gaps.
    public let readsWindows = false

    public init() {
        let version = Int(odnn_version())
        name = "oneDNN \(version / 1_000_000).\(version / 1_000 % 1_000).\(version % 1_000)"
        channelBlock = Int(odnn_channel_block())
    }

    /// Winograd or direct: a rule on the layer's shape alone, so that machines of one kind give the same bytes.
    ///
    /// Winograd's transforms pay off from about 32 channels on each side.
    static func prefersWinograd(from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters)
        -> Bool
    {
        parameters.kernelHeight == 3 && parameters.kernelWidth == 3 && parameters.stride == 1
            && parameters.dilation == 1
            && source.layout == .blocked && destination.layout == .blocked
            && source.channels >= 32 && destination.channels >= 32
    }

    public func convolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters
    ) throws(EngineError) -> any Kernel {
        if Self.prefersWinograd(from: source, to: destination, parameters),
            let kernel = try? convolution(from: source, to: destination, parameters, algorithm: ODNN_WINOGRAD)
        {
            return kernel
        }
        return try convolution(from: source, to: destination, parameters, algorithm: ODNN_DIRECT)
    }

    private func convolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, algorithm: odnn_algorithm
    ) throws(EngineError) -> OneDNNKernel {
        var (src, dst, kernel) = (source.odnn, destination.odnn, parameters.odnn)
        return try OneDNNKernel(weights: parameters.weights, bias: parameters.bias) {
            odnn_convolution_create(&src, &dst, &kernel, parameters.odnnActivation, algorithm, $0)
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
            height: Int64(kernelHeight), width: Int64(kernelWidth), stride_y: Int64(stride), stride_x: Int64(stride),
            dilation_y: Int64(dilation), dilation_x: Int64(dilation), groups: 1)
    }

    fileprivate var odnnActivation: odnn_activation { relu ? ODNN_RELU : ODNN_LINEAR }
}
