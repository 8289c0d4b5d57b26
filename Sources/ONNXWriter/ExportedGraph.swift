import NetworkGraph

/// A network as nodes of ONNX's operators, opset 17.
///
/// Zeros around a map become the padding of the convolutions that read it. Skips that are cut or padded to another map's
/// size are so by amounts that the file computes: the network takes inputs of any size that its own code takes.
struct ExportedGraph {
    /// The version of the operators.
    static let opset = 17

    private(set) var nodes: [ONNXNode] = []
    private(set) var constants: [ONNXTensor] = []
    /// The names of values and nodes so far.
    private var names: Set<String> = []
    /// For each node of the graph, the name of its map.
    private var values: [String] = []
    let graph: Graph
    /// The shapes of all maps for one size of input, which tell whether a skip is cut or padded.
    let shapes: [MapShape]
    /// The padding with zeros that convolutions do themselves, by the map that has it.
    private let absorbed: [Int: Borders]

    /// Exports a graph.
    ///
    /// - Parameters:
    ///   - shapes: those of the graph's maps for an input that it takes.
    ///   - input: the name of the value that the graph reads.
    ///   - reserving: the name of the file's output, which `appendLast` gives away.
    /// - Throws: `UnexportableNode`.
    init(
        _ graph: Graph, shapes: [MapShape], input: String, reserving output: String
    ) throws(UnexportableNode) {
        self.graph = graph
        self.shapes = shapes
        absorbed = Self.absorbedPadding(of: graph)
        names = [input, output]
        values = [input]
        for (index, node) in graph.nodes.enumerated().dropFirst() {
            values.append(absorbed[index] == nil ? try export(node, index) : values[node.inputs[0].index])
        }
    }

    /// The name of the graph's output.
    var output: String { values[graph.output.index] }

    /// Appends the last node, whose value has the name that was reserved.
    mutating func appendLast(
        _ operatorType: String, _ attributes: [(name: String, value: ONNXAttribute)] = [], named output: String
    ) {
        nodes.append(
            ONNXNode(
                operatorType: operatorType, name: operatorType, inputs: [self.output], output: output,
                attributes: attributes))
    }

    /// Padding that nothing but convolutions read.
    private static func absorbedPadding(of graph: Graph) -> [Int: Borders] {
        let consumers = graph.consumers
        var absorbed: [Int: Borders] = [:]
        for (index, node) in graph.nodes.enumerated() {
            guard case .padding(let padding) = node.operation, padding.mode == .zero, !consumers[index].isEmpty,
                graph.output.index != index,
                consumers[index].allSatisfy({
                    if case .convolution = graph[$0].operation { true } else { false }
                })
            else { continue }
            absorbed[index] = padding.amounts
        }
        return absorbed
    }

    // MARK: - Names

    /// Returns a name that nothing has yet.
    mutating func name(_ wanted: String) -> String {
        var (name, number) = (wanted, 2)
        while !names.insert(name).inserted {
            name = "\(wanted)_\(number)"
            number += 1
        }
        return name
    }

    mutating func constant(_ label: String, _ value: ONNXTensor.Value) -> String {
        let name = name(label)
        constants.append(ONNXTensor(name: name, value: value))
        return name
    }

    mutating func floats(_ label: String, _ tensor: ConstantTensor) -> String {
        constant(label, .floats(tensor))
    }

    mutating func number(_ label: String, _ number: Float) -> String {
        floats(label, ConstantTensor(shape: [], elements: [number]))
    }

    mutating func integers(_ label: String, _ numbers: [Int]) -> String { constant(label, .integers(numbers)) }

    /// Appends a node and returns the name of what it gives.
    mutating func append(
        _ operatorType: String, _ inputs: [String], _ label: String,
        _ attributes: [(name: String, value: ONNXAttribute)] = []
    ) -> String {
        let name = name(label.isEmpty ? operatorType : "\(label)/\(operatorType)")
        nodes.append(
            ONNXNode(
                operatorType: operatorType, name: name, inputs: inputs, output: name, attributes: attributes))
        return name
    }

    // MARK: - Operations

    mutating func export(_ node: Graph.Node, _ index: Int) throws(UnexportableNode) -> String {
        let (inputs, label) = (node.inputs.map { values[$0.index] }, node.label)
        switch node.operation {
        case .input: return values[0]
        case .convolution(let convolution):
            return export(convolution, inputs[0], label, absorbed[node.inputs[0].index] ?? Borders(all: 0))
        case .transposedConvolution(let convolution):
            let parameters =
                [floats("\(label).weight", convolution.weights)]
                + (convolution.bias.map { [floats("\(label).bias", $0)] } ?? [])
            return append(
                "ConvTranspose", inputs + parameters, label,
                [
                    ("kernel_shape", .ints([convolution.kernelHeight, convolution.kernelWidth])),
                    ("strides", .ints([convolution.stride, convolution.stride])),
                ])
        case .affine(let affine): return export(affine, inputs[0], label)
        case .activation(let activation): return try export(activation, inputs[0], node)
        case .pooling(let pooling): return try export(pooling, inputs[0], node)
        case .resize(let resize): return try export(resize, inputs[0], node)
        case .crop(let borders):
            let ends = [borders.bottom, borders.right].map { $0 == 0 ? Int.max : -$0 }
            return slice(inputs[0], [borders.top, borders.left], ends, axes: [2, 3], label)
        case .padding(let padding): return export(padding, inputs[0], label)
        case .fitToSize: return fit(inputs[0], to: inputs[1], index, label)
        case .concatenation: return append("Concat", inputs, label, [("axis", .int(1))])
        case .arithmetic(let arithmetic): return append(arithmetic.operatorType, inputs, label)
        case .pixelArithmetic(let arithmetic, let constant, let isConstantFirst):
            let operand = floats("\(label).constant", constant.reshaped([1] + constant.shape))
            return append(
                arithmetic.operatorType, isConstantFirst ? [operand] + inputs : inputs + [operand], label)
        case .globalMean: return append("GlobalAveragePool", inputs, label)
        case .globalMaximum: return append("GlobalMaxPool", inputs, label)
        case .channelMean: return append("ReduceMean", inputs, label, [("axes", .ints([1])), ("keepdims", .int(1))])
        case .channelMaximum: return append("ReduceMax", inputs, label, [("axes", .ints([1])), ("keepdims", .int(1))])
        case .softmax: return append("Softmax", inputs, label, [("axis", .int(1))])
        case .channelSlice(let start, let count, let step):
            let last = start + (count - 1) * step
            return slice(inputs[0], [start], [last + 1], axes: [1], steps: [step], label)
        case .groupNormalization(let groups, let affine, let epsilon)
        where groups == affine.scale.count:
            return append(
                "InstanceNormalization",
                inputs + [floats("\(label).weight", affine.scale), floats("\(label).bias", affine.shift)], label,
                [("epsilon", .float(epsilon))])
        case .depthToSpace(let block, let order):
            return append(
                "DepthToSpace", inputs, label,
                [("blocksize", .int(block)), ("mode", .string(order == .squareFirst ? "DCR" : "CRD"))])
        case .spaceToDepth(let block): return append("SpaceToDepth", inputs, label, [("blocksize", .int(block))])
        case .groupedSoftmax, .groupNormalization, .channelNormalization, .attentionScores, .attentionMixture,
            .rearrangement:
            throw UnexportableNode(node)
        }
    }
}

/// A node for which ONNX has no operator, or none that Overtile writes.
struct UnexportableNode: Error {
    let node: Graph.Node

    init(_ node: Graph.Node) { self.node = node }
}

extension Arithmetic {
    fileprivate var operatorType: String {
        switch self {
        case .addition: "Add"
        case .subtraction: "Sub"
        case .multiplication: "Mul"
        case .division: "Div"
        }
    }
}

extension ConstantTensor {
    /// The same elements in another shape.
    func reshaped(_ shape: [Int]) -> ConstantTensor { ConstantTensor(shape: shape) { elements() } }
}
