import NetworkGraph

/// Convolutions, norms, activations and pooling.
extension ExportedGraph {
    mutating func export(
        _ convolution: Convolution, _ input: String, _ label: String, _ pads: Borders
    ) -> String {
        var inputs = [input, floats("\(label).weight", convolution.weights)]
        if let bias = convolution.bias { inputs.append(floats("\(label).bias", bias)) }
        return append(
            "Conv", inputs, label,
            [
                ("kernel_shape", .ints([convolution.kernelHeight, convolution.kernelWidth])),
                ("strides", .ints([convolution.stride, convolution.stride])),
                ("dilations", .ints([convolution.dilation, convolution.dilation])),
                ("group", .int(convolution.groups)),
                ("pads", .ints([pads.top, pads.left, pads.bottom, pads.right])),
            ])
    }

    /// A batch norm stays one, with what it remembers of its training; any other factors and summands are arithmetic.
    mutating func export(_ affine: ChannelAffine, _ input: String, _ label: String) -> String {
        if let memory = affine.memory {
            let parameters = [
                floats("\(label).weight", memory.weight), floats("\(label).bias", memory.bias),
                floats("\(label).running_mean", memory.mean), floats("\(label).running_var", memory.variance),
            ]
            return append(
                "BatchNormalization", [input] + parameters, label, [("epsilon", .float(memory.epsilon))])
        }
        let shape = [1, affine.scale.count, 1, 1]
        var value = input
        if affine.scale.elements().contains(where: { $0 != 1 }) {
            value = append("Mul", [value, floats("\(label).scale", affine.scale.reshaped(shape))], label)
        }
        guard value == input || affine.shift.elements().contains(where: { $0 != 0 }) else { return value }
        return append("Add", [value, floats("\(label).shift", affine.shift.reshaped(shape))], label)
    }

    mutating func export(
        _ activation: Activation, _ input: String, _ node: Graph.Node
    ) throws(UnexportableNode) -> String {
        let label = node.label
        switch activation {
        case .relu: return append("Relu", [input], label)
        case .leakyReLU(let slope): return append("LeakyRelu", [input], label, [("alpha", .float(slope))])
        case .parametricReLU(let slopes):
            return append("PRelu", [input, floats("\(label).slope", slopes.reshaped([slopes.count, 1, 1]))], label)
        case .clip(let lowest, let highest):
            let bounds = [
                lowest == -.infinity ? "" : number("\(label).min", lowest),
                highest == .infinity ? "" : number("\(label).max", highest),
            ]
            return append("Clip", [input] + (bounds[1].isEmpty ? bounds.dropLast() : bounds), label)
        case .sigmoid: return append("Sigmoid", [input], label)
        case .hardSigmoid(let alpha, let beta):
            return append("HardSigmoid", [input], label, [("alpha", .float(alpha)), ("beta", .float(beta))])
        case .hardSwish: return append("HardSwish", [input], label)
        case .silu: return append("Mul", [input, append("Sigmoid", [input], label)], label)
        case .elu(let alpha): return append("Elu", [input], label, [("alpha", .float(alpha))])
        case .gelu(isApproximate: false):
            let scaled = append("Div", [input, number("\(label).root", Float(2).squareRoot())], label)
            let erf = append("Erf", [scaled], label)
            let shifted = append("Add", [erf, number("\(label).one", 1)], label)
            let product = append("Mul", [input, shifted], label)
            return append("Mul", [product, number("\(label).half", 0.5)], label)
        case .mish:
            let bounded = append("Tanh", [append("Softplus", [input], label)], label)
            return append("Mul", [input, bounded], label)
        case .tanh: return append("Tanh", [input], label)
        case .softplus: return append("Softplus", [input], label)
        case .erf: return append("Erf", [input], label)
        case .exponential: return append("Exp", [input], label)
        case .squareRoot: return append("Sqrt", [input], label)
        case .power(let exponent): return append("Pow", [input, number("\(label).exponent", exponent)], label)
        case .absolute: return append("Abs", [input], label)
        case .gelu, .quantized: throw UnexportableNode(node)
        }
    }

    mutating func export(
        _ pooling: Pooling, _ input: String, _ node: Graph.Node
    ) throws(UnexportableNode) -> String {
        let (rows, columns) = (pooling.vertical, pooling.horizontal)
        var attributes: [(name: String, value: ONNXAttribute)] = [
            ("kernel_shape", .ints([rows.taps, columns.taps])), ("strides", .ints([rows.stride, columns.stride])),
            ("pads", .ints([rows.before, columns.before, rows.after, columns.after])),
            ("ceil_mode", .int(pooling.ceilMode ? 1 : 0)),
        ]
        switch pooling.kind {
        case .maximum:
            attributes.append(("dilations", .ints([rows.dilation, columns.dilation])))
            return append("MaxPool", [input], node.label, attributes)
        case .average(let countsPadding):
            guard rows.dilation == 1, columns.dilation == 1 else { throw UnexportableNode(node) }
            attributes.append(("count_include_pad", .int(countsPadding ? 1 : 0)))
            return append("AveragePool", [input], node.label, attributes)
        }
    }
}
