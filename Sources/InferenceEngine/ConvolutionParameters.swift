public import NetworkGraph
import Tensors

/// A convolution over channels as they are stored.
///
/// Stored channels that the network does not have get zero weights and a zero bias, so that padding stays zero.
public struct ConvolutionParameters: Sendable {
    /// [oc][ic / groups][kh][kw]; for a transposed convolution [ic][oc][kh][kw]
    public let weights: [Float]
    /// [oc]
    public let bias: [Float]
    public let kernel: KernelShape
    /// Whether `max(0, x)` follows.
    public let relu: Bool
    /// Zeros around the source; none for a transposed convolution.
    public let padding: Borders

    init(
        _ convolution: Convolution, _ inputs: PackedChannels, relu: Bool, padding: Borders, storedInputs: Int,
        storedOutputs: Int
    ) {
        let taps = convolution.kernelHeight * convolution.kernelWidth
        let inputsPerGroup = convolution.inputChannels / convolution.groups
        let outputsPerGroup = convolution.outputChannels / convolution.groups
        let elements = convolution.weights.elements()
        var stored = Array(repeating: Float(0), count: storedOutputs * storedInputs * taps)
        for output in 0..<convolution.outputChannels {
            for groupInput in 0..<inputsPerGroup {
                let input = inputs.positions[output / outputsPerGroup * inputsPerGroup + groupInput]
                let from = (output * inputsPerGroup + groupInput) * taps
                let to = (output * storedInputs + input) * taps
                for tap in 0..<taps { stored[to + tap] = elements[from + tap] }
            }
        }
        weights = stored
        bias = Self.storedBias(convolution.bias, count: storedOutputs)
        kernel = KernelShape(convolution)
        self.relu = relu
        self.padding = padding
    }

    init(_ convolution: TransposedConvolution, _ inputs: PackedChannels, relu: Bool, storedOutputs: Int) {
        let taps = convolution.kernelHeight * convolution.kernelWidth
        let outputs = convolution.outputChannels
        let elements = convolution.weights.elements()
        var stored = Array(repeating: Float(0), count: inputs.count * storedOutputs * taps)
        for (input, position) in inputs.positions.enumerated() {
            let from = input * outputs * taps
            let to = position * storedOutputs * taps
            for element in 0..<outputs * taps { stored[to + element] = elements[from + element] }
        }
        weights = stored
        bias = Self.storedBias(convolution.bias, count: storedOutputs)
        kernel = KernelShape(convolution)
        self.relu = relu
        padding = Borders(all: 0)
    }

    private static func storedBias(_ bias: ConstantTensor?, count: Int) -> [Float] {
        let elements = bias?.elements() ?? []
        return elements + Array(repeating: 0, count: count - elements.count)
    }
}

extension KernelShape {
    init(_ convolution: Convolution) {
        self.init(
            height: convolution.kernelHeight, width: convolution.kernelWidth, stride: convolution.stride,
            dilation: convolution.dilation)
    }

    init(_ convolution: TransposedConvolution) {
        self.init(
            height: convolution.kernelHeight, width: convolution.kernelWidth, stride: convolution.stride, dilation: 1)
    }
}
