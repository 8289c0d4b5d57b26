import COneDNN
import NetworkGraph

/// oneDNN's kernels, each on the calling thread alone, and Overtile's portable ones for what oneDNN does not have.
package struct OneDNNBackend: Backend {
    /// "oneDNN" and its version.
    package let name: String
    /// 16 with AVX-512 and 8 without, where nobody asked for another.
    package let channelBlock: Int
    package let channelMultiple = 16
    /// oneDNN's fast kernels want maps without gaps.
    package let readsWindows = false

    private let usesWinograd: Bool

    /// oneDNN as it is fastest on this processor.
    package init() { self.init(usesWinograd: true) }

    /// - Parameters:
    ///   - usesWinograd: false for direct convolution everywhere, to compare with.
    ///   - channelBlock: channels that lie together: 16, or nil for the processor's own number.
    package init(usesWinograd: Bool = true, channelBlock: Int? = nil) {
        self.usesWinograd = usesWinograd
        let version = Int(odnn_version())
        name = "oneDNN \(version / 1_000_000).\(version / 1_000 % 1_000).\(version % 1_000)"
        self.channelBlock = channelBlock ?? Int(odnn_channel_block())
    }

    package func estimate(_ step: StepShape, from sources: [MapView], to destination: MapView) -> KernelEstimate {
        let source = sources[0]
        switch step {
        case .convolution(let kernel):
            return estimate(kernel, from: source, to: destination)
        case .transposedConvolution(let kernel):
            // Each input pixel meets every tap once.
            let operations = kernel.operationCount(inputChannels: destination.channels, to: source)
            return KernelEstimate(
                cost: operations, scratchByteCount: 0,
                weightByteCount: kernel.weightByteCount(source.channels, destination.channels))
        case .elementwise:
            return KernelEstimate(cost: 0, scratchByteCount: 0)
        }
    }

    private func estimate(_ kernel: KernelShape, from source: MapView, to destination: MapView) -> KernelEstimate {
        let operations = kernel.operationCount(inputChannels: source.channels, to: destination)
        let weights = kernel.weightByteCount(source.channels, destination.channels)
        guard usesWinograd, WinogradRule.applies(to: kernel, from: source, to: destination) else {
            return KernelEstimate(cost: operations, scratchByteCount: 0, weightByteCount: weights)
        }
        return KernelEstimate(
            cost: operations / WinogradRule.speedUp,
            scratchByteCount: WinogradRule.expectedScratch(from: source, to: destination),
            weightByteCount: 4 * weights)
    }

    package func convolution(
        from sources: [MapView], to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel {
        let source = sources[0]
        if usesWinograd, WinogradRule.applies(to: parameters.kernel, from: source, to: destination) {
            do {
                return try convolution(
                    from: source, to: destination, parameters, weights, algorithm: ODNN_WINOGRAD)
            } catch  where error.isUnimplemented {
                // Without AVX-512, and from oneDNN 3 on, there is only direct convolution.
            }
        }
        return try convolution(from: source, to: destination, parameters, weights, algorithm: ODNN_DIRECT)
    }

    private func convolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, _ weights: PackedWeights,
        algorithm: odnn_algorithm
    ) throws(EngineError) -> OneDNNKernel {
        var (src, dst, kernel) = (odnn(source), odnn(destination), parameters.odnn)
        var padding = parameters.odnnPadding
        return try OneDNNKernel(parameters, counted: weights) {
            odnn_convolution_create(&src, &dst, &kernel, &padding, parameters.odnnActivation, algorithm, $0)
        }
    }

    package func transposedConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel {
        var (src, dst, kernel) = (odnn(source), odnn(destination), parameters.odnn)
        return try OneDNNKernel(parameters, counted: weights) {
            odnn_deconvolution_create(&src, &dst, &kernel, parameters.odnnActivation, $0)
        }
    }

    package func maxPooling(
        from source: MapView, to destination: MapView, extent: Int, stride: Int
    ) throws(EngineError) -> any Kernel {
        var (src, dst) = (odnn(source), odnn(destination))
        var kernel = odnn_kernel(
            height: Int64(extent), width: Int64(extent), stride_y: Int64(stride), stride_x: Int64(stride),
            dilation_y: 1, dilation_x: 1, groups: 1)
        return try OneDNNKernel { odnn_max_pooling_create(&src, &dst, &kernel, $0) }
    }

    package func bilinearUpsampling(
        from source: MapView, to destination: MapView, factor: Int
    ) throws(EngineError) -> any Kernel {
        var (src, dst) = (odnn(source), odnn(destination))
        return try OneDNNKernel { odnn_bilinear_create(&src, &dst, $0) }
    }

    package func affine(
        from source: MapView, to destination: MapView, scale: [Float], shift: [Float]
    ) throws(EngineError) -> any Kernel {
        var (src, dst) = (odnn(source), odnn(destination))
        return try OneDNNKernel(scale: scale, shift: shift) { odnn_affine_create(&src, &dst, $0) }
    }

    package func kernel(
        _ operation: MapOperation, from sources: [MapView], to destination: MapView
    ) throws(EngineError) -> any Kernel {
        var (src, dst) = (odnn(sources[0]), odnn(destination))
        switch operation {
        case .activation(.relu): return try OneDNNKernel { odnn_relu_create(&src, &dst, $0) }
        case .activation(.sigmoid): return try OneDNNKernel { odnn_sigmoid_create(&src, &dst, $0) }
        case .activation(.silu): return try OneDNNKernel { odnn_silu_create(&src, &dst, $0) }
        default:
            return try PortableKernels.kernel(operation, from: sources, to: destination, channelBlock: channelBlock)
        }
    }

    package func copy(from source: MapView, to destination: MapView) -> any Kernel {
        PortableKernels.copy(from: source, to: destination, channelBlock: channelBlock)
    }

    private func odnn(_ view: MapView) -> odnn_map {
        let blocked = channelBlock == 16 ? ODNN_BLOCKED_16 : ODNN_BLOCKED
        return odnn_map(
            layout: view.layout == .plain ? ODNN_PLAIN : blocked, channels: Int64(view.channels),
            height: Int64(view.height), width: Int64(view.width), parent_height: Int64(view.parentHeight),
            parent_width: Int64(view.parentWidth), top: Int64(view.top), left: Int64(view.left))
    }
}

extension ConvolutionParameters {
    fileprivate var odnn: odnn_kernel {
        odnn_kernel(
            height: Int64(kernel.height), width: Int64(kernel.width), stride_y: Int64(kernel.stride),
            stride_x: Int64(kernel.stride), dilation_y: Int64(kernel.dilation), dilation_x: Int64(kernel.dilation),
            groups: Int64(kernel.groups))
    }

    fileprivate var odnnPadding: odnn_padding {
        odnn_padding(
            top: Int64(padding.top), left: Int64(padding.left), bottom: Int64(padding.bottom),
            right: Int64(padding.right))
    }

    fileprivate var odnnActivation: odnn_activation { relu ? ODNN_RELU : ODNN_LINEAR }
}

/// When oneDNN's Winograd convolution is asked for: a rule on the layer's shape alone, so that machines of one kind give
/// the same bytes.
///
/// Winograd's F(4x4, 3x3) needs a quarter of the multiplications (Lavin and Gray 2015) and adds two transforms. oneDNN 2.6
/// works through the output's 4 x 4 tiles in rounds of equal size, which it finds only where the number of tiles has a
/// divisor of the right size. The bounds were fitted to timings of 563 layers; the benchmarks' `layers` shows them.
private enum WinogradRule {
    /// Returns true if the layer is asked for as Winograd's.
    static func applies(to kernel: KernelShape, from source: MapView, to destination: MapView) -> Bool {
        guard kernel == KernelShape(height: 3, width: 3, stride: 1, dilation: 1),
            source.layout == .blocked, destination.layout == .blocked
        else { return false }
        let (ic, oc) = (source.channels, destination.channels)
        let tiles = ((destination.height + 3) / 4) * ((destination.width + 3) / 4)
        guard min(ic, oc) >= 32, !(max(ic, oc) >= 512 && tiles <= 25) else { return false }
        let smallest = min(ic, oc) >= 64 ? 4 : 7
        let largest = ic <= 256 ? 31 : ic <= 512 ? 16 : 10
        return (smallest...largest).contains { tiles % $0 == 0 }
    }

    /// How many times as fast as direct convolution it is, typical for the layers that the rule takes.
    static let speedUp = 2.2

    /// Bytes of the transformed input and output of the whole map: 36 values for each 4 x 4 tile and channel. With few output
    /// channels oneDNN transforms a few tiles at a time instead.
    static func expectedScratch(from source: MapView, to destination: MapView) -> Int {
        if source.channels >= 64 && destination.channels <= 64 { return 8 << 20 }
        let tiles = ((destination.height + 3) / 4) * ((destination.width + 3) / 4)
        return 36 * tiles * (source.channels + destination.channels) * MemoryLayout<Float>.stride
    }
}
