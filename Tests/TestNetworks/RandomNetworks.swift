package import NetworkGraph
package import TestMaps

extension ConstantTensor {
    /// Normal values of the given size.
    package static func random(_ shape: [Int], scale: Float, using generator: inout SeededGenerator) -> ConstantTensor {
        ConstantTensor(
            shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in scale * generator.normal() })
    }
}

extension PaperUNet {
    package enum TestNorm: CaseIterable, Sendable {
        case none
        case beforeReLU
        case afterReLU
    }

    /// A network with random weights whose signal neither dies nor explodes, and lively batch norms.
    package static func random(
        bands: Int = 1, classes: Int = 2, depth: Int = 3, base: Int = 4, norm: TestNorm = .none, bilinear: Bool = false,
        seed: UInt64 = 1
    ) -> PaperUNet {
        var generator = SeededGenerator(seed: seed)
        func convolution(_ inputs: Int, _ outputs: Int, _ kernel: Int) -> Convolution {
            let scale = (2 / Float(inputs * kernel * kernel)).squareRoot()
            return Convolution(
                weights: .random([outputs, inputs, kernel, kernel], scale: scale, using: &generator),
                bias: .random([outputs], scale: 0.1, using: &generator))
        }
        func affine(_ channels: Int) -> ChannelAffine {
            ChannelAffine(
                scale: .random([channels], scale: 1, using: &generator),
                shift: .random([channels], scale: 0.3, using: &generator))
        }
        func block(_ inputs: Int, _ outputs: Int, _ label: String) -> Block {
            Block(
                units: [inputs, outputs].enumerated().map { number, width in
                    let normalization: Normalization? =
                        switch norm {
                        case .none: nil
                        case .beforeReLU: .beforeReLU(affine(outputs))
                        case .afterReLU: .afterReLU(affine(outputs))
                        }
                    return Unit(
                        convolution: convolution(width, outputs, 3), normalization: normalization,
                        label: "\(label).\(number)")
                })
        }
        let widths = (0..<depth).map { base << $0 }
        let encoder = widths.enumerated().map { block($0 == 0 ? bands : widths[$0 - 1], $1, "down\($0)") }
        let decoder = (0..<depth - 1).reversed().map { level in
            let upsampling: Upsampling =
                bilinear
                ? .bilinear(convolution(widths[level + 1], widths[level], 1))
                : .upConvolution(
                    TransposedConvolution(
                        weights: .random(
                            [widths[level + 1], widths[level], 2, 2],
                            scale: (1 / Float(widths[level + 1])).squareRoot(),
                            using: &generator),
                        bias: .random([widths[level]], scale: 0.1, using: &generator), stride: 2))
            return DecoderStep(
                upsampling: upsampling, block: block(2 * widths[level], widths[level], "up\(level)"),
                label: "up\(level)")
        }
        return PaperUNet(
            inputChannels: bands, encoder: encoder, decoder: decoder, head: convolution(base, classes, 1))
    }
}
