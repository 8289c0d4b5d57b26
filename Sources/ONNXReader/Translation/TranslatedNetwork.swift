package import NetworkGraph
import StoredTensors

/// An ONNX network for one size of input, as a graph of the operations that Overtile computes.
package struct TranslatedNetwork: Sendable {
    /// Normalisations are not folded yet, and operations that change nothing at this size are still there.
    package private(set) var graph: Graph
    /// What a network's outputs are.
    package enum OutputActivation: Sendable {
        /// Any numbers: a sigmoid or a softmax is still to be applied.
        case logits
        /// What a sigmoid or a softmax gave.
        case probabilities
        /// What sigmoids gave, each channel's for itself.
        case sigmoids
    }

    /// What the graph's output is; nil where the network does not end with an activation, and so does not say.
    package private(set) var outputActivation: OutputActivation?

    private let network: ONNXNetwork
    /// The graph's map for each node of the network.
    private var values: [Graph.Value] = []
    /// For each node, how many read it.
    private var readers: [Int]

    /// - Throws: `UntranslatableNode` for what the engine does not compute.
    package init(_ network: ONNXNetwork) throws {
        self.network = network
        graph = Graph(inputChannels: network.input.channels)
        readers = Array(repeating: 0, count: network.nodes.count)
        for node in network.nodes { for input in node.inputs { readers[input] += 1 } }
        let output = lastScores()
        values = [graph.input]
        for node in network.nodes[...output].dropFirst() { values.append(try value(of: node)) }
        graph.end(at: values[output])
    }

    /// The output, or what a softmax or sigmoid at the very end is applied to: whoever reads the scores applies it.
    private mutating func lastScores() -> Int {
        let last = network.nodes[network.output]
        let isBeforeActivation = !last.inputs.isEmpty && readers[network.output] == 0
        switch last.operation {
        case .softmax(.channels) where last.shape.channels > 1 && isBeforeActivation,
            .activation(.sigmoid) where last.shape.channels == 1 && isBeforeActivation:
            outputActivation = .logits
            return last.inputs[0]
        case .activation(.sigmoid), .activation(.hardSigmoid):
            outputActivation = last.shape.channels > 1 ? .sigmoids : .probabilities
        case .softmax, .activation(.clip(0, 1)): outputActivation = .probabilities
        default: break
        }
        return network.output
    }

    // MARK: - Nodes

    private mutating func value(of node: ONNXNetwork.Node) throws -> Graph.Value {
        let inputs = node.inputs.map { values[$0] }
        switch node.operation {
        case .input: return graph.input
        case .convolution(let convolution): return try value(of: convolution, node)
        case .transposedConvolution(let convolution, let outputPadding):
            return try value(of: convolution, outputPadding: outputPadding, node)
        case .batchNormalization(let norm): return append(.affine(ChannelAffine(norm)), inputs, node)
        case .groupNormalization(let groups, let affine, let epsilon):
            return append(
                .groupNormalization(groups: groups, ChannelAffine(affine), epsilon: epsilon), inputs, node)
        case .channelNormalization(let affine, let epsilon):
            return append(.channelNormalization(ChannelAffine(affine), epsilon: epsilon), inputs, node)
        case .depthToSpace(let block, let isChannelFirst):
            return append(.depthToSpace(block: block, isChannelFirst ? .channelFirst : .squareFirst), inputs, node)
        case .spaceToDepth(let block): return append(.spaceToDepth(block: block), inputs, node)
        case .activation(let activation): return append(operation(of: activation), inputs, node)
        case .softmax(.channels): return append(.softmax, inputs, node)
        case .softmax: throw UntranslatableNode(node, "is a softmax over pixels, as of attention")
        case .groupedSoftmax(let groups): return append(.groupedSoftmax(groups: groups), inputs, node)
        case .attentionScores(let heads):
            let keys = shape(ofInput: node, 1)
            return append(.attentionScores(heads: heads, keys: keys.height * keys.width), inputs, node)
        case .attentionMixture(let heads): return append(.attentionMixture(heads: heads), inputs, node)
        case .rearrangement(let digits):
            let rearrangement = Rearrangement(
                input: MapShape(shape(ofInput: node)), output: MapShape(node.shape),
                digits: digits.map(Rearrangement.Digit.init))
            return append(.rearrangement(rearrangement), inputs, node)
        case .arithmetic(let arithmetic): return try value(of: arithmetic, node)
        case .concatenation(.channels): return append(.concatenation, inputs, node)
        case .concatenation: throw UntranslatableNode(node, "joins maps beside each other, and not along the channels")
        case .maxPooling(let pooling): return append(maximum(of: pooling, node), inputs, node)
        case .averagePooling(let pooling, let countsPadding):
            return append(try mean(of: pooling, countsPadding: countsPadding, node), inputs, node)
        case .mean(let axes):
            return try value(of: (.channelMean, .globalMean), over: Set(axes), inputs[0], node)
        case .maximum(let axes):
            return try value(of: (.channelMaximum, .globalMaximum), over: Set(axes), inputs[0], node)
        case .resize(let resize): return append(operation(of: resize, node), inputs, node)
        case .pad(let pad): return value(of: pad, inputs[0], node)
        case .slice(let channels, let rows, let columns):
            return value(ofSlice: channels, rows, columns, inputs[0], node)
        }
    }

    mutating func append(_ operation: Operation, _ inputs: [Graph.Value], _ node: ONNXNetwork.Node) -> Graph.Value {
        graph.append(operation, inputs, label: node.label)
    }

    /// Zeros around a map, or with negative amounts less of it.
    mutating func append(zeros amounts: Borders, around map: Graph.Value, _ node: ONNXNetwork.Node) -> Graph.Value {
        graph.append(moving: amounts.negated, of: map, label: node.label)
    }

    func shape(ofInput node: ONNXNetwork.Node, _ index: Int = 0) -> ONNXShape {
        network.nodes[node.inputs[index]].shape
    }

    func input(of node: ONNXNetwork.Node, _ index: Int = 0) -> Graph.Value { values[node.inputs[index]] }

    // MARK: - Activations and arithmetic

    private func operation(of activation: ONNXOperation.Activation) -> Operation {
        switch activation {
        case .relu, .clip(0, .infinity): return .relu
        case .leakyRelu(let slope): return .activation(.leakyReLU(slope: slope))
        case .prelu(let slopes):
            if slopes.count == 1 { return .activation(.leakyReLU(slope: slopes.elements()[0])) }
            return .activation(.parametricReLU(slopes: slopes.constant))
        case .clip(let lowest, let highest): return .activation(.clip(lowest: lowest, highest: highest))
        case .sigmoid: return .activation(.sigmoid)
        case .hardSigmoid(let alpha, let beta): return .activation(.hardSigmoid(alpha: alpha, beta: beta))
        case .hardSwish: return .activation(.hardSwish)
        case .swish: return .activation(.silu)
        case .elu(let alpha): return .activation(.elu(alpha: alpha))
        case .gelu(let isApproximate): return .activation(.gelu(isApproximate: isApproximate))
        case .mish: return .activation(.mish)
        case .tanh: return .activation(.tanh)
        case .softplus: return .activation(.softplus)
        case .erf: return .activation(.erf)
        case .exponential: return .activation(.exponential)
        case .squareRoot: return .activation(.squareRoot)
        case .power(let exponent): return .activation(.power(exponent))
        case .absolute: return .activation(.absolute)
        case .quantized(let scale, let zero, let lowest, let highest):
            return .activation(.quantized(scale: scale, zero: zero, lowest: lowest, highest: highest))
        }
    }

    private mutating func value(
        of arithmetic: ONNXOperation.Arithmetic, _ node: ONNXNetwork.Node
    ) throws -> Graph.Value {
        if let constant = arithmetic.constant {
            let isAffine =
                constant.shape[1] == 1 && constant.shape[2] == 1
                && !(arithmetic.operator == .divide && arithmetic.isConstantFirst)
            let operation: Operation =
                isAffine
                ? .affine(try affine(arithmetic, constant, node))
                : .pixelArithmetic(
                    arithmetic.operator.arithmetic, try pixels(constant, node),
                    isConstantFirst: arithmetic.isConstantFirst)
            return append(operation, [input(of: node)], node)
        }
        if arithmetic.operator == .multiply, let (activation, operand) = gate(node) {
            return append(.activation(activation), [values[operand]], node)
        }
        let shapes = node.inputs.map { network.nodes[$0].shape }
        let isFitting = shapes.allSatisfy { shape in
            (shape.height == node.shape.height && shape.width == node.shape.width)
                || (shape.height == 1 && shape.width == 1)
        }
        guard isFitting else { throw UntranslatableNode(node, "stretches a map along one of height and width alone") }
        return append(.arithmetic(arithmetic.operator.arithmetic), node.inputs.map { values[$0] }, node)
    }

    /// The activation that a product of a map with its own sigmoid is, and that map.
    private func gate(_ node: ONNXNetwork.Node) -> (Activation, operand: Int)? {
        for (gate, operand) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])]
        where readers[gate] == 1 && network.nodes[gate].inputs == [operand] {
            switch network.nodes[gate].operation {
            case .activation(.sigmoid): return (.silu, operand)
            case .activation(.hardSigmoid(let alpha, let beta)) where abs(alpha - 1 / 6) < 1e-6 && beta == 0.5:
                return (.hardSwish, operand)
            default: continue
            }
        }
        return nil
    }

    /// A constant that may differ from pixel to pixel.
    private func pixels(_ constant: StoredTensor, _ node: ONNXNetwork.Node) throws -> ConstantTensor {
        guard shape(ofInput: node) == node.shape else {
            throw UntranslatableNode(node, "stretches a map to the extent of a constant")
        }
        return constant.constant
    }

    /// Arithmetic with a constant for each channel.
    private func affine(
        _ arithmetic: ONNXOperation.Arithmetic, _ constant: StoredTensor, _ node: ONNXNetwork.Node
    ) throws -> ChannelAffine {
        let channels = node.shape.channels
        guard shape(ofInput: node).channels == channels else {
            throw UntranslatableNode(node, "makes more channels of a map with a constant")
        }
        let isFirst = arithmetic.isConstantFirst
        let values: @Sendable () -> [Float] = {
            let elements = constant.elements()
            return elements.count == 1 ? Array(repeating: elements[0], count: channels) : elements
        }
        func tensor(_ map: @escaping @Sendable (Float) -> Float) -> ConstantTensor {
            ConstantTensor(shape: [channels]) { values().map(map) }
        }
        switch arithmetic.operator {
        case .add: return ChannelAffine(scale: tensor { _ in 1 }, shift: tensor { $0 })
        case .subtract:
            return isFirst
                ? ChannelAffine(scale: tensor { _ in -1 }, shift: tensor { $0 })
                : ChannelAffine(scale: tensor { _ in 1 }, shift: tensor { -$0 })
        case .multiply: return ChannelAffine(scale: tensor { $0 }, shift: tensor { _ in 0 })
        case .divide: return ChannelAffine(scale: tensor { 1 / $0 }, shift: tensor { _ in 0 })
        }
    }
}

/// A node that is read and understood, and that the engine has no operation for.
package struct UntranslatableNode: Error, CustomStringConvertible {
    /// The node, and what of it cannot be computed.
    package let description: String

    init(_ node: ONNXNetwork.Node, _ problem: String) {
        description = "\(node.label) \(problem): no operation of the engine does that"
    }
}

extension ONNXNetwork.Node {
    /// For messages: "Conv node '/encoder/conv1/Conv'".
    var label: String { "\(ModelFileError.plain(operatorType)) node \(ModelFileError.quoted(name))" }
}

extension ONNXOperation.Arithmetic.Operator {
    fileprivate var arithmetic: Arithmetic {
        switch self {
        case .add: .addition
        case .subtract: .subtraction
        case .multiply: .multiplication
        case .divide: .division
        }
    }
}

extension StoredTensor {
    /// The tensor for a graph, which loads it as this does.
    var constant: ConstantTensor { ConstantTensor(shape: shape) { elements() } }
}

extension ChannelAffine {
    fileprivate init(_ affine: ONNXOperation.Affine) {
        self.init(scale: affine.scale.constant, shift: affine.shift.constant)
    }

    fileprivate init(_ norm: ONNXOperation.BatchNormalization) {
        self.init(
            batchNorm: norm.scale.constant, bias: norm.bias.constant, mean: norm.mean.constant,
            variance: norm.variance.constant, epsilon: norm.epsilon)
    }
}
