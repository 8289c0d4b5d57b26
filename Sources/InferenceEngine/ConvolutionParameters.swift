import NetworkGraph

/// A convolution over channels as they are stored.
///
/// Stored channels that the network does not have get zero weights and a zero bias, so that padding stays zero.
package struct ConvolutionParameters: Sendable {
    /// Position of the operation in the network's graph.
    let node: Int
    private(set) var kernel: KernelShape
    /// True if `max(0, x)` follows.
    let relu: Bool
    /// Zeros around the source; none for a transposed convolution.
    let padding: Borders
    private let loadWeights: @Sendable () -> [Float]
    private let loadBias: @Sendable () -> [Float]

    /// The weights in the order [oc][ic][kh][kw], depthwise [c][kh][kw], for a transposed convolution [ic][oc][kh][kw].
    /// They are made anew each time.
    func weights() -> [Float] { loadWeights() }

    /// The bias of each stored output channel.
    func bias() -> [Float] { loadBias() }

    init(
        _ convolution: Convolution, node: Int, _ inputs: PackedChannels, relu: Bool, padding: Borders,
        storedInputs: Int, storedOutputs: Int
    ) {
        kernel = KernelShape(convolution, storedChannels: storedInputs)
        if convolution.isDepthwise {
            loadWeights = { convolution.depthwiseWeights(inputs, stored: storedInputs) }
            loadBias = { inputs.spread(convolution.bias?.elements() ?? []) }
        } else if convolution.isComputedInGroups(storedInputs: storedInputs, storedOutputs: storedOutputs) {
            kernel.groups = convolution.groups
            loadWeights = { convolution.weights.elements() }
            loadBias = { Self.storedBias(convolution.bias, count: storedOutputs) }
        } else {
            loadWeights = {
                convolution.storedWeights(inputs, storedInputs: storedInputs, storedOutputs: storedOutputs)
            }
            loadBias = { Self.storedBias(convolution.bias, count: storedOutputs) }
        }
        self.node = node
        self.relu = relu
        self.padding = padding
    }

    init(_ convolution: TransposedConvolution, node: Int, _ inputs: PackedChannels, relu: Bool, storedOutputs: Int) {
        loadWeights = { convolution.storedWeights(inputs, storedOutputs: storedOutputs) }
        loadBias = { Self.storedBias(convolution.bias, count: storedOutputs) }
        kernel = KernelShape(convolution)
        self.node = node
        self.relu = relu
        padding = Borders(all: 0)
    }

    private static func storedBias(_ bias: ConstantTensor?, count: Int) -> [Float] {
        let elements = bias?.elements() ?? []
        return elements + Array(repeating: 0, count: count - elements.count)
    }
}

extension Convolution {
    /// True if its groups are convolved each for itself: where channels are stored without gaps. They are spread out with
    /// zeros else.
    func isComputedInGroups(storedInputs: Int, storedOutputs: Int) -> Bool {
        groups > 1 && !isDepthwise && storedInputs == inputChannels && storedOutputs == outputChannels
    }

    fileprivate func storedWeights(_ inputs: PackedChannels, storedInputs: Int, storedOutputs: Int) -> [Float] {
        let taps = kernelHeight * kernelWidth
        let inputsPerGroup = inputChannels / groups
        let outputsPerGroup = outputChannels / groups
        let elements = weights.elements()
        if groups == 1 && inputs.isDense && storedInputs == inputChannels && storedOutputs == outputChannels {
            return elements
        }
        var stored = Array(repeating: Float(0), count: storedOutputs * storedInputs * taps)
        for output in 0..<outputChannels {
            for groupInput in 0..<inputsPerGroup {
                let input = inputs.positions[output / outputsPerGroup * inputsPerGroup + groupInput]
                let from = (output * inputsPerGroup + groupInput) * taps
                let to = (output * storedInputs + input) * taps
                for tap in 0..<taps { stored[to + tap] = elements[from + tap] }
            }
        }
        return stored
    }
}

extension Convolution {
    /// Outputs are stored where their inputs are.
    fileprivate func depthwiseWeights(_ channels: PackedChannels, stored: Int) -> [Float] {
        let taps = kernelHeight * kernelWidth
        let elements = weights.elements()
        var result = Array(repeating: Float(0), count: stored * taps)
        for (channel, position) in channels.positions.enumerated() {
            for tap in 0..<taps { result[position * taps + tap] = elements[channel * taps + tap] }
        }
        return result
    }
}

extension TransposedConvolution {
    fileprivate func storedWeights(_ inputs: PackedChannels, storedOutputs: Int) -> [Float] {
        let taps = kernelHeight * kernelWidth
        let elements = weights.elements()
        if inputs.isDense && inputs.count == inputChannels && storedOutputs == outputChannels { return elements }
        var stored = Array(repeating: Float(0), count: inputs.count * storedOutputs * taps)
        for (input, position) in inputs.positions.enumerated() {
            let from = input * outputChannels * taps
            let to = position * storedOutputs * taps
            for element in 0..<outputChannels * taps { stored[to + element] = elements[from + element] }
        }
        return stored
    }
}

extension KernelShape {
    /// - Parameter storedChannels: channels of the input as stored; a depthwise convolution has as many groups.
    init(_ convolution: Convolution, storedChannels: Int) {
        self.init(
            height: convolution.kernelHeight, width: convolution.kernelWidth, stride: convolution.stride,
            dilation: convolution.dilation, groups: convolution.isDepthwise ? storedChannels : 1)
    }

    init(_ convolution: TransposedConvolution) {
        self.init(
            height: convolution.kernelHeight, width: convolution.kernelWidth, stride: convolution.stride, dilation: 1)
    }
}
